"""Kombu's Redis transport, with what a worker needs that lives through outages of Redis."""

from __future__ import annotations

import os
from typing import Any

from kombu import Connection
from kombu.asynchronous import get_event_loop
from kombu.transport import redis

MAX_RECONNECT_SECONDS = 2


class EagerConnection(Connection):
    """Asks again every two seconds at most: the library's own pauses grow to half a minute in a long outage."""

    def get_transport_cls(self) -> type[redis.Transport]:
        return Transport

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        intervals = {"interval_start": 1, "interval_step": 1, "interval_max": MAX_RECONNECT_SECONDS}
        return super().ensure_connection(*args, **(intervals | options))


class Channel(redis.Channel):
    """Its sockets leave the event loop before they are closed.

    A child process has copies of all its parent's sockets. So a socket that the parent closes stays open, and stays in
    the parent's epoll set under its old number; kombu takes it out only when it is closed, which the kernel refuses by
    then. From then on it reports the old connection's end, again and again, in the name of whatever has that number
    now: a new connection, from which the worker then waits to read what nobody sent (10 s of deafness), or the life
    line of a child, which then counts as dead (and the worker ends with `file descriptor is None`).
    """

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        parameters: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]  # not in the stubs
        if asynchronous:
            parameters["connection_class"] = _leaving_first(parameters["connection_class"])
        return parameters


class Transport(redis.Transport):
    Channel = Channel


def _leaving_first(connection_class: Any) -> Any:
    class LeavingFirst(connection_class):  # type: ignore[misc]
        def disconnect(self, *args: Any, **options: Any) -> None:
            hub, sock = get_event_loop(), self._sock
            # A child shares the parent's epoll set, and must not take the parent's sockets out of it.
            if hub is not None and sock is not None and os.getpid() == self.pid:
                hub.remove(sock)
            super().disconnect(*args, **options)

    return LeavingFirst
