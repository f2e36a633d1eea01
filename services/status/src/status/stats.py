"""The figures of all jobs together as clients read them: one look at Redis a second, however many want it."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chassis.logs import get_logger
from headway.figures import COUNTS, Counted, Figures, Line
from headway.job import State
from headway.problem import StoreUnavailable
from headway.store import JobStore
from status.topic import Watcher

log = get_logger(__name__)

FRESH_SECONDS = 1.0
Document = dict[str, Any]


class Stats:
    """The stats document as this process knows it. Safe for any thread."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._looked_at = -FRESH_SECONDS
        self._document: Document | None = None
        """What the last look found; None when the store did not answer it."""
        self._watching = threading.Lock()
        self._watchers: set[Watcher] = set()
        self._is_followed = False
        self.latest: Document | None = None
        """For watchers: what the last look found that was answered."""

    def read(self) -> Document:
        """The document, at most a second old. Raises `StoreUnavailable`.

        Who comes while another one looks waits for that look. One that failed stands for a second too: else all who
        waited for its time-out would wait for another one, one after the other.
        """
        with self._lock:
            if time.monotonic() - self._looked_at >= FRESH_SECONDS:
                self._look()
            if self._document is None:
                raise StoreUnavailable("The job store does not answer.")
            return self._document

    @contextmanager
    def watch(self, watcher: Watcher) -> Iterator[None]:
        """Have the watcher woken, inside the block, when the figures may have changed."""
        with self._watching:
            self._watchers.add(watcher)
            if not self._is_followed:
                self.latest, self._is_followed = None, True  # what is known is of those before, any time ago
                threading.Thread(target=self._follow, name="stats", daemon=True).start()
        try:
            yield
        finally:
            with self._watching:
                self._watchers.discard(watcher)

    def _follow(self) -> None:
        """For as long as somebody watches; nobody pays for figures that nobody sees."""
        while self._is_wanted():
            try:
                self.latest = self.read()
            except StoreUnavailable:
                pass  # watchers keep what they have
            except Exception:  # whatever is odd must not leave all watchers without figures for good
                log.exception("stats stumbled")
            for watcher in list(self._watchers):
                watcher.is_changed.set()
            time.sleep(FRESH_SECONDS)

    def _is_wanted(self) -> bool:
        """Decided together with who joins: else two would follow, or nobody."""
        with self._watching:
            self._is_followed = bool(self._watchers)
            return self._is_followed

    def _look(self) -> None:
        self._document = None
        try:
            self._document = stats_document(self._store.figures())
        except StoreUnavailable:
            pass  # `read` says so, to all who ask within the second
        finally:
            self._looked_at = time.monotonic()


def stats_document(figures: Figures) -> Document:
    """Counters are since ever; whoever wants rates takes the difference of two documents."""
    return {
        "at": figures.at,
        "totals": {state.value: figures.states.get(state, 0) for state in State},
        **{what: figures.total(what) for what in ("submitted", "started", "retried", "restarted")},
        "finished": {outcome: figures.total("finished", outcome) for outcome in COUNTS["finished"]},
        "scheduled": figures.scheduled,
        "queues": _queues(figures),
        "tasks": _tasks(figures),
    }


def _queues(figures: Figures) -> list[Document]:
    running: dict[str, int] = defaultdict(int)
    for each in figures.running:
        running[each.queue] += each.jobs
    # A queue that came late is counted together with others, and has no line of its own: its jobs run all the same.
    lines = {queue: Line(queue) for queue in running} | {line.queue: line for line in figures.lines}
    return [_queue(line, running.get(line.queue, 0)) for _, line in sorted(lines.items())]


def _queue(line: Line, running: int) -> Document:
    return {
        "queue": line.queue,
        "queued": line.queued,
        "oldest_at": line.oldest_at,
        "running": running,
        "workers": line.workers,
        "slots": line.slots,
    }


def _tasks(figures: Figures) -> list[Document]:
    running = {(each.queue, each.task): each.jobs for each in figures.running}
    return [_task(figures.counts, queue, task, running.get((queue, task), 0)) for queue, task in figures.kinds()]


def _task(counts: Mapping[Counted, int], queue: str, task: str, running: int) -> Document:
    finished = {outcome: counts.get(Counted("finished", outcome, queue, task), 0) for outcome in COUNTS["finished"]}
    submitted = counts.get(Counted("submitted", "", queue, task), 0)
    return {"task": task, "queue": queue, "running": running, "submitted": submitted, "finished": finished}
