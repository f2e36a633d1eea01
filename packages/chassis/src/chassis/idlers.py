"""Clients that stop reading are dropped: else each holds a connection, or a stream's place, for as long as it likes."""

from __future__ import annotations

from typing import Any

from chassis.logs import get_logger

log = get_logger(__name__)


def dropping_idlers(worker_class: type[Any], send_seconds: float) -> type[Any]:
    """The same gunicorn worker, but no single send or read of a request may take longer than this.

    Only while a request is answered: a connection that waits for its next one has gunicorn's own limit.
    """

    class Worker(worker_class):  # type: ignore[misc]
        def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
            sock.settimeout(send_seconds)
            try:
                answered = super().handle_request(listener_name, req, sock, addr)
            except TimeoutError:
                log.info("client dropped", path=req.path[:200], send_seconds=send_seconds)
                raise StopIteration from None  # gunicorn's word for: close this connection
            sock.settimeout(None)
            return answered

    return Worker
