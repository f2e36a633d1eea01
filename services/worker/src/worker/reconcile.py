"""The housekeeping every worker does beside its jobs: rings for what is due, and says that it lives.

Any number of workers may do it at once, and none for a while: each step is one
atomic script, and what was missed is still due afterwards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from chassis.logs import get_logger
from headway.catalogue import TaskEntry, Worker
from headway.problem import StoreUnavailable
from headway.store import JobStore

log = get_logger(__name__)

WAKE_SECONDS = 0.2
ANNOUNCE_SECONDS = 2.0


class Reconciler:
    """A thread in the worker's parent process."""

    def __init__(
        self,
        store: JobStore,
        worker: Worker,
        entries: Sequence[TaskEntry],
        *,
        on_woken: Callable[[int], None] = lambda number: None,
        beside: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._worker = worker
        self._entries = entries
        self._on_woken = on_woken
        self._beside = beside
        self._announce_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="reconciler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread and withdraw the worker, so that nobody waits for it."""
        self._stopping.set()
        self._thread.join(timeout=5)
        try:
            self._store.withdraw(self._worker.name)
        except StoreUnavailable:
            log.info("could not withdraw")  # tolerated: the announcement ends by itself

    def _loop(self) -> None:
        while not self._stopping.wait(WAKE_SECONDS):
            try:
                self._tick()
            except StoreUnavailable as problem:
                log.warning("store away", detail=problem.detail)
                self._stopping.wait(1)
            except Exception:  # housekeeping must go on, whatever one tick met
                log.exception("reconciler stumbled")
                self._stopping.wait(1)

    def _tick(self) -> None:
        try:
            self._announce_when_due()
            self._on_woken(self._store.wake(self._worker.queues))
        finally:
            self._beside()  # above all in an outage: it tells that no echo can be expected

    def _announce_when_due(self) -> None:
        if time.monotonic() >= self._announce_at:
            self._store.announce(self._worker, self._entries)
            self._announce_at = time.monotonic() + ANNOUNCE_SECONDS
