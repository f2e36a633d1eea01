"""Violence against workers that have something to lose, spread over a trial; it never waits."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cluster import Cluster
from processes import Process
from trial import Trial

from headway.job import State
from headway.store import LEASE_SECONDS
from headway.wanted import Wanted

FREEZE_SECONDS = LEASE_SECONDS + 1.5


@dataclass(slots=True)
class Violence:
    """Kills and freezes workers; one with a free hand always stays."""

    trial: Trial
    cluster: Cluster
    left: list[str]
    done: int = 0
    _frozen: Process | None = None
    _thaw_at: float = 0.0

    def act(self, share: float) -> None:
        """`share` says how much of the trial is over: attacks are spread over it."""
        if self._frozen and time.monotonic() > self._thaw_at:
            self._frozen.thaw()
            self._frozen = None
        is_due = self.left and share >= self.done / (self.done + len(self.left))
        ready = self._ready()
        if not is_due or len(ready) < 2 or (self.left[-1] == "freeze" and self._frozen):
            return
        amid_items = [worker for worker in ready if self._is_amid_items(worker)]
        if not amid_items:
            return
        worker, how = self.trial.random.choice(amid_items), self.left.pop()
        self.done += 1
        if how == "freeze":
            worker.freeze()
            self._frozen, self._thaw_at = worker, time.monotonic() + FREEZE_SECONDS
            return
        worker.kill() if how == "kill" else worker.kill_parent()
        worker.start()

    def end(self) -> None:
        if self._frozen:
            self._frozen.thaw()

    def _is_amid_items(self, worker: Process) -> bool:
        """It runs a job that has something to go on from."""
        running = set(self.cluster.running_on(worker))
        jobs = self.cluster.store.list_jobs(Wanted(states=[State.PROGRESS]), size=50).jobs
        return any(job.id in running and (job.current or 0) >= 2 for job in jobs)

    def _ready(self) -> list[Process]:
        announced = {worker.name.split(":")[1] for worker in self.cluster.store.workers()}
        awake = [worker for worker in self.cluster.workers if worker.is_alive() and worker is not self._frozen]
        return [worker for worker in awake if str(worker.pid) in announced]
