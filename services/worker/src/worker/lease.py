"""Keeps the leases of all running jobs of this worker: one call a second, from a thread of the parent.

Who cannot renew stops working before the lease ends: the child is paused, so that
it does nothing while another worker may take the job over, and goes on when the
lease turns out to be kept. A child that has lost its job is ended, after two
such answers: one may just come from a claim that is being settled. A child that was
paused before it could claim goes on too: nobody has had its job. A child whose job
was cancelled has the grace to stop by itself; then it is ended too.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chassis.logs import get_logger
from headway.problem import StoreUnavailable
from headway.store import LEASE_SECONDS, JobStore, Standing
from worker.child import SendSignal, signal_child

log = get_logger(__name__)

RENEW_SECONDS = 1.0
PAUSE_AFTER_SECONDS = LEASE_SECONDS / 2


class Running(NamedTuple):
    """A job in one of this worker's children."""

    job_id: str
    owner: str
    pid: int


class LeaseKeeper:
    """A thread in the worker's parent process."""

    def __init__(
        self,
        store: JobStore,
        running: Callable[[], Sequence[Running]],
        *,
        cancel_grace_seconds: float,
        end_cancelled: Callable[[Running], None],
        send_signal: SendSignal = os.kill,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._running = running
        self._cancel_grace_seconds = cancel_grace_seconds
        self._end_cancelled = end_cancelled
        self._send_signal = send_signal
        self._clock = clock
        self._safe_until: dict[Running, float] = {}
        self._is_ours: set[Running] = set()
        """Renewed at least once: a doorbell that is still to be claimed is not fenced by somebody else's claim."""
        self._lost_once: set[Running] = set()
        self._paused: set[Running] = set()
        self._cancelled_at: dict[Running, float] = {}

    def start(self) -> None:
        """Keep leases until this process ends; there is no stop, for jobs run on while a worker is drained."""
        threading.Thread(target=self._loop, name="lease keeper", daemon=True).start()

    def _loop(self) -> None:
        while True:
            time.sleep(RENEW_SECONDS)
            try:
                self.renew()
            except Exception:  # without renewals every job of this worker would be lost
                log.exception("lease keeper stumbled")

    def renew(self) -> None:
        """One round: renew all leases, and act on the answers."""
        running = list(self._running())
        began = self._clock()
        self._forget_all_but(running, began)
        if not running:
            return  # nothing is asked, which is no answer of the store either
        try:
            standings = self._store.renew([(each.job_id, each.owner) for each in running])
        except StoreUnavailable as problem:
            log.warning("leases not renewed", jobs=len(running), detail=problem.detail)
            self._pause_what_may_be_lost(running)
            return
        for each, standing in zip(running, standings, strict=True):
            self._act(each, standing, began)

    def _act(self, each: Running, standing: Standing, began: float) -> None:
        if standing in (Standing.OK, Standing.CANCEL):
            self._is_ours.add(each)
            self._keep(each, began)
            if standing is Standing.CANCEL:
                self._end_when_grace_is_over(each)
        elif standing is Standing.WAITING:
            self._keep(each, began)  # its claim is still to come, and with it a whole lease
        elif each in self._paused or (standing is Standing.FENCED and each in self._is_ours):
            # What was paused stays so: another one may run its job by now, or have ended it.
            if each in self._lost_once:
                log.warning("lost job stopped", job_id=each.job_id, pid=each.pid)
                self._signal(each, signal.SIGKILL)
            self._lost_once.add(each)

    def _keep(self, each: Running, began: float) -> None:
        self._safe_until[each] = began + PAUSE_AFTER_SECONDS
        self._lost_once.discard(each)
        self._resume(each)

    def _end_when_grace_is_over(self, each: Running) -> None:
        if self._clock() - self._cancelled_at.setdefault(each, self._clock()) < self._cancel_grace_seconds:
            return
        try:
            self._end_cancelled(each)
        except StoreUnavailable as problem:  # the next round tries again
            log.warning("cancelled job not ended", job_id=each.job_id, detail=problem.detail)

    def _pause_what_may_be_lost(self, running: Sequence[Running]) -> None:
        for each in running:
            if self._clock() > self._safe_until[each] and each not in self._paused:
                log.warning("job paused", job_id=each.job_id, pid=each.pid)
                self._paused.add(each)
                self._signal(each, signal.SIGSTOP)

    def _resume(self, each: Running) -> None:
        if each in self._paused:
            log.info("job goes on", job_id=each.job_id, pid=each.pid)
            self._paused.discard(each)
            self._signal(each, signal.SIGCONT)

    def _signal(self, each: Running, number: signal.Signals) -> None:
        signal_child(each.pid, number, self._send_signal)

    def _forget_all_but(self, running: Sequence[Running], now: float) -> None:
        known = set(running)
        # A new job has the lease of its claim, which is at most a round old.
        first = now - RENEW_SECONDS + PAUSE_AFTER_SECONDS
        self._safe_until = {each: self._safe_until.get(each, first) for each in running}
        self._cancelled_at = {each: at for each, at in self._cancelled_at.items() if each in known}
        self._is_ours &= known
        self._lost_once &= known
        for each in self._paused - known:
            # Its outcome reached the parent after all, late; a child that stayed stopped would never work again.
            self._resume(each)
