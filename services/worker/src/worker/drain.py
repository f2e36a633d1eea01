"""Stop without losing work: running jobs may finish for a while, then they are handed back."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from chassis.logs import get_logger
from headway.problem import StoreUnavailable
from headway.store import Interruption
from worker.child import end_child, signal_child
from worker.engine import Engine
from worker.request import delivered_requests

log = get_logger(__name__)

CHECK_SECONDS = 0.1


class Drain:
    """A thread in the worker's parent, begun by SIGTERM; Celery itself waits for running jobs without an end."""

    def __init__(self, engine: Engine, on_handed_back: Callable[[int], None] = lambda pid: None) -> None:
        """`on_handed_back` is given the process that ran the job."""
        self._engine = engine
        self._on_handed_back = on_handed_back
        self._is_urgent = threading.Event()
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._drain, name="drain", daemon=True)

    def begin(self, **_: Any) -> None:
        """The first SIGTERM lets jobs finish; whoever sends another one cannot wait for them."""
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._is_urgent.set()

    @property
    def is_urgent(self) -> bool:
        """It was begun more than once."""
        return self._is_urgent.is_set()

    def close(self) -> None:
        """No more doorbells come; until then one on its way may still bring a job."""
        self._is_closed.set()

    def _drain(self) -> None:
        seconds = self._engine.settings.drain_seconds
        deadline = time.monotonic() + seconds
        log.info("draining", running=len(delivered_requests()), seconds=seconds)
        while delivered_requests() or not self._is_closed.is_set():
            time.sleep(CHECK_SECONDS)
            if self._is_urgent.is_set() or time.monotonic() >= deadline:
                self._hand_back_all()

    def _hand_back_all(self) -> None:
        for request in delivered_requests():
            try:
                self._hand_back(request)
            except Exception:  # the other jobs must not wait for this one; the next round tries it again
                log.exception("drain stumbled", job_id=request.id)

    def _hand_back(self, request: Any) -> None:
        """Another worker may start the job as soon as the record says so; by then this one's process stands still."""
        if not request.worker_pid:
            return  # no process has accepted it yet
        store, owner = self._engine.store(), self._engine.owner(request.worker_pid)

        def give_back() -> bool:
            is_given = store.interrupt(request.id, owner, Interruption.DRAINED)
            if is_given:
                self._on_handed_back(request.worker_pid)  # before the process ends, whose end is looked into
            return is_given

        try:
            is_ours = end_child(request.worker_pid, give_back)
        except StoreUnavailable as problem:
            # It cannot be told now; without its process the lease ends, and another worker takes the job then.
            log.error("job not handed back", job_id=request.id, detail=problem.detail)
            signal_child(request.worker_pid, signal.SIGKILL)
            return
        if is_ours:
            log.info("job handed back", job_id=request.id)
