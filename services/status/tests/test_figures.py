"""The figures of all jobs together, as a status replica tells them to Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from headway.catalogue import Worker
from headway.job import State, new_job_id
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from headway.store import NewJob, Settlement
from status.figures import JobFigures


def figures_in(registry: CollectorRegistry, store: Any, server: Callable[[], Any] = lambda: None) -> CollectorRegistry:
    registry.register(JobFigures(store, server, lambda moment: None))
    return registry


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def store() -> MemoryJobStore:
    return MemoryJobStore()


@pytest.fixture
def submit(store: MemoryJobStore) -> Callable[..., str]:
    """Record a job; its id."""

    def submit_job(task: str = "count", queue: str = "default") -> str:
        return store.submit(NewJob(new_job_id(), task, "{}", queue, 60)).job.id

    return submit_job


def test_a_queue_is_told_with_its_jobs_and_its_workers(
    registry: CollectorRegistry, store: MemoryJobStore, submit: Callable[..., str]
) -> None:
    figures_in(registry, store)
    submit()
    store.announce(Worker("w", 4, ("default",), ("count",)), [])

    def value(name: str) -> float | None:
        return registry.get_sample_value(name, {"queue": "default"})

    assert (value("headway_jobs_queued"), value("headway_workers"), value("headway_worker_slots")) == (1, 1, 4)
    assert (value("headway_oldest_queued_timestamp_seconds") or 0) > 1_700_000_000


def test_an_empty_queue_stays_and_has_no_oldest_job(
    registry: CollectorRegistry, store: MemoryJobStore, submit: Callable[..., str]
) -> None:
    figures_in(registry, store)
    store.claim(submit(), "w/1")

    labels = {"queue": "default"}
    assert registry.get_sample_value("headway_jobs_queued", labels) == 0
    assert registry.get_sample_value("headway_oldest_queued_timestamp_seconds", labels) is None


def test_every_outcome_of_a_task_is_there_before_it_happens(
    registry: CollectorRegistry, store: MemoryJobStore, submit: Callable[..., str]
) -> None:
    figures_in(registry, store)
    job = store.claim(submit(), "w/1")
    assert job

    store.settle(job.id, job.fence, Settlement(State.SUCCESS))

    def finished(outcome: str) -> float | None:
        labels = {"queue": "default", "task": "count", "outcome": outcome}
        return registry.get_sample_value("headway_jobs_finished_total", labels)

    assert (finished("succeeded"), finished("failed"), finished("lost")) == (1, 0, 0)
    assert registry.get_sample_value("headway_jobs_running", {"queue": "default", "task": "count"}) == 0


def test_a_store_that_is_away_has_no_figures_and_old_ones_are_not_shown(
    registry: CollectorRegistry, store: MemoryJobStore, submit: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures_in(registry, store)
    submit()

    def fail() -> None:
        raise StoreUnavailable("The job store does not answer.")

    monkeypatch.setattr(store, "figures", fail)

    assert registry.get_sample_value("headway_collector_errors_total") == 1
    assert registry.get_sample_value("headway_jobs_queued", {"queue": "default"}) is None


def test_redis_is_asked_only_when_somebody_looks(registry: CollectorRegistry) -> None:
    asked: list[str] = []

    class Asked(MemoryJobStore):
        def figures(self) -> Any:
            asked.append("figures")
            return super().figures()

    figures_in(registry, Asked())
    before = list(asked)
    registry.get_sample_value("headway_jobs_scheduled")

    assert (before, asked) == ([], ["figures"])


def test_every_replica_says_the_same(real_store: RedisJobStore) -> None:
    real_store.submit(NewJob(new_job_id(), "count", "{}", "default", 60))

    one, other = (
        figures_in(CollectorRegistry(), real_store, real_store.server_figures).get_sample_value(
            "headway_jobs_submitted_total", {"queue": "default", "task": "count"}
        )
        for _ in range(2)
    )

    assert one == other == 1


def test_redis_tells_of_itself(registry: CollectorRegistry, real_store: RedisJobStore) -> None:
    figures_in(registry, real_store, real_store.server_figures)

    assert (registry.get_sample_value("headway_redis_memory_used_bytes") or 0) > 0
    assert registry.get_sample_value("headway_redis_persistence_ok", {"kind": "aof"}) == 1
