"""The load generator: a few keep-alive connections, each sends its next request when the last was answered.

It runs in a process of its own and sends the same bytes again and again, so
that it takes a small part of what the servers take.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from dataclasses import dataclass, field

CONNECTIONS = 16
ANSWER_SECONDS = 5.0
MAX_REQUESTS = 200_000
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class WrongAnswer(Exception):
    """A server did not do what is measured, so its speed would mean nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send, and for how long."""

    port: int
    request: bytes
    expected_status: int
    seconds: float
    warm_seconds: float = 0.3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back: everything but the counts is of the time after the warm-up."""

    requests_per_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    counted: int
    sent: int
    """With the warm-up."""


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    began: float = 0.0
    received: bytearray = field(default_factory=bytearray)


def run_load(load: Load) -> Outcome:
    """Raises `WrongAnswer` at the first answer with another status than the expected one."""
    with selectors.DefaultSelector() as selector:
        connections = [_Connection(socket.create_connection(("127.0.0.1", load.port))) for _ in range(CONNECTIONS)]
        try:
            for each in connections:
                each.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(each.socket, selectors.EVENT_READ, each)
            return _drive(selector, connections, load)
        finally:
            for each in connections:
                each.socket.close()


def _drive(selector: selectors.BaseSelector, connections: list[_Connection], load: Load) -> Outcome:
    clock = time.perf_counter
    counting_from = clock() + load.warm_seconds
    until = counting_from + load.seconds
    head = b"HTTP/1.1 %d " % load.expected_status
    latencies: list[float] = []
    sent = len(connections)
    for each in connections:
        each.began = clock()
        each.socket.sendall(load.request)
    while clock() < until and sent < MAX_REQUESTS:
        ready = selector.select(ANSWER_SECONDS)
        if not ready:
            raise WrongAnswer(f"Nothing was answered for {ANSWER_SECONDS:g} s.")
        for key, _ in ready:
            connection: _Connection = key.data
            if not _receive(connection, head):
                continue
            now = clock()
            if now >= counting_from:
                latencies.append(now - connection.began)
            connection.received.clear()
            connection.began = now
            connection.socket.sendall(load.request)
            sent += 1
    return _outcome(latencies, clock() - counting_from, sent)


def _receive(connection: _Connection, head: bytes) -> bool:
    """Read what is there; True when the answer is whole."""
    part = connection.socket.recv(65536)
    if not part:
        raise WrongAnswer("The server closed a connection that should be kept.")
    received = connection.received
    received += part
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    if not received.startswith(head):
        raise WrongAnswer(f"Expected {head.decode()!r}, got: {bytes(received[:600])!r}")
    length = _LENGTH.search(received, 0, end)
    return length is not None and len(received) >= end + 4 + int(length[1])


def _outcome(latencies: list[float], seconds: float, sent: int) -> Outcome:
    if not latencies:
        raise WrongAnswer("No request was answered in the counted time.")
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
    return Outcome(len(latencies) / seconds, p50, p99, len(latencies), sent)
