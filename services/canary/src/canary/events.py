"""The events of a job, followed as a browser does it: a stream that is cut is taken up where it was."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from canary.client import Client
from canary.deadline import Deadline
from chassis.logs import get_logger

log = get_logger(__name__)

RECONNECT_SECONDS = 0.5
LAST_EVENTS = frozenset({"end", "missing"})
GONE = frozenset({204, 404, 410})
"""Statuses after which there is nothing more to come; others (too many streams, no service) may pass."""


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    id: str
    data: dict[str, Any]


def follow(client: Client, deadline: Deadline, job_id: str) -> Iterator[Event]:
    """Every event until the job's last one. Raises `DeadlineOver`."""
    last_id = ""
    while True:
        try:
            for event in _events_after(client, job_id, last_id):
                yield event
                if event.name in LAST_EVENTS:
                    return
                last_id = event.id or last_id
        except _Gone:
            return
        except (OSError, http.client.HTTPException) as error:
            log.info("stream cut", job_id=job_id, error=repr(error))
        deadline.pause(RECONNECT_SECONDS)


class _Gone(Exception):
    """The service says that there is nothing more."""


def _events_after(client: Client, job_id: str, last_id: str) -> Iterator[Event]:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": last_id} if last_id else {"Accept": "text/event-stream"}
    with client.open("GET", f"/status/{job_id}/events", headers=headers) as connection:
        if connection.status in GONE:
            raise _Gone
        if connection.status != 200:
            raise http.client.HTTPException(f"the stream was refused with {connection.status}")
        yield from _read(connection.pieces())


def _read(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Take events apart: each ends with an empty line. One that was cut off is none."""
    rest = b""
    for piece in pieces:
        *blocks, rest = (rest + piece).split(b"\n\n")
        for block in blocks:
            lines = (line.partition(": ") for line in block.decode().split("\n"))
            fields = {name: value for name, _, value in lines}
            if "data" in fields:
                yield Event(fields.get("event", "message"), fields.get("id", ""), orjson.loads(fields["data"]))
