"""Metrics of the worker, all declared here; counted in the parent process, which outlives its children."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from chassis.process_metrics import Names
from headway.figures import OTHER

OUTCOMES = ("succeeded", "failed", "retried", "cancelled", "timed_out", "lost", "drained", "overtaken")
LOST = ("died", "time-limit", "cancelled")
DURATION_BUCKETS = (0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400)
WAIT_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
WRITE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
MAX_EXCEPTIONS = 20
"""Classes of exceptions that a task has names for; a task may raise whatever it likes."""


class WorkerMetrics:
    """Attempts, doorbells, slots and processes as the parent sees them."""

    def __init__(self, registry: CollectorRegistry, *, slots: int, kinds: Iterable[tuple[str, str]] = ()) -> None:
        """`kinds` are the tasks of this worker, each with its queue: their series are there from the start."""
        self._tasks, self._queues = Names(), Names()
        self._exceptions: dict[str, Names] = {}
        self._declare_attempts(registry)
        self._declare_process(registry, slots)
        for task, queue in kinds:
            self._foresee(task, queue)

    def began(self, task: str, queue: str, job_id: str, waited_seconds: float) -> None:
        task, queue = self._bound(task, queue)
        self._started.labels(task, queue).inc()
        self._wait.labels(task, queue).observe(waited_seconds, {"job_id": job_id})
        self._running.labels(task).inc()

    def ended(self, task: str, queue: str, job_id: str, outcome: str, seconds: float) -> None:
        task, queue = self._bound(task, queue)
        self._running.labels(task).dec()
        self._finished.labels(task, queue, outcome).inc()
        word = "ok" if outcome == "succeeded" else "error"
        self._duration.labels(task, word).observe(seconds, {"job_id": job_id})

    def failed(self, task: str, exception: str) -> None:
        task = self._tasks.bound(task)
        names = self._exceptions.setdefault(task, Names(MAX_EXCEPTIONS))
        self._failures.labels(task, names.bound(exception)).inc()

    def wrote(self, task: str, seconds: float, error: str) -> None:
        """A report was written to Redis, or was not."""
        if error:
            self._write_errors.labels(error).inc()
            return
        self._writes.labels(self._tasks.bound(task)).inc()
        self._write_seconds.observe(seconds)

    def _bound(self, task: str, queue: str) -> tuple[str, str]:
        return self._tasks.bound(task), self._queues.bound(queue)

    def _foresee(self, task: str, queue: str) -> None:
        """A series that begins at 1 hides its first rise."""
        task, queue = self._bound(task, queue)
        self._started.labels(task, queue)
        self._wait.labels(task, queue)
        self._running.labels(task)
        self._writes.labels(task)
        self._failures.labels(task, OTHER)
        for outcome in OUTCOMES:
            self._finished.labels(task, queue, outcome)
        for word in ("ok", "error"):
            self._duration.labels(task, word)

    def _declare_attempts(self, registry: CollectorRegistry) -> None:
        kind = ["task", "queue"]
        self._started = Counter("headway_attempts_started", "Attempts begun.", kind, registry=registry)
        self._finished = Counter("headway_attempts_finished", "Their ends.", [*kind, "outcome"], registry=registry)
        self._failures = Counter(
            "headway_attempt_failures", "Failed attempts.", ["task", "exception"], registry=registry
        )
        self._duration = Histogram(
            "headway_attempt_duration_seconds",
            "From claim to settlement.",
            ["task", "outcome"],
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self._wait = Histogram(
            "headway_attempt_wait_seconds", "From due to claimed.", kind, buckets=WAIT_BUCKETS, registry=registry
        )
        self._running = Gauge("headway_attempts_running", "Attempts under way.", ["task"], registry=registry)
        self._writes = Counter("headway_progress_writes", "Reports written.", ["task"], registry=registry)
        self._write_seconds = Histogram(
            "headway_progress_write_seconds", "Time that a write took.", buckets=WRITE_BUCKETS, registry=registry
        )
        self._write_errors = Counter("headway_progress_errors", "Writes that failed.", ["reason"], registry=registry)
        for reason in ("store_away", "overtaken"):
            self._write_errors.labels(reason)

    def _declare_process(self, registry: CollectorRegistry, slots: int) -> None:
        self.doorbells = Counter("headway_doorbells", "Doorbells given to a slot.", ["outcome"], registry=registry)
        self.lost = Counter("headway_processes_lost", "Processes that ended with a job.", ["reason"], registry=registry)
        for outcome in ("claimed", "ignored", "declined"):
            self.doorbells.labels(outcome)
        for reason in LOST:
            self.lost.labels(reason)
        self.slots = Gauge("headway_slots", "Jobs that it can run at the same time.", registry=registry)
        self.slots.set(slots)
        self.busy = Gauge("headway_slots_busy", "Jobs that it runs.", registry=registry)
        self.heard_at = Gauge("headway_last_echo_timestamp_seconds", "When it heard itself.", registry=registry)
        self.deaf = Gauge("headway_deaf", "1 when it has not for too long.", registry=registry)
        self.due = Counter("headway_due", "Schedules, expiries and lost leases dealt with.", registry=registry)
