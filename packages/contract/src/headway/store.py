"""The store's promise: every move a job can make, and every question one can ask about jobs.

Two stores keep it: `RedisJobStore`, the truth of a running system, and
`MemoryJobStore` for one process. The same behaviour suite runs on both.
All methods may raise `StoreUnavailable`; then nothing is known to have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from headway.catalogue import TaskEntry, Worker
from headway.figures import Figures
from headway.job import Job, Priority, State
from headway.problem import Cancelled, Problem
from headway.story import Move
from headway.wanted import ANY_JOB, Wanted

MAX_LOST_IN_A_ROW = 3
LOG_LINES_KEPT = 1_000
IDEMPOTENCY_SECONDS = 24 * 3600
TOMBSTONE_SECONDS = 7 * 24 * 3600
WAKE_LIMIT = 50
"""The most that one `wake` does of each kind: Redis serves nobody else meanwhile, which should take less than 50 ms."""
LEASE_SECONDS = 6
"""A claim that is not renewed for so long, by Redis's clock, is given to another worker."""
UNANSWERED_SECONDS = 4
"""A doorbell that is seen to be missing for so long is rung again: with the looks before and after, within 5 s."""
RETRIED = "A client asked for another attempt."
"""What a retried job says until it runs."""
LONG_FIELDS = ("args_json", "checkpoint_json", "result_json")
LISTED_BYTES = 1_024
"""In a list, a long field with more bytes stands as JSON's null: a page of jobs must not weigh hundreds of MiB."""
DECLINED_SECONDS = 5
"""How long a job waits whose task the worker did not have, before the next one is asked."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job as it is submitted."""

    id: str
    task: str
    args_json: str
    queue: str
    retention_seconds: int
    priority: Priority = Priority.NORMAL
    tags: tuple[str, ...] = ()
    max_retries: int = 0
    timeout_seconds: float | None = None
    delay_seconds: float | None = None
    """Wait this long before the first attempt (countdown)."""
    due_at: datetime | None = None
    """Wait until this moment (eta). At most one of the two is set."""
    expires_in_seconds: float | None = None
    """Revoke the job if it has not started this long after it became due."""
    request_id: str = ""
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's key and what it stands for; the key is hashed, the fingerprint is the request's."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Submitted:
    job: Job
    is_replay: bool
    """The key was known: the job is the one of the first request."""


class Standing(Enum):
    """What a worker learns with every report about its right to the job."""

    OK = "ok"
    CANCEL = "cancel"
    """Someone asked for the job to be cancelled: stop soon."""
    FENCED = "fenced"
    """Another attempt owns the job, or it has ended: nothing was written, stop now."""
    WAITING = "waiting"
    """To a renewal only: no worker has claimed the job yet, this one neither."""
    ENDED = "ended"
    """To a renewal only: nobody runs the job, it was settled or taken back a moment ago."""


@dataclass(frozen=True, slots=True)
class Report:
    """What changed since the last report; None leaves a value as it is."""

    current: float | None = None
    total: float | None = None
    message: str | None = None
    checkpoint_json: str | None = None
    lines: tuple[str, ...] = ()
    """Log lines, oldest first."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """How an attempt ended."""

    state: State
    """SUCCESS, FAILURE, REVOKED, or RETRY for another attempt."""
    result_json: str | None = None
    error_json: str | None = None
    message: str | None = None
    current: float | None = None
    total: float | None = None
    cancelled: Cancelled = Cancelled.STOPPED
    """Of a REVOKED job: how; the store writes the words."""
    delay_seconds: float = 0
    """Of a RETRY: wait this long before the next attempt."""


class Interruption(Enum):
    """Why a worker does not bring a job to its end. None of them spends a retry."""

    LOST = "lost"
    """It died; three times in a row end the job."""
    DRAINED = "drained"
    """It was told to stop; the attempt does not count."""
    DECLINED = "declined"
    """It does not have the task, as in a rolling update; the attempt does not count, another worker is asked."""


class WaitingFor(Enum):
    """Why a job that has not ended does not run."""

    SCHEDULE = "schedule"
    WORKER = "worker"
    """No live worker serves its task on its queue."""
    SLOT = "slot"
    """Workers are busy with others."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting job stands; both are None when it does not wait."""

    queue_position: int | None = None
    """1 is next."""
    waiting_for: WaitingFor | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    id: str
    """`version-n`: the version of the record that brought the line, and its place in it."""
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    jobs: tuple[Job, ...]
    next_before: int | None
    """Pass it as `before` to get the next page; None at the end."""


@dataclass(frozen=True, slots=True)
class Change:
    """One move of a job, as it reaches a watcher."""

    job_id: str
    fields: Mapping[str, str] | None
    """The stored fields that changed; None means: read the record, something may have been missed."""


class Changes(Protocol):
    """A feed of moves of the jobs one watches. `next` is for one thread, the others for any."""

    def watch(self, job_id: str) -> None: ...
    def unwatch(self, job_id: str) -> None: ...
    def next(self, timeout_seconds: float) -> Change | None: ...
    def close(self) -> None: ...


class JobStore(Protocol):
    """See the module's text; each method is one atomic step."""

    # Moves
    def submit(self, new: NewJob, idempotency: Idempotency | None = None) -> Submitted:
        """Record the job and ring, or do nothing. Raises `idempotency-mismatch`, `storage-full`."""

    def claim(self, job_id: str, owner: str) -> Job | None:
        """Begin an attempt; None when there is nothing to claim."""

    def report(self, job_id: str, fence: int, report: Report) -> Standing: ...

    def settle(self, job_id: str, fence: int, settlement: Settlement) -> bool:
        """End an attempt; False when a newer attempt owns the job (nothing was written)."""

    def interrupt(self, job_id: str, owner: str, why: Interruption) -> bool:
        """Take the job back from a worker and ask another one; False when it does not run the job."""

    def cancel(self, job_id: str, reason: str = "") -> Job:
        """End a job that waits; ask one that runs to stop, and tell why. The record afterwards.

        Whoever asks again changes nothing. Raises `job-not-found`, `job-expired` or `already-finished`.
        """

    def retry(self, job_id: str) -> Job:
        """Give a job that ended in FAILURE or REVOKED another attempt, with all its retries. The record afterwards.

        Raises `job-not-found`, `job-expired` or `not-retryable`.
        """

    def renew(self, claims: Sequence[tuple[str, str]]) -> Sequence[Standing]:
        """Keep claims, each a job id with its owner, for another lease; how each stands."""

    def wake(self, queues: Sequence[str] = ()) -> int:
        """Do all that is due; how many things it did.

        Jobs with expired leases go back, ahead of the line; schedules ring; jobs that expired unstarted are
        revoked; dropped records are forgotten; lost doorbells of these queues are rung again.
        """

    # Questions
    def fetch(self, job_id: str) -> Job:
        """Raises `job-not-found` or `job-expired`."""

    def fetch_many(self, job_ids: Sequence[str]) -> Sequence[Job | Problem]:
        """Many for the price of one; why there is no record stands in its place."""

    def place(self, job: Job) -> Place: ...
    def places(self, jobs: Sequence[Job]) -> Sequence[Place]:
        """Of each job, in their order."""

    def look(self, job_id: str) -> tuple[Job, Place]:
        """Both at once, for the price of one question. Raises as `fetch` does."""

    def story(self, job_id: str) -> Sequence[Move]:
        """The moves it made, oldest first, see `headway.story`. Raises as `fetch` does."""

    def log(self, job_id: str, after: str = "0-0") -> Sequence[LogLine]: ...
    def logs(self, after: Mapping[str, str]) -> Sequence[Sequence[LogLine]]:
        """Of each job the lines behind the one named, in their order."""

    def list_jobs(self, wanted: Wanted = ANY_JOB, *, size: int = 50, before: int | None = None) -> Page:
        """Newest first, each record as it is but for long fields, see `LISTED_BYTES`.

        A search for a whole id finds its job at once, and that one alone, if there is one.
        """

    def totals(self) -> Mapping[State, int]: ...
    def figures(self) -> Figures:
        """For metrics: what there is at this moment, and all that was counted."""

    def changes(self) -> Changes: ...
    def ping(self) -> None: ...

    # Catalogue
    def announce(self, worker: Worker, entries: Iterable[TaskEntry]) -> None: ...
    def withdraw(self, worker_name: str) -> None:
        """The worker stops: it no longer counts as live."""

    def catalogue(self) -> Mapping[str, TaskEntry]: ...
    def workers(self) -> Sequence[Worker]: ...


def place_of(job: Job, *, is_scheduled: bool, rank: int | None, workers: Iterable[Worker]) -> Place:
    """Say why a job waits; the same words for both stores."""
    if job.state not in (State.PENDING, State.RETRY):
        return Place()
    is_served = any(worker.serves(job.task, job.queue) for worker in workers)
    if is_scheduled and (is_served or job.state is State.PENDING):
        return Place(None, WaitingFor.SCHEDULE)
    position = None if rank is None else rank + 1
    return Place(position, WaitingFor.SLOT if is_served else WaitingFor.WORKER)
