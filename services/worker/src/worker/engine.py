"""What the processes of one worker share: settings and tasks before the fork, a store of their own after it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from billiard.common import terminate_handler_fired  # type: ignore[attr-defined]  # newer than its stubs
from prometheus_client import CollectorRegistry

from chassis.measured_store import measured
from chassis.tracing import Traces, create_traces
from headway.connection import connect
from headway.job import Job
from headway.problem import Problem, StoreUnavailable
from headway.redis_store import RedisJobStore
from headway.store import Settlement
from headway.task import Task
from worker.limit import TimeLimit
from worker.notes import NotePipe
from worker.run import Runner
from worker.settings import WorkerSettings


@dataclass(slots=True)
class Engine:
    """One for each worker; hangs on its Celery application."""

    settings: WorkerSettings
    tasks: dict[str, Task[..., Any]]
    doorbell: str = ""
    notes: NotePipe = field(default_factory=NotePipe)
    node: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{time.time_ns() // 1_000_000}")
    _stores: dict[int, RedisJobStore] = field(default_factory=dict)
    _traces: dict[int, Traces] = field(default_factory=dict)

    def owner(self, pid: int) -> str:
        """Who claims: this worker, and the child process of it."""
        return f"{self.node}/{pid}"

    def store(self) -> RedisJobStore:
        """This process's store: a connection must not be shared across a fork."""
        pid, settings = os.getpid(), self.settings
        if pid not in self._stores:
            client = connect(settings.redis_address)
            self._stores = {pid: RedisJobStore(client, prefix=settings.key_prefix, doorbell=self.doorbell)}
        return self._stores[pid]

    def traces(self) -> Traces:
        """This process's own: what sends them in the background does not survive a fork."""
        pid = os.getpid()
        if pid not in self._traces:
            self._traces = {pid: create_traces("worker")}
        return self._traces[pid]

    def measure(self, registry: CollectorRegistry) -> None:
        """Time what this process asks its store."""
        self._stores = {os.getpid(): measured(self.store(), registry)}

    def settle_for(self, job_id: str, pid: int, outcome: Callable[[Job], Settlement]) -> bool:
        """Settle a job in the place of the child that runs it; False when that child does not, or no longer.

        Raises `StoreUnavailable`.
        """
        store = self.store()
        try:
            job = store.fetch(job_id)
        except StoreUnavailable:
            raise
        except Problem:  # a lost attempt may outlive the record
            return False
        is_its_own = job.state.is_running and job.owner == self.owner(pid)
        return is_its_own and store.settle(job.id, job.fence, outcome(job))

    def runner(self) -> Runner:
        """For one attempt, in the main thread of a child."""
        return Runner(
            self.store(),
            self.tasks,
            self.settings.max_result_bytes,
            limit=TimeLimit().armed(),
            is_leaving=terminate_handler_fired,
            tell=self.notes.write,
            traces=self.traces(),
        )
