"""The record that a submit leaves behind."""

from __future__ import annotations

from datetime import datetime, timedelta

from headway.job import Job, State
from headway.store import NewJob


def first_record(new: NewJob, created_at: datetime) -> Job:
    """The record as a submit leaves it; both stores answer with it."""
    due_at = new.due_at if new.delay_seconds is None else _later(created_at, new.delay_seconds)
    expires_in = new.expires_in_seconds
    return Job(
        id=new.id,
        task=new.task,
        args_json=new.args_json,
        queue=new.queue,
        priority=new.priority,
        tags=new.tags,
        max_retries=new.max_retries,
        timeout_seconds=new.timeout_seconds,
        request_id=new.request_id,
        traceparent=new.traceparent,
        retention_seconds=new.retention_seconds,
        created_at=created_at,
        state=State.PENDING,
        version=1,
        updated_at=created_at,
        scheduled_for=due_at,
        start_before_at=None if expires_in is None else _later(due_at or created_at, expires_in),
    )


def _later(moment: datetime, seconds: float) -> datetime:
    return moment + timedelta(milliseconds=round(seconds * 1000))
