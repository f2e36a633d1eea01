"""What goes on in the worker's parent beside Celery's own work: threads, the management port, and the end."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from celery import bootsteps, signals
from celery.worker import state
from prometheus_client import CollectorRegistry

from chassis.health import ManagementServer
from chassis.logs import get_logger
from chassis.process_metrics import ProcessMetrics
from headway.catalogue import Worker
from headway.doorbell import echo_message
from headway.job import State
from headway.problem import Cancelled
from headway.store import Settlement
from worker.child import end_child
from worker.drain import Drain
from worker.echo import Echo
from worker.engine import Engine
from worker.lease import LeaseKeeper, Running
from worker.memory import Memory
from worker.metrics import WorkerMetrics
from worker.reconcile import Reconciler
from worker.request import delivered_requests
from worker.tally import Tally

log = get_logger(__name__)

MAINTAIN_POOL_SECONDS = 0.2
"""Celery replaces a dead child every 5 s; a slot should not stand empty that long (celery#9579)."""


class Housekeeping(bootsteps.StartStopStep):
    """Starts with the worker's pool: the reconciler, the management port, a brisk pool maintenance."""

    requires = ("celery.worker.components:Pool", "celery.worker.components:Hub")

    def __init__(self, worker: Any, **options: Any) -> None:
        engine: Engine = worker.app.headway
        settings = engine.settings
        registry = CollectorRegistry()
        self._process = ProcessMetrics(registry, "worker", settings.revision)
        kinds = [(task.entry.name, task.entry.queue) for task in engine.tasks.values()]
        self.metrics = WorkerMetrics(registry, slots=settings.slots, kinds=kinds)
        self._tally = Tally(self.metrics, engine.notes.read)
        registry.register(self._tally)
        registry.register(Memory())
        engine.measure(registry)
        worker.app.headway_metrics, worker.app.headway_tally = self.metrics, self._tally
        self._engine = engine
        self._registry = registry
        super().__init__(worker, **options)

    def start(self, worker: Any) -> None:
        worker.hub.call_repeatedly(MAINTAIN_POOL_SECONDS, worker.pool.maintain_pool)
        self.metrics.busy.set_function(_busy_slots)
        echo = self._echo = worker.app.headway_echo = self._make_echo(worker.app)
        self.metrics.heard_at.set_function(lambda: time.time() - echo.silent_seconds)
        self.metrics.deaf.set_function(lambda: echo.is_deaf)
        self._tally.start()
        self._reconciler = self._make_reconciler(echo)
        self._reconciler.start()
        self._make_lease_keeper().start()
        self._management = self._make_management(echo)
        self._management.start()
        # Jobs may finish; what still runs at the end of the drain time goes back into the line.
        self._drain = Drain(self._engine, on_handed_back=partial(self._tally.ended, outcome="drained"))
        signals.worker_shutting_down.connect(self._begin_drain)
        signals.worker_shutdown.connect(self._end)

    def stop(self, worker: Any) -> None:
        # The consumer has stopped before. The lease keeper goes on until the process ends, and the drain and the
        # management port until the last job has: jobs may still run, for an hour, while the pool is stopped.
        self._drain.close()
        self._reconciler.stop()

    def _begin_drain(self, **_: Any) -> None:
        self._process.draining.set(1)
        self.metrics.slots.set_function(_busy_slots)
        self._echo.end()
        self._drain.begin()
        if self._drain.is_urgent:
            self._management.hurry()

    def _end(self, **_: Any) -> None:
        """The pool has stopped, and with it the last job."""
        seconds = self._engine.settings.last_scrape_seconds
        if seconds:
            log.info("waiting for the last scrape", seconds=seconds)
            if not self._management.linger(seconds):
                log.warning("nobody came for the last scrape", seconds=seconds)
        self._management.stop()

    def _end_cancelled(self, running: Running) -> None:
        """The grace is over. Raises `StoreUnavailable`; then the task goes on and it is tried again."""
        outcome = Settlement(State.REVOKED, cancelled=Cancelled.ENDED)

        def settle() -> bool:
            is_settled = self._engine.settle_for(running.job_id, running.pid, lambda job: outcome)
            if is_settled:
                self.metrics.lost.labels("cancelled").inc()
                self._tally.ended(running.pid, "cancelled")  # before the process ends, whose end is looked into
            return is_settled

        if end_child(running.pid, settle):
            log.warning("cancelled job ended with its process", job_id=running.job_id, pid=running.pid)

    def _make_echo(self, app: Any) -> Echo:
        engine = self._engine
        return Echo(
            partial(engine.store().echo, engine.node, echo_message(app)),
            is_busy=lambda: len(state.reserved_requests) >= engine.settings.slots,
        )

    def _make_reconciler(self, echo: Echo) -> Reconciler:
        engine, settings = self._engine, self._engine.settings
        announced = Worker(engine.node, settings.slots, settings.queues, tuple(sorted(engine.tasks)))
        entries = [task.entry for task in engine.tasks.values()]
        woken = self.metrics.due.inc
        return Reconciler(engine.store(), announced, entries, on_woken=woken, beside=echo.ring_when_due)

    def _make_lease_keeper(self) -> LeaseKeeper:
        engine = self._engine
        return LeaseKeeper(
            engine.store(),
            partial(_running_jobs, engine),
            cancel_grace_seconds=engine.settings.cancel_grace_seconds,
            end_cancelled=self._end_cancelled,
        )

    def _make_management(self, echo: Echo) -> ManagementServer:
        store, settings = self._engine.store(), self._engine.settings
        return ManagementServer(
            settings.worker_host,
            settings.worker_management_port,
            self._registry,
            ready={"store": store.ping, "durability": partial(store.check_server, settings.durability)},
            live={"echo": echo.check},
        )


def _busy_slots() -> int:
    return len(state.active_requests)


def _running_jobs(engine: Engine) -> list[Running]:
    """What the pool's children have accepted; a doorbell without a child has no claim yet."""
    return [
        Running(request.id, engine.owner(request.worker_pid), request.worker_pid)
        for request in delivered_requests()
        if request.worker_pid
    ]
