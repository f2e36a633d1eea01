"""A plain Celery application with every setting that Celery offers for safety, as a careful team would run it."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from typing import Any

from celery import Celery
from effects import write_effect

BROKER_VARIABLE = "STOCK_BROKER_URL"
SLOTS_VARIABLE = "STOCK_SLOTS"
VISIBILITY_SECONDS = 5
"""Short, so that redelivery is seen within a run; the default is an hour, which only makes recovery slower."""


def create_app(broker_url: str) -> Celery:
    """The application, for a worker and for the client that submits."""
    app = Celery("stock", broker=broker_url, backend=broker_url)
    app.conf.update(_safe_settings())
    for function in (brief, steady, poison):
        app.task(bind=True, name=function.__name__)(function)
    return app


def _safe_settings() -> dict[str, Any]:
    return {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "visibility_timeout": VISIBILITY_SECONDS,
            # The sweep each second instead of every 100 s.
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            # Without these a half-open connection would be waited for without an end.
            "socket_timeout": 5,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 5,
        },
        "result_backend_always_retry": True,
        # Kills a worker's main process in some reconnections of 5.7, so it stays off.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_hijack_root_logger": False,
    }


def brief(self: Any, seconds: float = 0.005) -> None:
    """As `chaos_tasks.brief`."""
    write_effect("start", self.request.id)
    time.sleep(seconds)
    write_effect("end", self.request.id)


def steady(self: Any, seconds: float = 5.0, beat_seconds: float = 0.1) -> None:
    """As `chaos_tasks.steady`."""
    write_effect("start", self.request.id)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(beat_seconds)
        write_effect("beat", self.request.id)
    write_effect("end", self.request.id)


def poison(self: Any, kind: str) -> None:
    """As `chaos_tasks.poison`, the kinds that end the process."""
    write_effect("start", self.request.id)
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "exit":
        os._exit(7)
    ctypes.string_at(0)
