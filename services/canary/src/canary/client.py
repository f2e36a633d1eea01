"""HTTP as a client of Headway speaks it, with the standard library: every step ends by the run's deadline.

A library's time-out is one of each read. A server that sends a byte now and then could hold such a client for ever.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from canary.deadline import Deadline

MAX_ANSWER_BYTES = 1024 * 1024
PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


class Connection:
    """An answer whose head was read, and whose body comes in pieces."""

    def __init__(self, response: http.client.HTTPResponse, connected: socket.socket, deadline: Deadline) -> None:
        self.status = response.status
        self._response = response
        self._socket = connected
        self._deadline = deadline

    def pieces(self) -> Iterator[bytes]:
        """What came, as soon as it came, until the server ends it."""
        while True:
            self._socket.settimeout(self._deadline.seconds_left)
            piece = self._response.read1(PIECE_BYTES)
            if not piece:
                return
            yield piece


class Client:
    """Asks the Headway at an address. Raises `OSError`, `HTTPException` or `DeadlineOver`."""

    def __init__(self, url: str, deadline: Deadline) -> None:
        self._url = urlsplit(url)
        self._deadline = deadline

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        with self.open(method, path, body, headers) as connection:
            whole = b""
            for piece in connection.pieces():
                whole += piece
                if len(whole) > MAX_ANSWER_BYTES:
                    raise http.client.HTTPException(f"the answer to {path} is longer than {MAX_ANSWER_BYTES} bytes")
            return Answer(connection.status, whole)

    @contextmanager
    def open(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[Connection]:
        """A connection of its own each time: one that is kept could hide that no new one comes through."""
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.netloc, timeout=self._deadline.seconds_left)
        try:
            connection.connect()
            connected = connection.sock  # the connection forgets it when the server wants to close
            connected.settimeout(self._deadline.seconds_left)
            connection.request(
                method, self._url.path.rstrip("/") + path, body, {"User-Agent": "headway-canary", **(headers or {})}
            )
            yield Connection(connection.getresponse(), connected, self._deadline)
        finally:
            connection.close()
