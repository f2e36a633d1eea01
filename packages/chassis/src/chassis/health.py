"""The management port: `/livez`, `/readyz` and `/metrics`, apart from the public one and never behind nginx."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from prometheus_client import CollectorRegistry, make_wsgi_app

Check = Callable[[], None]
"""Raises when the thing it asks for is not well; the text says why."""


class ManagementServer:
    """Answers probes from a thread of its own, so that a busy service still says that it lives."""

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        *,
        ready: Mapping[str, Check],
        live: Mapping[str, Check] | None = None,
    ) -> None:
        self._metrics = make_wsgi_app(registry)
        self._checks = {"/readyz": ready, "/livez": live or {}}
        self._lingers_since = math.inf
        self._may_go = threading.Event()
        self._server = make_server(host, port, self._answer, _Server, handler_class=_Quiet)

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, name="management", daemon=True).start()

    def linger(self, seconds: float) -> bool:
        """Until the metrics were asked for once more, or nobody waits for that; False when it took too long.

        Else what was counted last goes unseen.
        """
        self._lingers_since = time.monotonic()
        return self._may_go.wait(seconds)

    def hurry(self) -> None:
        """Nobody waits for the metrics any more."""
        self._may_go.set()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return self._tell_metrics(environ, start_response)
        if path in self._checks:
            failing = _failing(self._checks[path])
            return _json(start_response, "503 Service Unavailable" if failing else "200 OK", {"failing": failing})
        return _json(start_response, "404 Not Found", {"paths": ["/livez", "/readyz", "/metrics"]})

    def _tell_metrics(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        began = time.monotonic()
        return _Answer(self._metrics(environ, start_response), on_sent=lambda: self._told(began))

    def _told(self, began: float) -> None:
        if began >= self._lingers_since:  # what was collected before does not have the end in it
            self._may_go.set()


class _Answer(list[bytes]):
    """Tells when all of it has been sent: the server closes what it was given (PEP 3333)."""

    def __init__(self, parts: Iterable[bytes], on_sent: Callable[[], None]) -> None:
        super().__init__(parts)
        self._on_sent = on_sent

    def close(self) -> None:
        self._on_sent()


def _failing(checks: Mapping[str, Check]) -> dict[str, str]:
    failing = {}
    for name, check in checks.items():
        try:
            check()
        except Exception as error:  # a probe reports whatever is wrong, it must not fail itself
            failing[name] = str(error)
    return failing


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """Probes come every few seconds; they are not worth a line."""


def _json(start_response: Any, status: str, body: dict[str, Any]) -> list[bytes]:
    start_response(status, [("Content-Type", "application/json")])
    return [orjson.dumps(body)]
