"""Celery as the engine: its transport, its processes and time limits; one task, `headway.run`.

What the record promises is not Celery's business: messages are doorbells, early
acknowledged, never prefetched, and no result backend, retry or ETA of Celery is used.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import Any

from celery import Celery, signals

from headway.doorbell import ECHO_TASK, RUN_TASK, doorbell_template
from headway.task import Task
from worker.configuration import celery_configuration
from worker.engine import Engine
from worker.housekeeping import Housekeeping
from worker.settings import WorkerSettings
from worker.transport import EagerConnection


def create_celery(settings: WorkerSettings, tasks: dict[str, Task[..., Any]]) -> Any:
    """The Celery application with its one task and our steps in the worker."""
    app: Any = Celery("headway", set_as_current=False)
    engine = app.headway = Engine(settings, tasks, doorbell_template(app))
    app.conf.update(celery_configuration(settings, engine.node))
    app.amqp.Connection = EagerConnection
    app.task(name=RUN_TASK, bind=True, Request="worker.request:DoorbellRequest")(_answer)
    app.task(name=ECHO_TASK, Strategy="worker.app:hear_echo")(_never_run)
    app.steps["worker"].add(Housekeeping)
    signals.worker_process_shutdown.connect(partial(_flush_traces, engine), weak=False)
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


def _flush_traces(engine: Engine, **_: Any) -> None:
    """A child that ends on purpose, after so many jobs, sends what it still has."""
    engine.traces().flush()


def _leave_logging_alone(**_: Any) -> None: ...
