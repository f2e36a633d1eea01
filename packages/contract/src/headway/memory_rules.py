"""What the Lua scripts decide, decided in Python: the rules of `MemoryJobStore`, free of its state."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from headway.job import Job, State
from headway.problem import Problem
from headway.store import LISTED_BYTES, LONG_FIELDS, Interruption, Report

INTERRUPTED = {
    Interruption.LOST: "The worker was lost; the job will run again.",
    Interruption.DRAINED: "The worker was stopped; the job will go on with another one.",
    Interruption.DECLINED: "The worker does not have this task; the job waits for one that does.",
}


def is_late(job: Job, now: datetime) -> bool:
    return job.state is State.PENDING and job.start_before_at is not None and job.start_before_at <= now


def goes_back(job: Job, report: Report) -> bool:
    if job.current is None or report.current is None:
        return False
    total = job.total if report.total is None else report.total
    if job.total and total:
        return report.current / total < job.current / job.total
    return bool(job.total) or (not total and report.current < job.current)


def bar_to_begin_with(job: Job) -> dict[str, None]:
    """A job with a checkpoint goes on from it, and its bar stays where it was; any other begins anew."""
    return {} if job.checkpoint_json else {"current": None, "total": None}


def ended_by(problem: Problem) -> dict[str, str]:
    return {"error_json": problem.to_json(), "message": problem.detail}


def listed(job: Job) -> Job:
    """The record as a list shows it."""
    long = [name for name in LONG_FIELDS if len((getattr(job, name) or "").encode()) > LISTED_BYTES]
    left_out: dict[str, Any] = dict.fromkeys(long, "null")
    return replace(job, **left_out)


def log_place(line_id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in line_id.split("-"))
