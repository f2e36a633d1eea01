"""The hub: follows every watched job once, however many watchers it has.

One thread reads the feed of moves (one subscription connection a process) and
keeps the present record of each watched job. A watcher is only woken; it takes
what is newest when it gets to it, so a slow client skips steps instead of
piling them up.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chassis.logs import get_logger
from headway.document import document_of
from headway.job import Job, State, is_job_id
from headway.problem import Problem, StoreUnavailable, job_not_found
from headway.store import LOG_LINES_KEPT, Change, JobStore, LogLine, Place

log = get_logger(__name__)

PLACE_SECONDS = 2.0
"""How often the place of a waiting job is looked up again: it changes without a move of the job."""
LISTEN_SECONDS = 0.5


@dataclass(slots=True, eq=False)
class Watcher:
    """Somebody who follows jobs; `is_changed` is set when one of them moved."""

    job_ids: Sequence[str]
    is_changed: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Topic:
    """A watched job as this process knows it. Replaced in parts, never half-written: readers need no lock."""

    job_id: str
    watchers: set[Watcher] = field(default_factory=set)
    job: Job | None = None
    document: dict[str, Any] | None = None
    problem: Problem | None = None
    """Why there is no job: unknown or expired."""
    lines: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LOG_LINES_KEPT))
    lines_read: int = 0
    stored: dict[str, str] = field(default_factory=dict)
    place: Place = Place()
    place_read_at: float = 0.0

    @property
    def is_known(self) -> bool:
        return self.document is not None or self.problem is not None


class Hub:
    """See the module's text. `start` before the first watcher."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._topics: dict[str, Topic] = {}
        self._feed = store.changes()
        self._missed: set[str] = set()
        """Jobs that moved while the store did not answer: their records are still to be read."""
        self._is_stopping = threading.Event()
        self.watcher_count = 0

    def start(self) -> None:
        threading.Thread(target=self._listen, name="hub", daemon=True).start()

    def stop(self) -> None:
        """End the thread and wake every watcher, so that streams can close."""
        self._is_stopping.set()
        for topic in list(self._topics.values()):
            self._wake(topic)

    @property
    def is_stopping(self) -> bool:
        return self._is_stopping.is_set()

    @contextmanager
    def watch(self, job_ids: Sequence[str]) -> Iterator[tuple[Watcher, list[Topic]]]:
        """Follow jobs inside the block. A topic is not known until its record was read once."""
        watcher = Watcher(job_ids)
        self.watcher_count += 1  # before the joining, which may wait: no burst of streams gets over the limit
        try:
            yield watcher, [self._join(job_id, watcher) for job_id in job_ids]
        finally:
            self.watcher_count -= 1
            for job_id in job_ids:
                self._leave(job_id, watcher)

    def _join(self, job_id: str, watcher: Watcher) -> Topic:
        with self._lock:
            topic = self._topics.get(job_id)
            if topic is None:
                topic = self._topics[job_id] = Topic(job_id)
                if is_job_id(job_id):
                    # The feed answers a new subscription with a change, and that reads the record.
                    self._feed.watch(job_id)
                else:
                    topic.problem = job_not_found(job_id)
            topic.watchers.add(watcher)
        if topic.is_known:
            watcher.is_changed.set()
        return topic

    def _leave(self, job_id: str, watcher: Watcher) -> None:
        with self._lock:
            topic = self._topics.get(job_id)
            if topic is None:
                return  # it was never joined
            topic.watchers.discard(watcher)
            if not topic.watchers:
                del self._topics[job_id]
                self._feed.unwatch(job_id)

    def _listen(self) -> None:
        while not self.is_stopping:
            try:
                change = self._feed.next(LISTEN_SECONDS)
                if change:
                    self._take(change)
                self._take_missed()
                self._refresh_places()
            except Problem:
                self._is_stopping.wait(LISTEN_SECONDS)  # the store is away: watchers keep what they have
            except Exception:  # one odd record must not end the stream of all others
                log.exception("hub stumbled")
                self._is_stopping.wait(LISTEN_SECONDS)
        self._feed.close()

    def _take(self, change: Change) -> None:
        topic = self._topics.get(change.job_id)
        if topic is None:
            return
        try:
            self._bring_up_to_date(topic, change)
        except StoreUnavailable:
            self._missed.add(change.job_id)
            raise
        self._wake(topic)

    def _take_missed(self) -> None:
        while self._missed:
            self._take(Change(self._missed.pop(), None))

    def _bring_up_to_date(self, topic: Topic, change: Change) -> None:
        if not self._merge(topic, change):
            self._read(topic)
        if topic.job:
            self._read_lines(topic, topic.job)
            self._place(topic, topic.job)

    def _merge(self, topic: Topic, change: Change) -> bool:
        """Apply the changed fields; False when the record must be read instead."""
        if change.fields is None or topic.job is None:
            return False
        version = int(change.fields["version"])
        if version <= topic.job.version:
            return True  # the record that was read is newer than this message
        if version != topic.job.version + 1 or State(change.fields.get("state", topic.job.state)).is_final:
            return False  # something was missed; or the result is there, which is not in the message
        topic.stored |= change.fields
        topic.job = Job.from_fields(topic.stored)
        return True

    def _read(self, topic: Topic) -> None:
        try:
            topic.job = self._store.fetch(topic.job_id)
        except Problem as problem:
            if problem.status == 503:
                raise
            topic.problem = problem
            return
        topic.stored = topic.job.to_fields()

    def _read_lines(self, topic: Topic, job: Job) -> None:
        if job.lines > topic.lines_read:
            last = topic.lines[-1].id if topic.lines else "0-0"
            topic.lines.extend(self._store.log(job.id, after=last))
            topic.lines_read = job.lines

    def _refresh_places(self) -> None:
        now = time.monotonic()
        for topic in list(self._topics.values()):
            is_waiting = topic.job is not None and topic.job.state in (State.PENDING, State.RETRY)
            if topic.job and is_waiting and now - topic.place_read_at >= PLACE_SECONDS:
                was = topic.place
                self._place(topic, topic.job)
                if topic.place != was:
                    self._wake(topic)

    def _place(self, topic: Topic, job: Job) -> None:
        topic.place = self._store.place(job)
        topic.place_read_at = time.monotonic()
        topic.document = document_of(job, topic.place)

    def _wake(self, topic: Topic) -> None:
        for watcher in list(topic.watchers):
            watcher.is_changed.set()
