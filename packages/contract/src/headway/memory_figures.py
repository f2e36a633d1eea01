"""The figures of `MemoryJobStore`, made from its records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from headway.catalogue import Worker
from headway.figures import Counted, Figures, Line, Running, is_overrunning
from headway.job import Job, State
from headway.memory_rules import is_late


def figures_of(
    jobs: Sequence[Job],
    in_line: Sequence[Job],
    scheduled: Sequence[datetime],
    workers: Iterable[Worker],
    counts: Mapping[Counted, int],
    now: datetime,
) -> Figures:
    """`scheduled` is when each of the jobs becomes due that waits for its time."""
    due = {"scheduled": scheduled, "expiring": [job.start_before_at for job in jobs if is_late(job, now)]}
    late = {kind: [at for at in moments if at and at <= now] for kind, moments in due.items()}
    return Figures(
        at=now,
        states={state: sum(job.state is state for job in jobs) for state in State},
        lines=tuple(_lines(in_line, list(workers), {each.queue for each in counts})),
        running=tuple(_running([job for job in jobs if job.state.is_running], now)),
        scheduled=len(scheduled),
        unanswered=0,  # nothing lies between the bell and the worker
        counts=dict(counts),
        due={kind: min(moments) for kind, moments in late.items() if moments},
    )


def _lines(in_line: Sequence[Job], workers: Sequence[Worker], counted: set[str]) -> Iterable[Line]:
    for queue in sorted(counted | {queue for worker in workers for queue in worker.queues}):
        waiting = [job.updated_at for job in in_line if job.queue == queue]
        serving = [worker for worker in workers if queue in worker.queues]
        slots = sum(worker.slots for worker in serving)
        yield Line(queue, len(waiting), min(waiting, default=None), len(serving), slots)


def _running(jobs: Sequence[Job], now: datetime) -> Iterable[Running]:
    for queue, task in sorted({(job.queue, job.task) for job in jobs}):
        these = [job for job in jobs if (job.queue, job.task) == (queue, task)]
        oldest_at = min(job.started_at or now for job in these)
        quietest_at = min(job.updated_at for job in these)
        yield Running(queue, task, len(these), sum(is_overrunning(job, now) for job in these), oldest_at, quietest_at)
