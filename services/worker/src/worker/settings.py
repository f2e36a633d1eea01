"""Settings of the worker service."""

from __future__ import annotations

from pydantic import Field, field_validator

from chassis.settings import Port, ProcessSettings, Words
from headway.doorbell import QUEUE_NAME


class WorkerSettings(ProcessSettings):
    tasks: Words = ("worker.tasks",)
    """Modules whose tasks this worker runs, with commas between them."""
    queues: Words = ("default",)
    """Queues that it serves, with commas between them."""
    slots: int = Field(2, ge=1, le=256)
    """Jobs it runs at the same time, each in a process of its own."""
    worker_host: str = "127.0.0.1"
    worker_management_port: Port = 9103
    """Probes and metrics."""
    max_result_bytes: int = Field(1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    """The largest result a task may return, as JSON."""
    max_jobs_per_process: int = Field(100, ge=1)
    """A process is replaced after so many jobs, so that what tasks leak does not pile up."""
    drain_seconds: float = Field(25, ge=0, le=24 * 3600)
    """After SIGTERM running jobs may finish for so long; then they are handed back for another worker."""
    last_scrape_seconds: float = Field(0, ge=0, le=300)
    """At its end it waits so long for Prometheus, so that what its last jobs counted is not lost with it."""
    cancel_grace_seconds: float = Field(10, ge=0, le=3600)
    """A cancelled task may clean up for so long; then its process is ended."""

    @field_validator("queues")
    @classmethod
    def _check_queues(cls, queues: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [queue for queue in queues if not QUEUE_NAME.fullmatch(queue)]
        if wrong:
            raise ValueError(f"the queue name {wrong[0]!r} should match {QUEUE_NAME.pattern}")
        return queues
