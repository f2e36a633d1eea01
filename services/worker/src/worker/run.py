"""The life of an attempt on one page: claim → resolve → perform → settle."""

from __future__ import annotations

import os
import random
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import structlog
from billiard.exceptions import SoftTimeLimitExceeded

from chassis.logs import get_logger
from chassis.tracing import NO_TRACES, Traces
from headway.job import Job, State
from headway.problem import Cancelled, Problem, StoreUnavailable, clip
from headway.progress import AttemptLost, JobCancelled, listener
from headway.store import Interruption, JobStore, Settlement
from headway.task import Task
from worker.limit import TimeLimit
from worker.notes import Kind, Note, Tell, outcome_of, tell_nobody
from worker.reporter import Reporter, amount_of
from worker.result import to_json

log = get_logger(__name__)
T = TypeVar("T")

META_KEYS = frozenset({"current", "total", "status", "result"})
PATIENCE_SECONDS = 15 * 60.0
"""How long an attempt waits for a store that is away before it gives its outcome up."""
MAX_PAUSE_SECONDS = 2.0
"""Between two questions to it: work goes on so soon after its return."""
OUTAGE_SECONDS = 1.0
"""A claim that takes longer has waited for the store."""
MAX_BACKOFF_SECONDS = 300.0
MAX_TRACEBACK_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs the jobs that doorbells name."""

    store: JobStore
    tasks: Mapping[str, Task[..., Any]]
    max_result_bytes: int
    limit: TimeLimit = field(default_factory=TimeLimit)
    """Ends the task when its time is up."""
    is_leaving: Callable[[], bool] = lambda: False
    """Whether the engine ends this process: then what a task raises is the engine's doing, and settles nothing."""
    tell: Tell = tell_nobody
    """Who counts what happens."""
    traces: Traces = NO_TRACES

    def answer(self, job_id: str, owner: str) -> State | None:
        """Run the job if there is something to run; the state it was settled in, or None."""
        with structlog.contextvars.bound_contextvars(job_id=job_id):
            began = time.monotonic()
            job = _insist(lambda: self.store.claim(job_id, owner))
            if job is None:
                self.tell(Note("ignored", os.getpid(), job_id))
                log.info("doorbell ignored")  # ended, claimed by another worker, or not due yet
                return None
            if job.task not in self.tasks:
                self._decline(job, owner)
                return None
            if self.limit.is_over and time.monotonic() - began > OUTAGE_SECONDS:
                self._hand_back(job, owner)
                return None
            return self._run_traced(job)

    def _run_traced(self, job: Job) -> State | None:
        """With the same ids as in the log of submit, so that one request can be followed through all of it."""
        ids: dict[str, str | int] = {
            "headway.job_id": job.id,
            "headway.attempt": job.attempt,
            "headway.queue": job.queue,
        }
        span = self.traces.begin(f"run {job.task}", "consumer", job.traceparent, **ids)
        names = {"request_id": job.request_id, "attempt": job.attempt, "trace_id": span.trace_id}
        state = None
        try:
            with structlog.contextvars.bound_contextvars(**{name: value for name, value in names.items() if value}):
                state = self._run(job)
                return state
        finally:
            span.end("" if state is State.SUCCESS else state or "overtaken")

    def _decline(self, job: Job, owner: str) -> None:
        """Only what this worker has loaded can run; another one may have it, as in a rolling update."""
        _insist(lambda: self.store.interrupt(job.id, owner, Interruption.DECLINED))
        self.tell(Note("declined", os.getpid(), job.id, job.task, job.queue))
        log.warning("job declined", task=job.task, tasks=sorted(self.tasks))

    def _hand_back(self, job: Job, owner: str) -> None:
        """Its time went by in an outage, before the task began: its next doorbell brings the time anew."""
        _insist(lambda: self.store.interrupt(job.id, owner, Interruption.DRAINED))
        log.warning("job handed back", task=job.task)

    def _run(self, job: Job) -> State | None:
        began = time.monotonic()
        self._tell("started", job, job.waited_seconds or 0.0)
        log.info("job started", task=job.task, waited_seconds=job.waited_seconds)
        try:
            settlement = self._attempt(job)
        except AttemptLost:
            self._tell("ended", job, time.monotonic() - began, "overtaken")
            log.warning("attempt lost")  # another one owns the job; nothing to say any more
            return None
        return self.settle(job, settlement, began=began)

    def settle(self, job: Job, settlement: Settlement, *, began: float) -> State | None:
        """Record how the attempt ended, however long the store is away; None when it was lost meanwhile."""
        is_ours = _insist(lambda: self.store.settle(job.id, job.fence, settlement))
        seconds = time.monotonic() - began
        self._tell("ended", job, seconds, *(outcome_of(settlement) if is_ours else ("overtaken",)))
        fields = {
            "task": job.task,
            "state": settlement.state.value,
            "seconds": round(seconds, 3),
        }
        log.info("job settled" if is_ours else "settlement refused", **fields)
        return settlement.state if is_ours else None

    def _tell(self, kind: Kind, job: Job, seconds: float, outcome: str = "", exception: str = "") -> None:
        self.tell(Note(kind, os.getpid(), job.id, job.task, job.queue, seconds, outcome, exception))

    def _attempt(self, job: Job) -> Settlement:
        try:
            task = self.tasks[job.task]
            return self._succeeded(task, self._perform(task, job))
        except JobCancelled:
            return Settlement(State.REVOKED, cancelled=Cancelled.STOPPED)
        except SoftTimeLimitExceeded:
            return failed(job, timed_out(job))
        except Problem as problem:
            # Wrong arguments or an unfit result: trying again would give the same.
            return _ended(State.FAILURE, problem)
        except AttemptLost:
            raise
        except BaseException as error:  # sys.exit() in a task ends the task, not the process it runs in
            if self.is_leaving():
                raise
            log.error("task failed", task=job.task, traceback=_traceback(error))
            return failed(job, Problem("task-failed", _words(error), exception=type(error).__name__))

    def _perform(self, task: Task[..., Any], job: Job) -> Any:
        arguments, named = task.prepare(job.args)
        with Reporter(self.store, job, on_write=partial(self._tell, "wrote", job)) as reporter:
            token = listener.set(reporter)
            try:
                with self.limit:
                    value = task(*arguments, **named)
            finally:
                listener.reset(token)
        if reporter.has_told:
            raise JobCancelled  # it left its loop because it was told to
        return value

    def _succeeded(self, task: Task[..., Any], value: Any) -> Settlement:
        if task.is_bound and isinstance(value, dict) and value and value.keys() <= META_KEYS:
            return self._succeeded_with_meta(value)
        text = None if value is None else to_json(value, self.max_result_bytes)
        return Settlement(State.SUCCESS, result_json=text, message="")

    def _succeeded_with_meta(self, meta: dict[str, Any]) -> Settlement:
        """The seed's way to end: a meta with the last amounts, words and the result."""
        text = to_json(meta["result"], self.max_result_bytes) if "result" in meta else None
        current, total = amount_of(meta.get("current")), amount_of(meta.get("total"))
        words = clip(str(meta.get("status", "")))
        return Settlement(State.SUCCESS, result_json=text, message=words, current=current, total=total)


def failed(job: Job, problem: Problem) -> Settlement:
    """Another attempt while the job has retries left, else the end."""
    if job.retries >= job.max_retries:
        return _ended(State.FAILURE, problem)
    return Settlement(
        State.RETRY, error_json=problem.to_json(), message=problem.detail, delay_seconds=backoff_seconds(job)
    )


def timed_out(job: Job) -> Problem:
    # A task may raise the engine's own error, and has no limit then.
    limit = "its limit" if job.timeout_seconds is None else f"its limit of {job.timeout_seconds:g} s"
    return Problem("timeout", f"The attempt ran longer than {limit}.")


def backoff_seconds(job: Job) -> float:
    """1, 2, 4 … seconds, half of it by chance, so that jobs that failed together do not come back together."""
    longest = min(MAX_BACKOFF_SECONDS, 2.0**job.retries)
    return longest * random.uniform(0.5, 1)


def _ended(state: State, problem: Problem) -> Settlement:
    return Settlement(state, error_json=problem.to_json(), message=problem.detail)


def _insist(ask: Callable[[], T]) -> T:
    """Ask a store that may be away for a while: a finished job must not be lost to a short outage."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause_seconds = 0.1
    while True:
        try:
            return ask()
        except StoreUnavailable as problem:
            if time.monotonic() > deadline:
                raise
            log.warning("store away", detail=problem.detail, next_try_seconds=pause_seconds)
            time.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, MAX_PAUSE_SECONDS)


def _traceback(error: BaseException) -> str:
    """For the log only: viewers get the exception's text, never the code around it."""
    try:
        return clip("".join(traceback.format_exception(error)), MAX_TRACEBACK_CHARACTERS)
    except Exception:  # an exception whose text raises has a traceback that raises
        return type(error).__name__


def _words(error: BaseException) -> str:
    """The exception's text; an exception that cannot even say its text gets its name."""
    try:
        if isinstance(error, SystemExit):
            return f"The task called sys.exit({error.code!r})."
        return str(error) or type(error).__name__
    except Exception:
        return type(error).__name__
