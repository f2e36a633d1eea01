"""Celery as the engine: its transport, its processes and time limits; one task, `headway.run`.

What the record promises is not Celery's business: messages are doorbells, early
acknowledged, never prefetched, and no result backend, retry or ETA of Celery is used.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import Any

from celery import Celery, bootsteps, signals
from celery.worker import state
from prometheus_client import CollectorRegistry

from chassis.health import ManagementServer
from chassis.logs import get_logger
from headway.catalogue import Worker
from headway.doorbell import ECHO_TASK, RUN_TASK, doorbell_template, echo_message
from headway.job import State
from headway.problem import Cancelled
from headway.store import Settlement
from headway.task import Task
from worker.child import end_child
from worker.configuration import celery_configuration
from worker.drain import Drain
from worker.echo import Echo
from worker.engine import Engine
from worker.lease import LeaseKeeper, Running
from worker.metrics import WorkerMetrics
from worker.reconcile import Reconciler
from worker.settings import WorkerSettings
from worker.transport import EagerConnection

log = get_logger(__name__)

MAINTAIN_POOL_SECONDS = 0.2
"""Celery replaces a dead child every 5 s; a slot should not stand empty that long (celery#9579)."""


def create_celery(settings: WorkerSettings, tasks: dict[str, Task[..., Any]]) -> Any:
    """The Celery application with its one task and our steps in the worker."""
    app: Any = Celery("headway", set_as_current=False)
    engine = app.headway = Engine(settings, tasks, doorbell_template(app))
    app.conf.update(celery_configuration(settings, engine.node))
    app.amqp.Connection = EagerConnection
    app.task(name=RUN_TASK, bind=True, Request="worker.request:DoorbellRequest")(_answer)
    app.task(name=ECHO_TASK, Strategy="worker.app:hear_echo")(_never_run)
    app.steps["worker"].add(Housekeeping)
    # Our logging stands already; without a receiver Celery would set up its own.
    signals.setup_logging.connect(_leave_logging_alone)
    return app


def _answer(self: Any) -> None:
    """The body of `headway.run`: the message's id is the job's."""
    engine: Engine = self.app.headway
    engine.runner().answer(self.request.id, engine.owner(os.getpid()))


def _never_run() -> None:
    """The worker's own doorbell is answered where it arrives (`hear_echo`), not in a slot."""


def hear_echo(task: Any, app: Any, consumer: Any, **_: Any) -> Any:
    """Celery's strategy for the worker's own doorbell."""

    def hear(message: Any, body: Any, acknowledge: Any, reject: Any, callbacks: Any, **_: Any) -> None:
        acknowledge(logging.getLogger(__name__), consumer.connection_errors)
        app.headway_echo.hear()

    return hear


def _leave_logging_alone(**_: Any) -> None: ...


class Housekeeping(bootsteps.StartStopStep):
    """Starts with the worker's pool: the reconciler, the management port, a brisk pool maintenance."""

    requires = ("celery.worker.components:Pool", "celery.worker.components:Hub")

    def __init__(self, worker: Any, **options: Any) -> None:
        engine: Engine = worker.app.headway
        settings = engine.settings
        registry = CollectorRegistry()
        self.metrics = WorkerMetrics(registry, slots=settings.slots)
        worker.app.headway_metrics = self.metrics
        self._engine = engine
        self._registry = registry
        super().__init__(worker, **options)

    def start(self, worker: Any) -> None:
        engine, settings = self._engine, self._engine.settings
        store = engine.store()
        self.metrics.busy.set_function(lambda: len(worker.state.active_requests))
        worker.hub.call_repeatedly(MAINTAIN_POOL_SECONDS, worker.pool.maintain_pool)
        echo = worker.app.headway_echo = Echo(
            partial(store.echo, engine.node, echo_message(worker.app)),
            is_busy=lambda: len(state.reserved_requests) >= settings.slots,
        )
        announced = Worker(engine.node, settings.slots, settings.queues, tuple(sorted(engine.tasks)))
        entries = [task.entry for task in engine.tasks.values()]
        self._reconciler = Reconciler(
            store, announced, entries, on_woken=self.metrics.woken.inc, beside=echo.ring_when_due
        )
        self._reconciler.start()
        LeaseKeeper(
            store,
            partial(_running_jobs, engine),
            cancel_grace_seconds=settings.cancel_grace_seconds,
            end_cancelled=partial(_end_cancelled, engine),
        ).start()
        self._management = ManagementServer(
            settings.worker_host,
            settings.worker_management_port,
            self._registry,
            ready={"store": store.ping, "durability": partial(store.check_server, settings.durability)},
            live={"echo": echo.check},
        )
        self._management.start()
        # Jobs may finish; what still runs at the end of the drain time goes back into the line.
        self._drain = Drain(engine)
        signals.worker_shutting_down.connect(self._drain.begin)

    def stop(self, worker: Any) -> None:
        # The lease keeper goes on until the process ends: jobs may still run while the pool is drained.
        self._reconciler.stop()
        self._management.stop()


def _running_jobs(engine: Engine) -> list[Running]:
    """What the pool's children have accepted; a doorbell without a child has no claim yet."""
    return [
        Running(request.id, engine.owner(request.worker_pid), request.worker_pid)
        for request in list(state.active_requests)
        if request.worker_pid
    ]


def _end_cancelled(engine: Engine, running: Running) -> None:
    """The grace is over. Raises `StoreUnavailable`; then the task goes on and it is tried again."""

    outcome = Settlement(State.REVOKED, cancelled=Cancelled.ENDED)
    if end_child(running.pid, lambda: engine.settle_for(running.job_id, running.pid, lambda job: outcome)):
        log.warning("cancelled job ended with its process", job_id=running.job_id, pid=running.pid)
