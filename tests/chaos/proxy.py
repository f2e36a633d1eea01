"""A TCP proxy that breaks: latency, bandwidth, resets, black holes, and a call at an exact request or reply.

One thread with an event loop serves all proxies of the program. A black hole holds
bytes back and delivers them when it ends, as TCP does after a network partition:
so a command may arrive long after its client gave it up.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
CALL_SECONDS = 10.0
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(eq=False)
class Connection:
    """One client's connection through a proxy, with what it said last: a hook knows a reply by its request."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    last_request: bytes = b""
    notes: dict[str, Any] = field(default_factory=dict)
    """For hooks to remember things."""


@dataclass
class Direction:
    """How bytes of one direction are treated."""

    latency_seconds: float = 0.0
    bytes_per_second: float = 0.0
    """0 means as fast as it goes."""
    is_blocked: bool = False


Hook = Callable[[Connection, bytes], bool]
"""Sees bytes before they are forwarded; False means: throw them away."""


class Proxy:
    """Listens on a port of its own and forwards to another one."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.up = Direction()
        """From the client to the server: requests."""
        self.down = Direction()
        """From the server to the client: replies."""
        self.on_request: Hook | None = None
        """Called in the proxies' thread: it must be quick, and may kill processes."""
        self.on_reply: Hook | None = None
        self._connections: set[Connection] = set()
        self._loop = _running_loop()
        self._server = self._call(asyncio.start_server(self._serve, LOOPBACK, 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    def block(self, *, up: bool = True, down: bool = True) -> None:
        self.up.is_blocked, self.down.is_blocked = up, down

    def heal(self) -> None:
        """Forward everything at once again; what was held back is delivered."""
        for direction in (self.up, self.down):
            direction.latency_seconds = direction.bytes_per_second = 0.0
            direction.is_blocked = False

    def reset_all(self) -> None:
        """Break every open connection with a TCP reset."""
        self._call(self._reset_all())

    def close(self) -> None:
        async def close() -> None:
            self._server.close()
            await self._reset_all()

        self._call(close())

    async def _reset_all(self) -> None:
        for connection in list(self._connections):
            for writer in (connection.client, connection.server):
                # Without lingering a close is a reset.
                with suppress(OSError):  # closed a moment ago
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                writer.transport.abort()

    def _call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(CALL_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(LOOPBACK, self.target_port)
        except OSError:
            writer.transport.abort()  # nobody listens there: refused, as far as a proxy can say it
            return
        connection = Connection(writer, server_writer)
        self._connections.add(connection)
        try:
            await asyncio.gather(
                self._relay(connection, reader, server_writer, self.up),
                self._relay(connection, server_reader, writer, self.down),
            )
        finally:
            self._connections.discard(connection)

    async def _relay(
        self, connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        """Read on while earlier bytes wait, so that a latency delays everything by the same time."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1000)
        writing = asyncio.create_task(self._write(waiting, writer, direction))
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if not self._is_wanted(connection, data, direction):
                    continue
                await waiting.put((time.monotonic() + direction.latency_seconds, data))
        await waiting.put((time.monotonic() + direction.latency_seconds, b""))
        await writing

    def _is_wanted(self, connection: Connection, data: bytes, direction: Direction) -> bool:
        if direction is self.up:
            connection.last_request = data
        hook = self.on_request if direction is self.up else self.on_reply
        return hook(connection, data) if hook else True

    async def _write(
        self, waiting: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        is_broken = False
        while True:
            due_at, data = await waiting.get()
            await asyncio.sleep(max(0.0, due_at - time.monotonic()))
            while direction.is_blocked and not writer.is_closing():
                await asyncio.sleep(0.02)
            if not data:
                writer.close()
                return
            if is_broken:
                continue
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                is_broken = True  # go on emptying the queue, so that the reader never waits for us
            if direction.bytes_per_second:
                await asyncio.sleep(len(data) / direction.bytes_per_second)


_loops: list[asyncio.AbstractEventLoop] = []
_starting = threading.Lock()


def _running_loop() -> asyncio.AbstractEventLoop:
    """The event loop all proxies share, in a thread of its own."""
    with _starting:
        if not _loops:
            _loops.append(asyncio.new_event_loop())
            threading.Thread(target=_loops[0].run_forever, name="proxies", daemon=True).start()
    return _loops[0]
