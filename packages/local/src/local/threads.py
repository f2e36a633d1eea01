"""The seed's first way, with the status it lacked: everything in one process, nothing survives it.

The same routes, tasks and page as the real stack, over `MemoryJobStore` and a
`ThreadPoolExecutor`. Threads cannot be ended, so time limits are not enforced here.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory
from prometheus_client import CollectorRegistry
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from chassis.logs import get_logger
from chassis.senders import refuse_other_hosts
from chassis.web import create_web_app
from headway.catalogue import Worker
from headway.memory import MemoryJobStore
from headway.problem import Problem
from headway.task import Task
from local.files import read_headers
from local.ports import LOOPBACK
from local.settings import LocalSettings
from status.app import create_app as create_status
from status.hub import Hub
from submit.app import create_app as create_submit
from worker.reconcile import Reconciler
from worker.run import Runner

log = get_logger(__name__)


class ThreadsEngine:
    """The whole of Headway as one object: `wsgi` is the application, `start` and `stop` its life."""

    def __init__(self, settings: LocalSettings, tasks: Mapping[str, Task[..., Any]]) -> None:
        self._pool = ThreadPoolExecutor(settings.slots, thread_name_prefix="slot")
        self._queues = frozenset(settings.queues)
        self.store = MemoryJobStore(ring=self._ring)
        self._runner = Runner(self.store, tasks, settings.max_result_bytes)
        self._owner = f"{socket.gethostname()}:{os.getpid()}"
        worker = Worker(self._owner, settings.slots, settings.queues, tuple(sorted(tasks)))
        self._reconciler = Reconciler(self.store, worker, [task.entry for task in tasks.values()])
        self._hub = Hub(self.store, settings.path_prefix)
        self.store.announce(worker, [task.entry for task in tasks.values()])
        self.wsgi = self._mount(settings)

    def start(self) -> None:
        self._reconciler.start()
        self._hub.start()

    def stop(self) -> None:
        """Running tasks are not waited for: their threads end with the process."""
        self._hub.stop()
        self._reconciler.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ring(self, job_id: str) -> None:
        """Only at the door of the queues that are served here: other jobs wait for a worker, as they do on Celery."""
        if self.store.fetch(job_id).queue in self._queues:
            self._pool.submit(self._answer, job_id)

    def _answer(self, job_id: str) -> None:
        try:
            self._runner.answer(job_id, f"{self._owner}/{threading.get_ident()}/{job_id}")
        except Exception:  # the future is nobody's: without this line the error would vanish
            log.exception("slot stumbled", job_id=job_id)

    def _mount(self, settings: LocalSettings) -> Any:
        """Both services and the pages on one origin, as nginx does it for the real stack."""
        registry = CollectorRegistry()
        submit = create_submit(settings, self.store, registry)
        status = create_status(settings, self.store, self._hub, CollectorRegistry())
        page = _page_app(settings.page)
        headers = read_headers()
        for app in (submit, status, page):
            app.before_request(lambda: refuse_other_hosts(request, settings.trusted_hosts))
            app.after_request(partial(_add_headers, headers))
        submit_paths = ("/longtask", "/jobs", "/tasks", "/problems", "/openapi/submit.json")
        status_paths = ("/stats", "/status", "/openapi/status.json")
        return DispatcherMiddleware(
            page,
            {path: _with_prefix(submit, path) for path in submit_paths}
            | {path: _with_prefix(status, path) for path in status_paths},
        )


def serve_threads(engine: ThreadsEngine, port: int) -> BaseWSGIServer:
    """A server in this process; call its `serve_forever`."""
    return make_server(LOOPBACK, port, engine.wsgi, threaded=True, request_handler=_RequestHandler)


class _RequestHandler(WSGIRequestHandler):
    """What is refused before there is a request for Flask is a problem too, as nginx has it."""

    error_content_type = "application/problem+json"

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        slug = {414: "uri-too-long", 431: "headers-too-large"}.get(code, "bad-request")
        detail = "The request is not HTTP as it is understood here. Check its line, its headers and its length."
        self.request_version = self.protocol_version  # what could not be read counts as 0.9, which has no head
        self.error_message_format = Problem(slug, detail, status=code).to_json().replace("%", "%%")
        super().send_error(code, message, explain)


def _with_prefix(app: Flask, prefix: str) -> Any:
    """The dispatcher takes the path apart; our routes know their whole path."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        whole = environ | {"SCRIPT_NAME": "", "PATH_INFO": prefix + environ["PATH_INFO"]}
        return app(whole, start_response)

    return call


def _page_app(folder: Path) -> Flask:
    documents = "/openapi/submit.json and /openapi/status.json"
    app = create_web_app("page", "Headway page", CollectorRegistry(), documents=documents)

    @app.get("/")
    @app.get("/simple", defaults={"name": "simple.html"}, strict_slashes=True)  # its files are beside it, not below it
    @app.get("/<path:name>")
    def page(name: str = "index.html") -> Response:
        return send_from_directory(folder.resolve(), name)

    return app


def _add_headers(headers: Mapping[str, str], response: Response) -> Response:
    response.headers.update(headers)
    return response
