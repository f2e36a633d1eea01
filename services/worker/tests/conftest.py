"""A store in memory and jobs to run on it; the real Redis and Celery come in the end-to-end tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from headway import Task
from headway.job import Job, new_job_id
from headway.memory import MemoryJobStore
from headway.store import NewJob
from worker.run import Runner

MAX_RESULT_BYTES = 10_000


def wait_until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition, with a deadline."""
    return wait_until


@pytest.fixture
def store() -> MemoryJobStore:
    return MemoryJobStore()


@pytest.fixture
def submit(store: MemoryJobStore) -> Callable[..., Job]:
    def submit_job(task: str, args: dict[str, Any] | None = None, **changes: Any) -> Job:
        args_json = orjson.dumps(args or {}).decode()
        values: dict[str, Any] = {"id": new_job_id(), "queue": "default", "retention_seconds": 60} | changes
        return store.submit(NewJob(task=task, args_json=args_json, **values)).job

    return submit_job


@pytest.fixture
def run(store: MemoryJobStore, submit: Callable[..., Job]) -> Callable[..., Job]:
    """Submit a job for a task and run one attempt of it; the job afterwards."""

    def run_task(task: Task[..., Any], args: dict[str, Any] | None = None, **changes: Any) -> Job:
        job = submit(task.name, args, **changes)
        Runner(store, {task.name: task}, MAX_RESULT_BYTES).answer(job.id, "worker/1")
        return store.fetch(job.id)

    return run_task
