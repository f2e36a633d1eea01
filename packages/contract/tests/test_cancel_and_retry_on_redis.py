"""What cancel and retry leave in Redis: keys, doorbells, and one change however often a request arrives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.connection import connect
from headway.job import Job, Priority, State
from headway.problem import Cancelled, Problem, cancelled
from headway.redis_store import RedisJobStore
from headway.scripts import Scripts
from headway.store import RETRIED, TOMBSTONE_SECONDS, Interruption, NewJob, Report, Settlement

OWNER = "host:1:1/2"
FAILURE = Settlement(State.FAILURE, error_json='{"detail":"no"}', message="no")
LINES = ("open:default", "scheduled", "expiring", "leases", "unanswered")

Submit = Callable[..., Job]
Start = Callable[..., Job]


@pytest.fixture
def store(redis_store: RedisJobStore) -> RedisJobStore:
    return redis_store


@pytest.fixture
def scripts(client: redis.Redis, prefix: str, doorbell: str) -> Scripts:
    """The scripts themselves, so that a test chooses the token of a request."""
    return Scripts(client, prefix, doorbell)


@pytest.fixture
def keys(client: redis.Redis, prefix: str, everything: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """All that Redis holds of this test."""
    return lambda: everything(client, f"{prefix}*")


# Keys


@pytest.mark.parametrize("delay", [None, 60])
def test_a_cancelled_job_stands_in_no_line(
    store: RedisJobStore, client: redis.Redis, prefix: str, submit: Submit, delay: float | None
) -> None:
    job = submit(delay_seconds=delay, expires_in_seconds=60)

    store.cancel(job.id)

    assert [client.zcard(f"{prefix}{line}") for line in LINES] == [0] * len(LINES)


def test_a_cancelled_job_whose_doorbell_was_missing_is_missed_no_longer(
    store: RedisJobStore, client: redis.Redis, prefix: str, submit: Submit
) -> None:
    job = submit()
    client.delete(f"{prefix}queue:default@2")
    store.wake(["default"])
    assert client.zcard(f"{prefix}unanswered") == 1

    store.cancel(job.id)

    assert client.zcard(f"{prefix}unanswered") == 0


def test_a_cancelled_job_is_kept_and_remembered_like_any_other(
    store: RedisJobStore, client: redis.Redis, prefix: str, submit: Submit
) -> None:
    job = submit(retention_seconds=100)

    store.cancel(job.id)

    assert client.ttl(f"{prefix}job:{job.id}") in (99, 100)
    assert client.ttl(f"{prefix}gone:{job.id}") - TOMBSTONE_SECONDS in (99, 100)
    assert client.zrange(f"{prefix}retained", 0, -1) == [job.id]


def test_a_job_that_is_asked_to_stop_keeps_its_lease(
    store: RedisJobStore, client: redis.Redis, prefix: str, start: Start
) -> None:
    job = start()

    store.cancel(job.id)

    assert client.zrange(f"{prefix}leases", 0, -1) == [job.id]
    assert client.ttl(f"{prefix}job:{job.id}") == -1


def test_a_retried_job_is_kept_until_it_ends_again(
    store: RedisJobStore, client: redis.Redis, prefix: str, start: Start
) -> None:
    job = start()
    store.report(job.id, job.fence, Report(lines=("a line",)))
    store.settle(job.id, job.fence, FAILURE)
    before = [client.ttl(f"{prefix}job:{job.id}{end}") for end in ("", ":log")]

    store.retry(job.id)

    assert all(seconds > 0 for seconds in before)
    assert [client.ttl(f"{prefix}job:{job.id}{end}") for end in ("", ":log")] == [-1, -1]
    assert not client.exists(f"{prefix}gone:{job.id}")
    assert client.zcard(f"{prefix}retained") == 0


def test_a_retried_job_keeps_its_place_in_the_list_of_all_jobs(
    store: RedisJobStore, client: redis.Redis, prefix: str, submit: Submit
) -> None:
    job = submit()
    created = client.zscore(f"{prefix}index", job.id)
    store.cancel(job.id)

    store.retry(job.id)

    assert client.zscore(f"{prefix}index", job.id) == client.zscore(f"{prefix}index:RETRY", job.id) == created
    assert not client.exists(f"{prefix}index:REVOKED")


def test_a_job_that_was_just_forgotten_is_not_brought_back_by_halves(
    store: RedisJobStore, client: redis.Redis, prefix: str, keys: Callable[[], Any], submit: Submit
) -> None:
    job = store.cancel(submit().id)
    client.zrem(f"{prefix}index", job.id)  # as wake does, in the millisecond before the record itself goes
    before = keys()

    with pytest.raises(Problem) as raised:
        store.retry(job.id)

    assert raised.value.slug == "job-expired"
    assert keys() == before


def test_nothing_of_a_request_reaches_the_watchers_but_what_it_changed(
    store: RedisJobStore, client: redis.Redis, prefix: str, start: Start
) -> None:
    job = start()
    feed = client.pubsub(ignore_subscribe_messages=True)
    feed.subscribe(f"{prefix}job:{job.id}")
    assert feed.get_message(timeout=5) is None  # the answer to the subscription itself

    store.cancel(job.id, "no longer")

    message: Any = feed.get_message(timeout=5)
    assert set(orjson.loads(message["data"])) == {"cancel_requested_at", "cancel_reason", "updated_at", "version"}
    feed.close()


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(reason=st.text(max_size=100))
def test_whatever_the_reason_is_the_outcome_is_json(
    store: RedisJobStore, new_job: Callable[..., NewJob], reason: str
) -> None:
    job = store.cancel(store.submit(new_job()).job.id, reason)

    assert orjson.loads(job.error_json or "") == cancelled(Cancelled.WAITING, reason).body()
    assert (job.cancel_reason, job.message) == (reason, cancelled(Cancelled.WAITING, reason).detail)


# Doorbells


def test_the_doorbell_of_a_cancelled_job_stays_in_its_list_and_nobody_can_answer_it(
    store: RedisJobStore, client: redis.Redis, prefix: str, submit: Submit
) -> None:
    job = submit()

    store.cancel(job.id)

    (text,) = client.lrange(f"{prefix}queue:default@2", 0, -1)
    assert orjson.loads(text)["headers"]["id"] == job.id
    assert store.claim(job.id, OWNER) is None


@pytest.mark.parametrize(("priority", "lane"), [(Priority.HIGH, 1), (Priority.NORMAL, 2), (Priority.LOW, 3)])
def test_a_retried_job_rings_on_the_list_of_its_priority(
    store: RedisJobStore, client: redis.Redis, prefix: str, start: Start, priority: Priority, lane: int
) -> None:
    job = start(priority=priority, queue="reports", timeout_seconds=1.5)
    store.settle(job.id, job.fence, FAILURE)
    client.delete(f"{prefix}queue:reports@{lane}")

    store.retry(job.id)

    assert list(client.scan_iter(f"{prefix}queue:*")) == [f"{prefix}queue:reports@{lane}"]
    (text,) = client.lrange(f"{prefix}queue:reports@{lane}", 0, -1)
    message = orjson.loads(text)
    assert (message["headers"]["id"], message["properties"]["priority"]) == (job.id, lane)
    assert message["headers"]["timelimit"] == [11.5, 1.5]


def test_two_doorbells_of_a_job_that_was_cancelled_and_retried_in_line_start_it_once(
    store: RedisJobStore, client: redis.Redis, prefix: str, submit: Submit
) -> None:
    job = submit()
    store.cancel(job.id)
    store.retry(job.id)

    claims = [store.claim(job.id, f"worker {number}") for number in range(2)]

    assert client.llen(f"{prefix}queue:default@2") == 2
    assert [claim.attempt if claim else None for claim in claims] == [1, None]


def test_no_doorbell_rings_for_a_job_that_ended_by_its_cancel(
    store: RedisJobStore, client: redis.Redis, prefix: str, submit: Submit, start: Start
) -> None:
    running, scheduled = start(), submit(delay_seconds=0)
    client.delete(f"{prefix}queue:default@2")

    store.cancel(running.id)
    store.interrupt(running.id, OWNER, Interruption.LOST)
    store.cancel(scheduled.id)
    store.wake(["default"])

    assert list(client.scan_iter(f"{prefix}queue:*")) == []


# The same request, sent twice over a broken connection


def test_a_cancel_of_a_waiting_job_sent_twice_changes_it_once(
    scripts: Scripts, keys: Callable[[], Any], submit: Submit
) -> None:
    job = submit()
    first = scripts.run("cancel", job.id, "a-token", "why")
    before = keys()

    again = scripts.run("cancel", job.id, "a-token", "why")
    other = scripts.run("cancel", job.id, "another-token", "why")

    assert (first[0], other[0]) == ("ended", "final")
    assert again == first
    assert keys() == before


def test_a_cancel_of_a_running_job_sent_twice_changes_it_once(
    scripts: Scripts, keys: Callable[[], Any], start: Start
) -> None:
    job = start()
    first = scripts.run("cancel", job.id, "a-token", "why")
    before = keys()

    answers = [scripts.run("cancel", job.id, token, "again") for token in ("a-token", "another-token")]

    assert first[0] == "asked"
    assert answers == [first, first]
    assert keys() == before


def test_a_cancel_sent_again_after_the_job_ended_is_not_refused(
    scripts: Scripts, store: RedisJobStore, keys: Callable[[], Any], start: Start
) -> None:
    job = start()
    scripts.run("cancel", job.id, "a-token", "why")
    store.settle(job.id, job.fence, Settlement(State.REVOKED))
    before = keys()

    word = scripts.run("cancel", job.id, "a-token", "why")[0]

    assert word == "ended"
    assert keys() == before


def test_a_retry_sent_twice_changes_the_job_and_rings_once(
    scripts: Scripts, store: RedisJobStore, client: redis.Redis, prefix: str, keys: Callable[[], Any], submit: Submit
) -> None:
    job = store.cancel(submit().id)
    client.delete(f"{prefix}queue:default@2")
    first = scripts.run("retry", job.id, "a-token", RETRIED)
    before = keys()

    again = scripts.run("retry", job.id, "a-token", RETRIED)
    other = scripts.run("retry", job.id, "another-token", RETRIED)

    assert (first[0], other[0]) == ("again", "refused")
    assert again == first
    assert keys() == before
    assert client.llen(f"{prefix}queue:default@2") == 1


def test_a_retry_sent_again_after_a_worker_took_the_job_does_not_disturb_it(
    scripts: Scripts, store: RedisJobStore, keys: Callable[[], Any], submit: Submit
) -> None:
    job = store.cancel(submit().id)
    scripts.run("retry", job.id, "a-token", RETRIED)
    running = store.claim(job.id, OWNER)
    before = keys()

    word = scripts.run("retry", job.id, "a-token", RETRIED)[0]

    assert word == "again"
    assert keys() == before
    assert store.fetch(job.id) == running


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_request_for_a_job_nobody_knows_leaves_nothing_behind(
    scripts: Scripts, keys: Callable[[], Any], verb: str
) -> None:
    answer = scripts.run(verb, "no-such-job", "a-token", "")

    assert answer == ["unknown"]
    assert keys() == {}


# A Redis without room


def test_a_full_redis_still_lets_a_waiting_job_be_cancelled(
    own_valkey: Any, doorbell: str, new_job: Callable[..., NewJob]
) -> None:
    client = connect(own_valkey.connection_url)
    store = RedisJobStore(client, doorbell=doorbell)
    job = store.submit(new_job()).job
    client.config_set("maxmemory", "1")

    ended = store.cancel(job.id, "to make room")

    assert ended.state is State.REVOKED
    client.close()
