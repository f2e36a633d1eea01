"""Run a web application under gunicorn, one worker process a replica: scale by replicas.

One process a replica keeps metrics exact (no multiprocess files), one
subscription connection a process honest, and a replica's limits its own.
"""

from __future__ import annotations

import gc
import logging
import resource
import signal
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.util import load_class

from chassis.idlers import dropping_idlers
from chassis.refusals import answering_problems

GC_ALLOCATIONS = 20_000
KEEP_ALIVE_SECONDS = 75
"""More than nginx keeps an idle upstream connection, so that nginx is the one to close it."""
SPARE_FILES = 500
"""What a process has open beside its clients' connections."""
SEND_SECONDS = 30.0
"""A client that takes nothing of its answer for so long is dropped: it holds a connection, or a stream's place."""
Stop = Callable[[], None]


class _Logger(Logger):  # type: ignore[misc]
    """Gunicorn's warnings and errors go the way of all other records; requests are counted, not logged."""

    def setup(self, cfg: Any) -> None:
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)
        self.access_log.disabled = True


class WebServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our settings; `build` is called in the worker process, after the fork.

    It may add what shall be called as soon as gunicorn asks that process to stop.
    """

    def __init__(
        self,
        build: Callable[[list[Stop]], Any],
        bind: str,
        *,
        worker_class: str,
        send_seconds: float | None = SEND_SECONDS,
        **options: Any,
    ) -> None:
        """Without `send_seconds` a client may take as long as it likes; gunicorn's threads know no such limit."""
        worker = answering_problems(load_class(worker_class))
        if worker_class == "gevent":
            # Imported here: gevent is for services that have patched the standard library for it.
            from chassis.last_guests import let_last_guests_in

            let_last_guests_in()
        self._build = build
        self._stops: list[Stop] = []
        self._options = {
            "bind": bind,
            "workers": 1,
            "keepalive": KEEP_ALIVE_SECONDS,
            "control_socket_disable": True,  # two gunicorns of one user would share it
            "limit_request_line": 4094,
            "limit_request_fields": 100,
            "limit_request_field_size": 8190,
            "logger_class": _Logger,
            "post_worker_init": self._stop_early,
            "worker_class": worker if send_seconds is None else dropping_idlers(worker, send_seconds),
            **options,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        allow_files(self._options.get("worker_connections", 0) + SPARE_FILES)
        super().run()

    def load(self) -> Any:
        app = self._build(self._stops)
        # What stands now stays until the end: the collector need not look at it again with every few requests.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_ALLOCATIONS)
        return app

    def _stop_early(self, worker: Any) -> None:
        """Gunicorn waits for open requests first, and streams would let it wait for as long as it may."""

        def stop(number: int, frame: Any) -> None:
            for each in self._stops:
                each()
            worker.handle_exit(number, frame)

        signal.signal(signal.SIGTERM, stop)


def allow_files(wanted: int) -> None:
    """Let this process and its children open so many files, or as many as it may allow itself.

    A stream is a file. Kubernetes has no setting for their number, and containers there may begin with 1,024 of them.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
