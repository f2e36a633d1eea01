"""What only the store in memory has: a clock and a doorbell of one's own, so that days pass in no time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from headway.catalogue import Worker
from headway.job import State
from headway.memory import MemoryJobStore
from headway.problem import Problem
from headway.store import Idempotency, Interruption, NewJob, Settlement

New = Callable[..., NewJob]


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryJobStore:
    return MemoryJobStore(clock=clock)


def test_the_doorbell_rings_whenever_a_job_joins_the_line(clock: Clock, new_job: New) -> None:
    rung: list[str] = []
    store = MemoryJobStore(ring=rung.append, clock=clock)
    now, later = new_job(), new_job(delay_seconds=5)

    store.submit(now)
    store.submit(later)
    store.claim(now.id, "w")
    store.interrupt(now.id, "w", Interruption.LOST)
    clock.pass_by(seconds=5)
    store.wake()
    store.cancel(later.id)
    store.retry(later.id)

    assert rung == [now.id, now.id, later.id, later.id]


def test_a_countdown_is_over_when_its_time_has_come(store: MemoryJobStore, clock: Clock, new_job: New) -> None:
    job = store.submit(new_job(delay_seconds=60)).job

    clock.pass_by(seconds=59.9)
    early = store.wake(), store.claim(job.id, "w")
    clock.pass_by(seconds=0.1)
    due = store.wake(), store.claim(job.id, "w")

    assert early == (0, None)
    assert due[0] == 1
    assert due[1]


def test_an_idempotency_key_is_free_again_after_a_day(store: MemoryJobStore, clock: Clock, new_job: New) -> None:
    first = store.submit(new_job(), Idempotency("k", "f")).job
    clock.pass_by(hours=24)

    second = store.submit(new_job(), Idempotency("k", "f"))

    assert not second.is_replay
    assert second.job.id != first.id


def test_a_dropped_job_is_expired_for_a_week_and_then_unknown(
    store: MemoryJobStore, clock: Clock, new_job: New
) -> None:
    job = store.submit(new_job(retention_seconds=60)).job
    store.claim(job.id, "w")
    store.settle(job.id, 1, Settlement(State.SUCCESS))
    slugs = []

    for days in (1, 5.9, 0.2):
        clock.pass_by(days=days)
        with pytest.raises(Problem) as raised:
            store.fetch(job.id)
        slugs.append(raised.value.slug)

    assert slugs == ["job-expired", "job-expired", "job-not-found"]


def test_a_worker_that_falls_silent_counts_for_ten_seconds_more(store: MemoryJobStore, clock: Clock) -> None:
    store.announce(Worker("w", 1, (), ()), [])
    counts = []

    for seconds in (9.9, 0.1):
        clock.pass_by(seconds=seconds)
        counts.append(len(store.workers()))

    assert counts == [1, 0]
