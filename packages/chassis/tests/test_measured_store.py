"""The store with a clock beside it: the same answers, and a count of how long they took."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from chassis.measured_store import OPERATIONS, measured
from headway.job import new_job_id
from headway.memory import MemoryJobStore
from headway.problem import Problem, StoreUnavailable
from headway.store import NewJob


class AwayStore(MemoryJobStore):
    """Does not answer, or has no room."""

    def ping(self) -> None:
        raise StoreUnavailable("Not now.")

    def withdraw(self, worker_name: str) -> None:
        raise StoreUnavailable("Full.", slug="storage-full")


@pytest.fixture
def away(registry: CollectorRegistry) -> AwayStore:
    return measured(AwayStore(), registry)


def timed(registry: CollectorRegistry, operation: str) -> float | None:
    return registry.get_sample_value("headway_store_duration_seconds_count", {"operation": operation})


def test_every_question_is_timed_under_its_name(registry: CollectorRegistry) -> None:
    store = measured(MemoryJobStore(), registry)
    new = NewJob(new_job_id(), "count", "{}", "default", 60)

    job = store.submit(new).job

    assert store.fetch(job.id) == job
    assert (timed(registry, "submit"), timed(registry, "fetch"), timed(registry, "claim")) == (1, 1, None)
    assert registry.get_sample_value("headway_store_up") == 1


def test_a_refusal_of_the_store_is_an_answer(registry: CollectorRegistry) -> None:
    store = measured(MemoryJobStore(), registry)

    with pytest.raises(Problem, match="No job has the id"):
        store.fetch(new_job_id())

    assert timed(registry, "fetch") == 1
    assert registry.get_sample_value("headway_store_up") == 1


def test_a_store_that_does_not_answer_is_down_until_it_does(registry: CollectorRegistry, away: AwayStore) -> None:
    with pytest.raises(StoreUnavailable):
        away.ping()
    was_up = registry.get_sample_value("headway_store_up")

    away.totals()

    assert registry.get_sample_value("headway_store_errors_total", {"operation": "ping"}) == 1
    assert (was_up, registry.get_sample_value("headway_store_up")) == (0, 1)


def test_a_store_that_is_full_is_there(registry: CollectorRegistry, away: AwayStore) -> None:
    with pytest.raises(StoreUnavailable):
        away.withdraw("a worker")

    assert registry.get_sample_value("headway_store_up") == 1


def test_every_operation_that_asks_once_is_measured() -> None:
    assert {"submit", "settle", "figures", "look", "wake", "announce"} <= set(OPERATIONS)
    assert not {"changes", "place"} & set(OPERATIONS)
