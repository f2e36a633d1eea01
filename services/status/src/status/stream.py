"""The events of one stream, as text/event-stream (WHATWG HTML, section 9.2).

Per job: `snapshot` first, then `update` with what changed, `log` lines, and
`end` after a final state; `missing` for an id without a job. The event id says
for every job which version and which log line the client has, and whether it
has the end, so that a reconnecting client gets what it has not seen, once.
Who asks for them gets the figures of all jobs too, as `stats`: each stands for itself, and none is sent again.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from headway.document import encode, log_document
from headway.job import State
from headway.problem import Problem
from headway.store import LOG_LINES_KEPT
from status.hub import Hub
from status.metrics import OpenStream, StreamMetrics
from status.topic import Topic

RETRY_MILLISECONDS = 2000
MIN_GAP_SECONDS = 0.1
"""At most ten updates a second; what comes faster is folded together."""
STOP_CHECK_SECONDS = 1.0
OLD_LINES_OF_MANY = 20
"""Log lines from before the connection that a stream of many jobs begins with, for each job."""
_CURSOR = re.compile(r"(\d{1,15})(?:/(\d{1,15}-\d{1,9}))?(/end)?")


@dataclass(slots=True)
class Cursor:
    """What the client of a stream has of one job."""

    version: int = 0
    line: str = "0-0"
    sent: dict[str, Any] | None = None
    is_over: bool = False
    """`end` or `missing` was sent: nothing more will come of this job."""

    def __str__(self) -> str:
        line = "" if self.line == "0-0" else f"/{self.line}"
        return f"{self.version}{line}{'/end' if self.is_over else ''}"


def read_cursors(last_event_id: str, job_count: int) -> list[Cursor]:
    """Take a `Last-Event-ID` apart. Raises `invalid-last-event-id`."""
    if not last_event_id:
        return [Cursor() for _ in range(job_count)]
    matches = [_CURSOR.fullmatch(part) for part in last_event_id.split(",")] if len(last_event_id) < 10_000 else []
    if len(matches) != job_count or not all(matches):
        detail = "The Last-Event-ID is not one of this stream. Connect without it to get a snapshot."
        raise Problem("invalid-last-event-id", detail)
    return [Cursor(int(match[1]), match[2] or "0-0", is_over=bool(match[3])) for match in matches if match]


class Stream:
    """One client's stream of one or many jobs."""

    def __init__(
        self,
        hub: Hub,
        job_ids: Sequence[str],
        cursors: list[Cursor],
        *,
        metrics: StreamMetrics,
        keep_alive_seconds: float,
        with_stats: bool = False,
    ) -> None:
        self._hub = hub
        self._metrics = metrics
        self._job_ids = job_ids
        self._cursors = cursors
        self._keep_alive_seconds = keep_alive_seconds
        self._with_stats = with_stats
        self._told_stats: dict[str, Any] = {}
        self._began_at = 0.0
        # The whole log is for whoever looks at one job; a list of many shows the end of each.
        self._old_lines = LOG_LINES_KEPT if len(job_ids) == 1 else OLD_LINES_OF_MANY

    def events(self, *, is_resumed: bool = False, is_continued: bool = False) -> Iterator[bytes]:
        """Every event until all jobs have ended or the service stops; never raises while the store is away.

        Figures have no end: a stream with them ends with the service only.
        """
        with self._metrics.stream(is_resumed=is_resumed, is_continued=is_continued) as sending:
            yield from self._events(sending)

    def _events(self, sending: OpenStream) -> Iterator[bytes]:
        self._began_at = time.monotonic()
        with self._hub.watch(self._job_ids, with_stats=self._with_stats) as (watcher, topics):
            yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
            quiet_since = time.monotonic()
            while not self._hub.is_stopping:
                watcher.is_changed.clear()
                events = b"".join([*self._new_stats(), *self._new_events(topics)])
                if events:
                    sending.told()
                    yield events
                    quiet_since = time.monotonic()
                if not self._with_stats and all(cursor.is_over for cursor in self._cursors):
                    sending.reason = "finished"
                    return
                if events:
                    time.sleep(MIN_GAP_SECONDS)
                watcher.is_changed.wait(min(STOP_CHECK_SECONDS, self._keep_alive_seconds))
                if time.monotonic() - quiet_since >= self._keep_alive_seconds:
                    yield b": keep-alive\n\n"
                    quiet_since = time.monotonic()
            sending.reason = "stopping"
            # Its watchers move to another process, and not all in the same moment.
            yield f"retry: {random.randint(1, RETRY_MILLISECONDS)}\n\n".encode()

    def _new_stats(self) -> Iterator[bytes]:
        document = self._hub.stats.latest if self._with_stats else None
        if document and _difference(self._told_stats, document).keys() - {"at"}:
            self._told_stats = document
            yield self._event("stats", document)

    def _new_events(self, topics: Sequence[Topic]) -> Iterator[bytes]:
        for topic, cursor in zip(topics, self._cursors, strict=True):
            if topic.document and topic.document["version"] > cursor.version:
                cursor.is_over = False  # a retry: the end that was told was not the last one
            if not cursor.is_over:
                yield from self._events_of(topic, cursor)

    def _events_of(self, topic: Topic, cursor: Cursor) -> Iterator[bytes]:
        document = topic.document
        if topic.problem:
            cursor.is_over = True
            missing = {"id": topic.job_id, "status": topic.problem.status, "detail": topic.problem.detail}
            yield self._event("missing", missing)
            return
        if document is None or self._is_overtaken(topic, document, cursor):
            return
        if cursor.version == 0:
            cursor.line = self._first_line(topic)
        yield from self._document_events(document, cursor)
        yield from self._line_events(topic, cursor)
        if State(document["state"]).is_final:
            cursor.is_over = True
            yield self._event("end", {"id": topic.job_id, "state": document["state"], "version": cursor.version})

    def _is_overtaken(self, topic: Topic, document: dict[str, Any], cursor: Cursor) -> bool:
        """Whether the client has seen more, through another process, than this one knows: versions never go back.

        The record decides, once it was read for this stream. If it is older too, then the store was restored
        from an older copy, or the client's id is of another job: all is told from the start.
        """
        if document["version"] >= cursor.version:
            return False
        if topic.read_at < self._began_at:
            self._hub.read_again(topic)
            return True
        cursor.version, cursor.line, cursor.sent = 0, "0-0", None
        return False

    def _first_line(self, topic: Topic) -> str:
        """The log line behind which a new client begins."""
        lines = list(topic.lines)
        return lines[-self._old_lines - 1].id if len(lines) > self._old_lines else "0-0"

    def _document_events(self, document: dict[str, Any], cursor: Cursor) -> Iterator[bytes]:
        if cursor.sent is None:
            # The place of a waiting job changes without a new version, so it is told anew.
            is_seen = cursor.version == document["version"] and document["waiting_for"] is None
            cursor.sent, cursor.version = document, document["version"]
            if not is_seen:
                yield self._event("snapshot", document)
            return
        changed = _difference(cursor.sent, document)
        if changed:
            self._note(document, cursor)
            cursor.sent, cursor.version = document, document["version"]
            yield self._event("update", {"id": document["id"], "version": document["version"]} | changed)

    def _note(self, document: dict[str, Any], cursor: Cursor) -> None:
        """A waiting job's place changes without a write, which nobody has waited for."""
        if document["version"] > cursor.version:
            self._metrics.skipped.inc(document["version"] - cursor.version - 1)
            self._metrics.told("stream", document["id"], document["updated_at"])

    def _line_events(self, topic: Topic, cursor: Cursor) -> Iterator[bytes]:
        seen = _place_of(cursor.line)
        for line in list(topic.lines):
            if _place_of(line.id) > seen:
                cursor.line = line.id
                yield self._event("log", log_document(topic.job_id, line))

    def _event(self, name: str, data: Any) -> bytes:
        self._metrics.event(name)
        # A stream without jobs has nothing to go on from: its events have no id.
        event_id = f"id: {','.join(str(cursor) for cursor in self._cursors)}\n" if self._cursors else ""
        return b"event: %s\n%sdata: %s\n\n" % (name.encode(), event_id.encode(), encode(data))


def _difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Fields that changed; one that went away becomes null."""
    changed = {name: value for name, value in new.items() if name not in old or old[name] != value}
    return changed | {name: None for name in old if name not in new}


def _place_of(line_id: str) -> tuple[int, int]:
    version, number = line_id.split("-")
    return int(version), int(number)
