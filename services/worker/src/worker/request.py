"""The parent's side of a job: what it does when a child accepts one, dies with it or runs out of time."""

from __future__ import annotations

from typing import Any

from billiard.exceptions import WorkerLostError
from celery.worker.request import Request
from celery.worker.state import active_requests, reserved_requests, task_ready

from chassis.logs import get_logger
from headway.problem import StoreUnavailable
from headway.store import Interruption
from worker.engine import Engine
from worker.run import failed, timed_out

log = get_logger(__name__)


def delivered_requests() -> list[Any]:
    """What Celery was given and is not done with, accepted by a child or not yet; for any thread."""
    while True:
        try:
            # Both, because Celery empties the reserved ones for a moment when its connection breaks.
            return list({*active_requests, *reserved_requests})
        except RuntimeError:  # Celery's own thread changed the set meanwhile
            continue


class DoorbellRequest(Request):
    """The parent's side of a job: it sees at once when the child that runs it is gone."""

    app: Any
    worker_pid: Any  # the stubs say a text; it is the child's number

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> None:
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if isinstance(error, WorkerLostError) and self.worker_pid:
            self._count(self._hand_back(self.app.headway))
            task_ready(self)  # all that is left of Celery's own way, which ends in a traceback
            return
        super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        if not soft:
            self.app.headway_metrics.lost.labels("time-limit").inc()
            self._fail(self.app.headway)
            self.app.headway_tally.ended(self.worker_pid, "timed_out")
        super().on_timeout(soft, timeout)

    def _count(self, outcome: str) -> None:
        if outcome == "lost":
            self.app.headway_metrics.lost.labels("died").inc()
        self.app.headway_tally.ended(self.worker_pid, outcome)

    def _hand_back(self, engine: Engine) -> str:
        """Give back exactly that child's claim; by job id alone a dying process could take another's job away.

        How it is counted, unless it was: "overtaken" when there was nothing to give back. Then another worker has the
        job, or the process was ended on purpose after its job was, and whoever did so has counted it.
        """
        try:
            is_taken_back = engine.store().interrupt(self.id, engine.owner(self.worker_pid), Interruption.LOST)
        except StoreUnavailable as problem:
            log.error("lost job not handed back", job_id=self.id, detail=problem.detail)
            return "lost"
        if not is_taken_back:
            return "overtaken"
        log.warning("worker process lost", job_id=self.id, pid=self.worker_pid)
        return "lost"

    def _fail(self, engine: Engine) -> None:
        """The time limit was ignored and the process is ended: settle in its place.

        Not later, if the store is away: the process may have waited for it with an outcome that is not known here.
        Its lease ends, and the job runs again.
        """
        try:
            engine.settle_for(self.id, self.worker_pid, lambda job: failed(job, timed_out(job)))
        except StoreUnavailable as problem:
            log.error("timed-out job not settled", job_id=self.id, detail=problem.detail)
