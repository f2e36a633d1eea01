"""The supervisor: who will not stay up takes the stack with it, unless it only looks on."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from local import supervisor as module
from local.supervisor import Service, Supervisor

DEADLINE_SECONDS = 20.0
LASTING = [sys.executable, "-c", "import time; time.sleep(60)"]
FAILING = [sys.executable, "-c", "print('no such file'); raise SystemExit(3)"]


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervise(output: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Supervisor]]:
    """A supervisor of these services, started; stopped after the test."""
    monkeypatch.setattr(module, "RESTART_SECONDS", 0.01)
    started: list[Supervisor] = []

    def start(*services: Service) -> Supervisor:
        supervisor = Supervisor(services, output)
        started.append(supervisor)
        supervisor.start()
        return supervisor

    yield start
    for supervisor in started:
        supervisor.stop()


def watch_until(supervisor: Supervisor, is_over: Callable[[], bool]) -> list[str]:
    """What `watch` returned, when this held or by itself."""
    stop, reasons = threading.Event(), list[str]()
    watching = threading.Thread(target=lambda: reasons.append(supervisor.watch(stop)))
    watching.start()
    waiting = threading.Event()
    for _ in range(int(DEADLINE_SECONDS / 0.05)):
        if is_over() or reasons:
            break
        waiting.wait(0.05)
    stop.set()
    watching.join(DEADLINE_SECONDS)
    return reasons


def test_a_service_that_will_not_stay_up_ends_the_stack(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(Service("store", LASTING), Service("web", FAILING))

    reasons = watch_until(supervisor, lambda: False)

    assert reasons == ["web ended 3 times soon after its start (exit code 3)"]


def test_one_that_only_looks_on_is_left_off_and_it_is_said_why(
    supervise: Callable[..., Supervisor], output: io.StringIO
) -> None:
    supervisor = supervise(Service("web", LASTING), Service("watch", FAILING, stage=1, is_vital=False))

    reasons = watch_until(supervisor, lambda: "left off" in output.getvalue())

    assert reasons == [""]
    assert output.getvalue().count("watch | no such file") == 3
    assert "watch ended 3 times soon after its start (exit code 3) and is left off" in output.getvalue()
