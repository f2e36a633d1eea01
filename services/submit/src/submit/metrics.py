"""Metrics of submissions: how many requests for a job there were, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram

from chassis.process_metrics import Names
from headway.problem import Problem
from headway.store import NewJob, Submitted

OUTCOMES = ("accepted", "replayed", "invalid", "refused", "failed")
BUCKETS = (64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)
UNKNOWN = "unknown"
"""Of a request that could not be read, or names no task that there is."""


@dataclass(slots=True)
class Submission:
    """A request for a job; who handles it says what it learns."""

    task: str = UNKNOWN
    queue: str = UNKNOWN
    submitted: Submitted | None = None

    def is_for(self, new: NewJob) -> NewJob:
        self.task, self.queue = new.task, new.queue
        return new


class SubmitMetrics:
    """One for each process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ["task", "queue", "outcome"]
        self._submissions = Counter("headway_submissions", "Requests for a job.", names, registry=registry)
        self._bytes = Histogram(
            "headway_submission_bytes", "Arguments of accepted jobs.", buckets=BUCKETS, registry=registry
        )
        self._tasks, self._queues = Names(), Names()
        self._seen: set[tuple[str, str]] = set()
        self._count(Submission(), "invalid", 0)

    @contextmanager
    def submission(self) -> Iterator[Submission]:
        """Count what happens inside the block."""
        submission = Submission()
        try:
            yield submission
        except Exception as error:
            self._count(submission, _why(error))
            raise
        if submitted := submission.submitted:
            self._count(submission, "replayed" if submitted.is_replay else "accepted")
            if not submitted.is_replay:
                self._bytes.observe(len(submitted.job.args_json), {"job_id": submitted.job.id})

    def _count(self, submission: Submission, outcome: str, number: int = 1) -> None:
        task, queue = self._tasks.bound(submission.task), self._queues.bound(submission.queue)
        if (task, queue) not in self._seen:
            self._seen.add((task, queue))
            for each in OUTCOMES:
                self._submissions.labels(task, queue, each)
        self._submissions.labels(task, queue, outcome).inc(number)


def _why(error: Exception) -> str:
    if not isinstance(error, Problem):
        return "failed"
    if error.slug == "storage-full":
        return "refused"
    return "invalid" if error.status < 500 else "failed"
