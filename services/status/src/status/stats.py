"""The figures of all jobs together as clients read them: one look at Redis a second, however many want it."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from headway.figures import COUNTS, Counted, Figures, Line
from headway.job import State
from headway.problem import StoreUnavailable
from headway.store import JobStore

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
