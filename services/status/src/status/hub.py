"""The hub: follows every watched job once, however many watchers it has.

One thread reads the feed of moves (one subscription connection a process) and
keeps the present record of each watched job. A watcher is only woken; it takes
what is newest when it gets to it, so a slow client skips steps instead of
piling them up. What is not in the moves is asked of the store, for many jobs at
once and for a bounded number between two looks at the feed: so a slow store
delays the moves of all others by a few round trips, however many jobs wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

from chassis.logs import get_logger
from headway.job import is_job_id
from headway.problem import StoreUnavailable, job_not_found
from headway.store import Change, JobStore, Place
from status.stats import Stats
from status.topic import PLACE_SECONDS, Topic, Watcher, bring_up_to_date

log = get_logger(__name__)

LISTEN_SECONDS = 0.5
MAX_CHANGES = 1_000
"""Taken from the feed before the store is asked again."""
MAX_READS = 50
"""Jobs asked about at once, for each of the two reasons: they moved, or they wait."""


class Hub:
    """See the module's text. `start` before the first watcher."""

    def __init__(self, store: JobStore, root: str = "") -> None:
        """Links in what it tells begin with `root`."""
        self._store = store
        self._root = root
        self.stats = Stats(store)
        self._lock = threading.Lock()
        self._topics: dict[str, Topic] = {}
        self._feed = store.changes()
        self._behind: dict[str, None] = {}
        """Jobs that cannot be told without a question to the store, the oldest first. Guarded by the lock."""
        self._waiting: dict[str, None] = {}
        """Jobs whose place is looked up again and again, the longest ago first. The thread's own."""
        self._is_stopping = threading.Event()
        self.watcher_count = 0

    def start(self) -> None:
        threading.Thread(target=self._listen, name="hub", daemon=True).start()

    def stop(self) -> None:
        """End the thread and wake every watcher, so that streams can close."""
        self._is_stopping.set()
        for topic in list(self._topics.values()):
            topic.wake()

    @property
    def is_stopping(self) -> bool:
        return self._is_stopping.is_set()

    @contextmanager
    def watch(self, job_ids: Sequence[str], *, with_stats: bool = False) -> Iterator[tuple[Watcher, list[Topic]]]:
        """Follow jobs, or the figures of all, inside the block. A topic is not known until its record was read once."""
        watcher = Watcher(job_ids)
        self.watcher_count += 1  # before the joining, which may wait: no burst of streams gets over the limit
        try:
            with self.stats.watch(watcher) if with_stats else nullcontext():
                yield watcher, [self._join(job_id, watcher) for job_id in job_ids]
        finally:
            self.watcher_count -= 1
            for job_id in job_ids:
                self._leave(job_id, watcher)

    def read_again(self, topic: Topic) -> None:
        """What is known of a job is older than somebody has seen it: ask for its record."""
        topic.is_stale = True
        self._queue(topic.job_id)

    def _join(self, job_id: str, watcher: Watcher) -> Topic:
        with self._lock:
            topic = self._topics.get(job_id)
            if topic is None:
                topic = self._topics[job_id] = Topic(job_id, self._root)
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
                self._take_changes()
                self._ask(self._next_behind() + self._next_waiting())
            except StoreUnavailable:
                self._is_stopping.wait(LISTEN_SECONDS)  # the store is away: watchers keep what they have
            except Exception:  # whatever is odd must not end the streams of all others
                log.exception("hub stumbled")
                self._is_stopping.wait(LISTEN_SECONDS)
        self._feed.close()

    def _take_changes(self) -> None:
        change = self._feed.next(0 if self._behind else LISTEN_SECONDS)
        taken = 0
        while change:
            self._take(change)
            taken += 1
            change = self._feed.next(0) if taken < MAX_CHANGES else None

    def _take(self, change: Change) -> None:
        topic = self._topics.get(change.job_id)
        if topic is None:
            return
        topic.take(change.fields)
        if topic.is_complete:
            topic.tell(Place())
        else:
            self._queue(change.job_id)

    def _queue(self, job_id: str) -> None:
        with self._lock:
            self._behind[job_id] = None

    def _next_behind(self) -> list[Topic]:
        with self._lock:
            job_ids = list(self._behind)[:MAX_READS]
            for job_id in job_ids:
                del self._behind[job_id]
            return [self._topics[job_id] for job_id in job_ids if job_id in self._topics]

    def _next_waiting(self) -> list[Topic]:
        """Those whose place was looked up the longest ago, as far as it is time."""
        due: list[Topic] = []
        for job_id in list(self._waiting):
            topic = self._topics.get(job_id)
            if topic is None or not topic.is_waiting:
                del self._waiting[job_id]
            elif len(due) == MAX_READS or time.monotonic() - topic.place_read_at < PLACE_SECONDS:
                break
            else:
                due.append(topic)
        return due

    def _ask(self, topics: Sequence[Topic]) -> None:
        topics = list(dict.fromkeys(topics))  # one that moved may wait as well
        try:
            bring_up_to_date(self._store, topics)
        except StoreUnavailable:
            for topic in topics:
                self._queue(topic.job_id)
            raise
        except Exception:
            if len(topics) == 1:
                raise
            for topic in topics:  # one of them is odd: it shall not hide the others
                self._ask_alone(topic)
        for topic in topics:
            self._waiting.pop(topic.job_id, None)
            if topic.is_waiting:
                self._waiting[topic.job_id] = None

    def _ask_alone(self, topic: Topic) -> None:
        try:
            self._ask([topic])
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("hub stumbled", job_id=topic.job_id)
