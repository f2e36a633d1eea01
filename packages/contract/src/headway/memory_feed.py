"""The feed of moves inside one process: what a Redis subscription is for `MemoryJobStore`."""

from __future__ import annotations

import queue
from collections.abc import Callable

from headway.store import Change


class MemoryFeed:
    """See `headway.store.Changes`."""

    def __init__(self, on_close: Callable[[MemoryFeed], None]) -> None:
        self._on_close = on_close
        self._watched: set[str] = set()
        self._queue: queue.SimpleQueue[Change] = queue.SimpleQueue()

    def watch(self, job_id: str) -> None:
        self._watched.add(job_id)
        self._queue.put(Change(job_id, None))

    def unwatch(self, job_id: str) -> None:
        self._watched.discard(job_id)

    def put(self, change: Change) -> None:
        if change.job_id in self._watched:
            self._queue.put(change)

    def next(self, timeout_seconds: float) -> Change | None:
        try:
            return self._queue.get(timeout=timeout_seconds)
        except queue.Empty:
            return None

    def close(self) -> None:
        self._on_close(self)
