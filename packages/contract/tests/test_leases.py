"""Leases and lost doorbells on a real Valkey: by its clock, with times that a test can wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
import redis

from headway import scripts
from headway.job import Job, State
from headway.problem import Cancelled, cancelled
from headway.redis_store import RedisJobStore
from headway.store import UNANSWERED_SECONDS, WAKE_LIMIT, NewJob, Settlement, Standing

OWNER, OTHER = "host:1:1/7", "host:2:2/9"
LEASE_SECONDS = 0.6
DOORBELL = (
    '{"headers":{"id":"@id@","timelimit":[@hard@,@soft@]},"properties":{"priority":@lane@,"delivery_tag":"@tag@"}}'
)


@pytest.fixture
def leasing(client: redis.Redis, prefix: str, monkeypatch: pytest.MonkeyPatch) -> RedisJobStore:
    """A store whose leases are short."""
    monkeypatch.setattr(scripts, "LEASE_SECONDS", LEASE_SECONDS)
    monkeypatch.setattr(scripts, "UNANSWERED_SECONDS", LEASE_SECONDS)
    return RedisJobStore(client, prefix=prefix, doorbell=DOORBELL)


@pytest.fixture
def start_leased(leasing: RedisJobStore, new_job: Callable[..., NewJob]) -> Callable[..., Job]:
    def start(owner: str = OWNER, **changes: Any) -> Job:
        new = new_job(**changes)
        leasing.submit(new)
        job = leasing.claim(new.id, owner)
        assert job
        return job

    return start


def keep_waking(store: RedisJobStore, until: Callable[[], Any], seconds: float = 20, **renewed: Any) -> None:
    """What the reconcilers of live workers do: ask often, so that no outage is suspected."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline
        store.renew(renewed.get("claims", []))
        store.wake(renewed.get("queues", ()))
        time.sleep(0.05)


def test_a_job_whose_lease_ended_goes_ahead_of_the_line(
    leasing: RedisJobStore, start_leased: Callable[..., Job], client: redis.Redis, prefix: str
) -> None:
    job = start_leased()

    keep_waking(leasing, lambda: leasing.fetch(job.id).state is State.RETRY)

    assert (leasing.fetch(job.id).lost, leasing.fetch(job.id).retries) == (1, 0)
    assert client.llen(f"{prefix}queue:{job.queue}") == 1
    again = leasing.claim(job.id, OTHER)
    assert again is not None
    assert again.fence > job.fence


def test_a_renewed_lease_does_not_end(leasing: RedisJobStore, start_leased: Callable[..., Job]) -> None:
    job = start_leased()
    ends_at = time.monotonic() + 3 * LEASE_SECONDS

    keep_waking(leasing, lambda: time.monotonic() > ends_at, claims=[(job.id, OWNER)])

    assert leasing.fetch(job.id).state is State.STARTED


def test_a_renewal_tells_how_each_claim_stands(leasing: RedisJobStore, start_leased: Callable[..., Job]) -> None:
    kept, taken = start_leased(OWNER), start_leased(OTHER)

    standings = leasing.renew([(kept.id, OWNER), (taken.id, OWNER), ("no-such-job", OWNER)])

    assert standings == [Standing.OK, Standing.FENCED, Standing.ENDED]


def test_a_job_that_was_taken_back_is_not_taken_for_one_that_nobody_had(
    leasing: RedisJobStore, start_leased: Callable[..., Job], new_job: Callable[..., NewJob]
) -> None:
    lost, fresh = start_leased(), new_job()
    keep_waking(leasing, lambda: leasing.fetch(lost.id).state is State.RETRY)
    leasing.submit(fresh)

    standings = leasing.renew([(lost.id, OWNER), (fresh.id, OWNER)])

    assert standings == [Standing.ENDED, Standing.WAITING]


def test_three_leases_lost_in_a_row_end_the_job(leasing: RedisJobStore, start_leased: Callable[..., Job]) -> None:
    job = start_leased()

    for _ in range(3):
        keep_waking(leasing, lambda: not leasing.fetch(job.id).state.is_running)
        leasing.claim(job.id, OWNER)

    assert leasing.fetch(job.id).state is State.FAILURE


def test_after_an_outage_the_owners_may_renew_first(leasing: RedisJobStore, start_leased: Callable[..., Job]) -> None:
    leasing.wake()
    job = start_leased()
    time.sleep(2 * LEASE_SECONDS)  # the outage itself: nobody renews and nobody wakes

    leasing.wake()

    assert leasing.fetch(job.id).state is State.STARTED
    assert leasing.renew([(job.id, OWNER)]) == [Standing.OK]


def test_without_an_owner_the_hold_after_an_outage_ends(
    leasing: RedisJobStore, start_leased: Callable[..., Job]
) -> None:
    leasing.wake()
    job = start_leased()
    time.sleep(2 * LEASE_SECONDS)  # the outage

    keep_waking(leasing, lambda: leasing.fetch(job.id).state is State.RETRY)


def test_a_doorbell_that_got_lost_is_rung_again_ahead_of_the_line(
    leasing: RedisJobStore, new_job: Callable[..., NewJob], client: redis.Redis, prefix: str
) -> None:
    lost, kept = new_job(), new_job()
    leasing.submit(lost)
    leasing.submit(kept)
    assert client.rpop(f"{prefix}queue:{lost.queue}@2")  # the transport takes the oldest, and dies

    keep_waking(leasing, lambda: client.llen(f"{prefix}queue:{lost.queue}") == 1, queues=(lost.queue,))

    assert lost.id in client.lindex(f"{prefix}queue:{lost.queue}", 0)
    assert kept.id in client.lindex(f"{prefix}queue:{lost.queue}@2", 0)
    assert leasing.place(leasing.fetch(lost.id)).queue_position == 1


def test_a_doorbell_that_should_have_come_is_rung_again_within_five_seconds() -> None:
    until_first_seen = until_seen_again = 0.5  # live workers look at least so often

    assert until_first_seen + UNANSWERED_SECONDS + until_seen_again <= 5


def test_more_lost_doorbells_than_one_wake_rings_wait_their_time_together(
    leasing: RedisJobStore, new_job: Callable[..., NewJob], client: redis.Redis, prefix: str
) -> None:
    jobs = [new_job() for _ in range(WAKE_LIMIT + 10)]
    for each in jobs:
        leasing.submit(each)
    client.delete(f"{prefix}queue:{jobs[0].queue}@2")

    leasing.wake((jobs[0].queue,))

    assert client.zcard(f"{prefix}unanswered") == len(jobs)


def test_doorbells_in_their_list_are_not_doubled(
    leasing: RedisJobStore, new_job: Callable[..., NewJob], client: redis.Redis, prefix: str
) -> None:
    new = new_job()
    leasing.submit(new)
    ends_at = time.monotonic() + 3 * LEASE_SECONDS

    keep_waking(leasing, lambda: time.monotonic() > ends_at, queues=(new.queue,))

    assert client.llen(f"{prefix}queue:{new.queue}@2") == 1


def test_a_message_that_nobody_of_us_rang_makes_no_other_ring_twice(
    leasing: RedisJobStore, new_job: Callable[..., NewJob], client: redis.Redis, prefix: str
) -> None:
    new = new_job()
    leasing.submit(new)
    client.rpush(f"{prefix}queue:{new.queue}@2", '{"headers":{"id":"x"},"properties":{"delivery_tag":"y"}}')
    ends_at = time.monotonic() + 3 * LEASE_SECONDS

    keep_waking(leasing, lambda: time.monotonic() > ends_at, queues=(new.queue,))

    assert client.llen(f"{prefix}queue:{new.queue}@2") == 2


def test_a_lost_doorbell_is_found_behind_that_of_a_job_that_has_ended(
    leasing: RedisJobStore, new_job: Callable[..., NewJob], client: redis.Redis, prefix: str
) -> None:
    lost, ended = new_job(), new_job()
    leasing.submit(lost)
    leasing.submit(ended)
    assert client.rpop(f"{prefix}queue:{lost.queue}@2")  # the transport takes the oldest, and dies
    leasing.cancel(ended.id)

    keep_waking(leasing, lambda: client.llen(f"{prefix}queue:{lost.queue}") == 1, queues=(lost.queue,))

    assert lost.id in client.lindex(f"{prefix}queue:{lost.queue}", 0)


def test_a_job_that_was_cancelled_and_retried_in_line_makes_no_other_ring_twice(
    leasing: RedisJobStore, new_job: Callable[..., NewJob], client: redis.Redis, prefix: str
) -> None:
    retried, *behind = new_job(), new_job(), new_job()
    for new in (retried, *behind):
        leasing.submit(new)
    leasing.cancel(retried.id)
    leasing.retry(retried.id)
    ends_at = time.monotonic() + 3 * LEASE_SECONDS

    keep_waking(leasing, lambda: time.monotonic() > ends_at, queues=(retried.queue,))

    texts = client.lrange(f"{prefix}queue:{retried.queue}@2", 0, -1)
    assert [orjson.loads(text)["headers"]["id"] for text in reversed(texts)] == [
        retried.id,
        *(new.id for new in behind),
        retried.id,
    ]


def test_a_cancelled_job_whose_lease_ended_is_not_tried_again(
    leasing: RedisJobStore, start_leased: Callable[..., Job], client: redis.Redis, prefix: str
) -> None:
    job = start_leased()
    leasing.cancel(job.id, 'say "no"')

    keep_waking(leasing, lambda: not leasing.fetch(job.id).state.is_running)

    ended = leasing.fetch(job.id)
    assert (ended.state, ended.lost) == (State.REVOKED, 0)
    assert orjson.loads(ended.error_json or "") == cancelled(Cancelled.INTERRUPTED, 'say "no"').body()
    assert client.llen(f"{prefix}queue:{job.queue}") == client.zcard(f"{prefix}leases") == 0
    assert leasing.claim(job.id, OTHER) is None


def test_a_cancelled_job_keeps_its_lease_while_it_is_renewed(
    leasing: RedisJobStore, start_leased: Callable[..., Job]
) -> None:
    job = start_leased()
    leasing.cancel(job.id)
    ends_at = time.monotonic() + 3 * LEASE_SECONDS

    keep_waking(leasing, lambda: time.monotonic() > ends_at, claims=[(job.id, OWNER)])

    assert leasing.fetch(job.id).state is State.STARTED


def test_an_ended_job_holds_no_lease(
    leasing: RedisJobStore, start_leased: Callable[..., Job], client: redis.Redis, prefix: str
) -> None:
    job = start_leased()

    leasing.settle(job.id, job.fence, Settlement(State.SUCCESS))

    assert client.zcard(f"{prefix}leases") == 0
