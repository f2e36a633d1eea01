"""The process of a job is ended so that no other job can be hit."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from headway.problem import StoreUnavailable
from worker.child import end_child


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait(10)


def state_of(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def test_the_process_stands_still_while_its_end_is_written(child: subprocess.Popen[bytes]) -> None:
    seen: list[str] = []

    def write() -> bool:
        deadline = time.monotonic() + 5
        while state_of(child.pid) != "T" and time.monotonic() < deadline:
            time.sleep(0.01)
        seen.append(state_of(child.pid))
        return True

    assert end_child(child.pid, write)

    assert seen == ["T"]
    assert child.wait(10) == -signal.SIGKILL


def test_a_process_whose_job_had_ended_by_itself_goes_on(child: subprocess.Popen[bytes]) -> None:
    assert not end_child(child.pid, lambda: False)

    assert child.poll() is None
    assert state_of(child.pid) != "T"


def test_a_process_goes_on_while_nothing_can_be_written(child: subprocess.Popen[bytes]) -> None:
    def away() -> bool:
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        end_child(child.pid, away)

    assert child.poll() is None


def test_a_process_that_is_gone_already_is_no_mistake(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait(10)

    assert end_child(child.pid, lambda: True)
