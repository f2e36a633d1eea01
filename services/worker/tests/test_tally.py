"""The parent's book: every attempt is counted once, whoever ends it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry, openmetrics

from chassis.measured_store import measured
from chassis.process_metrics import ProcessMetrics
from headway.figures import OTHER
from headway.memory import MemoryJobStore
from worker.metrics import MAX_EXCEPTIONS, WorkerMetrics
from worker.notes import Note
from worker.tally import Tally

SERIES_A_WORKER = 1_500
"""What a Prometheus should have to keep for one worker with 20 tasks."""


@dataclass
class Book:
    """A tally that is fed by hand."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    waiting: list[Note] = field(default_factory=list)
    now: float = 100.0

    def __post_init__(self) -> None:
        self.metrics = WorkerMetrics(self.registry, slots=2, kinds=[("count", "default")])
        self.tally = Tally(self.metrics, self._take, clock=lambda: self.now)
        self.registry.register(self.tally)

    def _take(self) -> list[Note]:
        taken, self.waiting = self.waiting, []
        return taken

    def note(self, kind: str, pid: int = 1, seconds: float = 0.0, outcome: str = "", exception: str = "") -> None:
        self.waiting.append(Note(kind, pid, "a-job", "count", "default", seconds, outcome, exception))  # type: ignore[arg-type]

    def finished(self, outcome: str) -> float | None:
        return self.value("headway_attempts_finished_total", task="count", queue="default", outcome=outcome)

    def value(self, name: str, **labels: str) -> float | None:
        next(iter(self.tally.collect()))
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def book() -> Book:
    return Book()


def test_an_attempt_is_counted_from_its_begin_to_its_end(book: Book) -> None:
    book.note("started", seconds=0.3)
    running = book.value("headway_attempts_running", task="count")

    book.note("ended", seconds=4, outcome="succeeded")

    assert (running, book.value("headway_attempts_running", task="count")) == (1, 0)
    assert book.value("headway_attempts_started_total", task="count", queue="default") == 1
    assert book.finished("succeeded") == 1
    assert book.value("headway_attempt_wait_seconds_sum", task="count", queue="default") == 0.3
    assert book.value("headway_attempt_duration_seconds_sum", task="count", outcome="ok") == 4
    assert book.value("headway_doorbells_total", outcome="claimed") == 1


def test_a_child_that_died_is_counted_by_its_parent(book: Book) -> None:
    book.note("started")
    book.value("headway_attempts_running", task="count")
    book.now += 7

    book.tally.ended(1, "lost")

    assert book.finished("lost") == 1
    assert book.value("headway_attempt_failures_total", task="count", exception="worker-lost") == 1
    assert book.value("headway_attempt_duration_seconds_sum", task="count", outcome="error") == 7


@pytest.mark.parametrize("first", ["succeeded", "failed"])
def test_whoever_comes_second_counts_nothing(book: Book, first: str) -> None:
    book.note("started")
    book.note("ended", outcome=first)

    book.tally.ended(1, "drained")

    assert (book.finished(first), book.finished("drained")) == (1, 0)


def test_a_childs_last_words_after_its_parent_ended_it_count_nothing(book: Book) -> None:
    book.note("started")
    book.tally.ended(1, "cancelled")

    book.note("ended", outcome="overtaken")

    assert (book.finished("cancelled"), book.finished("overtaken")) == (1, 0)


def test_busy_time_grows_while_a_job_runs_and_stays_afterwards(book: Book) -> None:
    book.note("started")
    book.value("headway_slot_busy_seconds_total")
    book.now += 5
    during = book.value("headway_slot_busy_seconds_total")
    book.note("ended", seconds=5, outcome="succeeded")
    book.value("headway_slot_busy_seconds_total")
    book.now += 60

    assert (during, book.value("headway_slot_busy_seconds_total")) == (5, 5)


def test_writes_that_failed_are_told_by_their_reason(book: Book) -> None:
    book.note("wrote", seconds=0.002)
    book.note("wrote", outcome="store_away")

    assert book.value("headway_progress_writes_total", task="count") == 1
    assert book.value("headway_progress_write_seconds_count") == 1
    assert book.value("headway_progress_errors_total", reason="store_away") == 1


def test_a_doorbell_that_brought_nothing_is_counted(book: Book) -> None:
    book.note("ignored")

    assert book.value("headway_doorbells_total", outcome="ignored") == 1


def test_exceptions_without_end_become_one(book: Book) -> None:
    for number in range(MAX_EXCEPTIONS + 5):
        book.note("ended", outcome="failed", exception=f"Error{number}")

    assert book.value("headway_attempt_failures_total", task="count", exception=OTHER) == 5


def test_a_slow_attempt_names_its_job(book: Book) -> None:
    book.note("started")
    book.note("ended", seconds=99, outcome="failed")
    book.value("headway_slots")

    text = openmetrics.exposition.generate_latest(book.registry).decode()

    assert '# {job_id="a-job"} 99.0' in text


def test_a_worker_with_twenty_tasks_stays_within_its_budget() -> None:
    registry = CollectorRegistry()
    ProcessMetrics(registry, "worker", "unknown")
    measured(MemoryJobStore(), registry)

    WorkerMetrics(registry, slots=4, kinds=[(f"task_{number}", "default") for number in range(20)])

    assert sum(len(metric.samples) for metric in registry.collect()) < SERIES_A_WORKER
