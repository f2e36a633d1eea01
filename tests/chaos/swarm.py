"""Many HTTP clients in one thread: kept-alive connections and event streams on asyncio, with nothing hidden.

A library would repeat, pool and redirect behind our back; here every broken
connection is seen, because whether a submit's outcome is known depends on it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

MAX_LINE_BYTES = 4 * 1024 * 1024


class NoAnswer(Exception):
    """The connection was refused, broke or stayed silent: what the server did is not known."""

    def __init__(self, text: str, *, was_sent: bool) -> None:
        super().__init__(text)
        self.was_sent = was_sent
        """False: the request never left, so certainly nothing happened."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream."""

    name: str
    id: str
    data: str


@dataclass(slots=True)
class Connection:
    """One kept-alive connection; it connects when it has to and forgets what broke."""

    port: int
    host: str = "127.0.0.1"
    timeout_seconds: float = 10.0
    _pair: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, init=False)

    async def request(
        self, method: str, path: str, document: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and read its answer. Raises `NoAnswer`."""
        was_sent = False
        try:
            async with asyncio.timeout(self.timeout_seconds):
                reader, writer = await self._connected()
                was_sent = True
                writer.write(_request_bytes(method, path, document, headers or {}))
                await writer.drain()
                answer = await _read_answer(reader)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self.close()
            raise NoAnswer(f"{method} {path}: {error!r}", was_sent=was_sent) from error
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    async def events(self, path: str, last_event_id: str = "") -> AsyncIterator[Event]:
        """`open`, then every event of one stream until the server closes it. Raises `NoAnswer`, also for a refusal."""
        self.close()
        try:
            async with asyncio.timeout(self.timeout_seconds):
                reader, writer = await self._connected()
                headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
                writer.write(_request_bytes("GET", path, None, headers))
                status, answered = await _read_head(reader)
            if status != 200:
                raise NoAnswer(f"GET {path}: {status}", was_sent=True)
            yield Event("open", "", "")
            async for event in _read_events(_lines(reader, "chunked" in answered.get("transfer-encoding", ""))):
                yield event
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            raise NoAnswer(f"GET {path}: {error!r}", was_sent=True) from error
        finally:
            self.close()

    def close(self) -> None:
        if self._pair:
            self._pair[1].close()
        self._pair = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        # An idle connection that the server has closed would swallow the next request.
        if self._pair and self._pair[0].at_eof():
            self.close()
        if self._pair is None:
            self._pair = await asyncio.open_connection(self.host, self.port, limit=MAX_LINE_BYTES)
        return self._pair


def _request_bytes(method: str, path: str, document: Any, headers: Mapping[str, str]) -> bytes:
    body = b"" if document is None else json.dumps(document).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in head[1:] if line)
    return int(head[0].split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _read_answer(reader: asyncio.StreamReader) -> Answer:
    status, headers = await _read_head(reader)
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b"".join([chunk async for chunk in _chunks(reader)])
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(status, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")


async def _lines(reader: asyncio.StreamReader, is_chunked: bool) -> AsyncIterator[str]:
    if not is_chunked:
        while line := await reader.readline():
            yield line.decode().rstrip("\r\n")
        return
    rest = b""
    with suppress(asyncio.IncompleteReadError):  # a stream may end in the middle; what came whole counts
        async for chunk in _chunks(reader):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.decode().rstrip("\r")


async def _read_events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "data" in fields:
            yield Event(fields.get("event", "message"), fields.get("id", ""), fields["data"])
        fields = {}
