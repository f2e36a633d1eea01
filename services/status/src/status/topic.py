"""A watched job as this process knows it, and how many of them are brought up to date at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headway.document import document_of
from headway.job import Job, State
from headway.problem import Problem
from headway.store import LOG_LINES_KEPT, JobStore, LogLine, Place

PLACE_SECONDS = 2.0
"""How often the place of a waiting job is looked up again: it changes without a move of the job."""


@dataclass(slots=True, eq=False)
class Watcher:
    """Somebody who follows jobs; `is_changed` is set when one of them moved."""

    job_ids: Sequence[str]
    is_changed: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True, eq=False)
class Topic:
    """Watchers read it while the hub changes it: what they see is replaced in parts, never half-written."""

    job_id: str
    root: str = ""
    """What links begin with."""
    watchers: set[Watcher] = field(default_factory=set)
    document: dict[str, Any] | None = None
    """What is told: the newest record whose log lines and place are known too."""
    lines: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LOG_LINES_KEPT))
    problem: Problem | None = None
    """Why there is no job: unknown or expired."""
    read_at: float = 0.0
    """When the record was last asked for; the document is at least as new."""
    job: Job | None = None
    """The newest record; it may be ahead of what is told."""
    is_stale: bool = False
    """The record must be read: something may have been missed."""
    place_read_at: float = 0.0
    _stored: dict[str, str] = field(default_factory=dict)
    _lines_read: int = 0

    @property
    def is_known(self) -> bool:
        return self.document is not None or self.problem is not None

    @property
    def is_waiting(self) -> bool:
        return self.job is not None and self.job.state in (State.PENDING, State.RETRY)

    @property
    def lacks_lines(self) -> bool:
        return self.job is not None and self.job.lines > self._lines_read

    @property
    def is_complete(self) -> bool:
        """Whether it can be told without a question to the store."""
        return not (self.is_stale or self.lacks_lines or self.is_waiting)

    def take(self, fields: Mapping[str, str] | None) -> None:
        """Apply changed fields, or note that the record must be read instead."""
        if fields is None or self.job is None:
            self.is_stale = True
            return
        version = int(fields["version"])
        if version <= self.job.version:
            return  # the record that was read is newer than this message
        if version != self.job.version + 1 or State(fields.get("state", self.job.state)).is_final:
            self.is_stale = True  # something was missed; or the result is there, which is not in the message
            return
        self._stored |= fields
        self.job = Job.from_fields(self._stored)

    def put_record(self, found: Job | Problem) -> None:
        self.is_stale = False
        if isinstance(found, Problem):
            self.problem = found
            return
        self.job, self.problem = found, None
        self._stored = found.to_fields()

    def put_lines(self, lines: Sequence[LogLine]) -> None:
        self.lines.extend(lines)
        self._lines_read = self.job.lines if self.job else 0

    def last_line(self) -> str:
        return self.lines[-1].id if self.lines else "0-0"

    def tell(self, place: Place) -> None:
        """Show what is known now, and wake whoever has not seen it."""
        document = document_of(self.job, place, root=self.root) if self.job else None
        if document != self.document or self.problem:
            self.document = document
            self.wake()

    def wake(self) -> None:
        for watcher in list(self.watchers):
            watcher.is_changed.set()


def bring_up_to_date(store: JobStore, topics: Sequence[Topic]) -> None:
    """Ask for all that they lack, in four round trips at the most. May raise `StoreUnavailable`."""
    began_at = time.monotonic()
    stale = [topic for topic in topics if topic.is_stale]
    if stale:
        for topic, found in zip(stale, store.fetch_many([each.job_id for each in stale]), strict=True):
            topic.put_record(found)
    quiet = {topic.job_id: topic for topic in topics if topic.lacks_lines}
    if quiet:
        logs = store.logs({job_id: topic.last_line() for job_id, topic in quiet.items()})
        for topic, lines in zip(quiet.values(), logs, strict=True):
            topic.put_lines(lines)
    places = _places(store, topics)
    # Only now: a final document ends a stream, so its log lines must be there before.
    for topic in topics:
        topic.tell(places.get(topic.job_id, Place()))
    for topic in stale:
        topic.read_at = began_at
        topic.wake()


def _places(store: JobStore, topics: Sequence[Topic]) -> Mapping[str, Place]:
    waiting = [topic.job for topic in topics if topic.job and topic.is_waiting]
    if not waiting:
        return {}
    now = time.monotonic()
    for topic in topics:
        topic.place_read_at = now
    return {job.id: place for job, place in zip(waiting, store.places(waiting), strict=True)}
