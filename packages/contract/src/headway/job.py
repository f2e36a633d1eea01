"""The job record: what a job is, the states it may be in and the moves between them.

Everything here is plain data. The moves themselves are made by the store, in
Redis, so that a job has one truth; the table `MOVES` below is handed to its
scripts and to `MemoryJobStore` alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

import orjson


class State(StrEnum):
    """Celery's own names for the states of a job."""

    PENDING = "PENDING"
    """Accepted, not yet claimed."""
    STARTED = "STARTED"
    """Claimed by a worker that has not reported yet."""
    PROGRESS = "PROGRESS"
    """Running, and has reported at least once."""
    RETRY = "RETRY"
    """Between two attempts: after a failure that may be tried again, or a lost worker."""
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    REVOKED = "REVOKED"
    """Cancelled or expired; the `error` says which and by whom."""

    @property
    def is_final(self) -> bool:
        return not MOVES[self]

    @property
    def is_running(self) -> bool:
        return self in (State.STARTED, State.PROGRESS)

    @property
    def is_retryable(self) -> bool:
        """Ended without a result."""
        return self in (State.FAILURE, State.REVOKED)


_ENDS = frozenset({State.SUCCESS, State.FAILURE, State.REVOKED})

MOVES: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.STARTED, State.REVOKED}),
    State.STARTED: frozenset({State.PROGRESS, State.RETRY}) | _ENDS,
    State.PROGRESS: frozenset({State.PROGRESS, State.RETRY}) | _ENDS,
    State.RETRY: frozenset({State.STARTED, State.REVOKED}),
    State.SUCCESS: frozenset(),
    State.FAILURE: frozenset(),
    State.REVOKED: frozenset(),
}
"""Every allowed move. A state with no move out of it is final; only a client's retry leads out again."""


class Priority(StrEnum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def lane(self) -> int:
        """The doorbell list of this priority; lane 0 is kept for recovered jobs."""
        return _LANES[self]


_LANES = {Priority.HIGH: 1, Priority.NORMAL: 2, Priority.LOW: 3}
RECOVERED_LANE = 0
LANES = (RECOVERED_LANE, *_LANES.values())
MAX_WHOLE_AMOUNT = 2**53

_JOB_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_job_id() -> str:
    """A random UUID: unguessable, and what Celery uses for its own ids."""
    return str(uuid4())


def is_job_id(text: str) -> bool:
    return _JOB_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Job:
    """One request to run a task. Times are aware UTC; `*_json` fields hold JSON text as stored.

    Submit writes the fields down to `created_at` and the time limit, and nobody changes them later.
    A stored record has one field more, `token`, which only the scripts read: the cancel or retry that changed it last.
    The client library may send a command twice when a connection breaks, and the second one gets the first's answer.
    """

    id: str
    """A random UUID, made by submit; also the id of its Celery message."""
    task: str
    """The task's name."""
    args_json: str
    """The task's arguments by name, as the client sent them; `{}` for none."""
    queue: str
    """The line it waits in, and the workers that may run it."""
    priority: Priority
    """Its lane of that line, while it has not been taken from a lost worker."""
    tags: tuple[str, ...]
    """The client's own words, to find the job by; often none."""
    max_retries: int
    """How many failed attempts may be followed by another one. Lost workers do not count."""
    retention_seconds: int
    """How long the record is kept after its final state."""
    created_at: datetime
    """When the record was made, by Redis's clock; its place in lists."""
    state: State
    """Where it is on its way; the scripts change it, along `MOVES` only."""
    version: int
    """Grows by one with every write to the record; the ETag and the event id."""
    updated_at: datetime
    """When the version last changed."""
    timeout_seconds: float | None = None
    """Time limit of one attempt; None means none."""
    request_id: str = ""
    """The request that submitted it: in the logs of submit and of the worker."""
    traceparent: str = ""
    """That request's place in a trace (W3C Trace Context), so that the worker's work belongs to it; mostly empty."""
    attempt: int = 0
    """Attempts begun so far; 0 until the first claim."""
    fence: int = 0
    """Grows with every claim; a write that names an older one is refused."""
    retries: int = 0
    """Retries spent on failures, of `max_retries`."""
    lost: int = 0
    """Workers lost in a row while running this job; an attempt that settles resets it."""
    lines: int = 0
    """Log lines written so far, by all attempts."""
    owner: str | None = None
    """Who runs it: `host:parent pid:start/child pid`. None while nobody does."""
    scheduled_for: datetime | None = None
    """When it becomes due: countdown, eta or the end of a retry's back-off."""
    start_before_at: datetime | None = None
    """After this moment a job that never started is revoked (`expires_in`)."""
    started_at: datetime | None = None
    """When the present attempt began."""
    waited_seconds: float | None = None
    """How long the job stood in line before the present attempt."""
    finished_at: datetime | None = None
    """When the final state was reached."""
    gone_at: datetime | None = None
    """When the record is dropped; set with the final state."""
    cancel_requested_at: datetime | None = None
    """When a client first asked for its cancel; None when nobody did, or a retry came after it."""
    cancel_reason: str = ""
    """What the client that cancelled it gave as its reason."""
    current: float | None = None
    """Latest amount done. Never goes back within an attempt."""
    total: float | None = None
    """The whole amount; None while unknown."""
    message: str = ""
    """Latest words of the task; on failure the exception's text."""
    pace_at: datetime | None = None
    """First report of the attempt: with `pace_from` the base of the estimate."""
    pace_from: float | None = None
    """The amount in that first report; after a checkpoint an attempt does not begin at 0."""
    checkpoint_json: str | None = None
    """What the task saved last, for its next attempt."""
    result_json: str | None = None
    """What the task returned, written with SUCCESS; None when it returned None, or has not returned."""
    error_json: str | None = None
    """A problem object: why the last attempt failed, or why the job ended without a result."""

    @property
    def args(self) -> dict[str, Any]:
        decoded: dict[str, Any] = orjson.loads(self.args_json)
        return decoded

    @classmethod
    def from_fields(cls, stored: Mapping[str, str]) -> Job:
        """Read a stored hash. An empty text means None; fields we do not know are left alone."""
        values = {name: _DECODE[name](text) for name, text in stored.items() if text and name in _DECODE}
        return cls(**values)

    def to_fields(self) -> dict[str, str]:
        """The hash to store; None becomes an empty text."""
        return {name: to_text(getattr(self, name)) for name in _DECODE}


def to_milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def from_milliseconds(text: str) -> datetime:
    return datetime.fromtimestamp(int(float(text)) / 1000, UTC)


def to_text(value: Any) -> str:
    """One value as it is stored."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return str(to_milliseconds(value))
    if isinstance(value, tuple):
        return orjson.dumps(value).decode()
    return str(value)


def to_amount(value: str | float) -> float:
    """Whole amounts stay whole, so that a client reads 3 and not 3.0.

    Beyond the whole numbers that every JSON reader knows exactly (and ours can write) an amount stays a float.
    """
    amount = float(value)
    return int(amount) if amount.is_integer() and abs(amount) <= MAX_WHOLE_AMOUNT else amount


_READERS: Mapping[str, Any] = {
    "str": str,
    "int": int,
    "float": to_amount,
    "datetime": from_milliseconds,
    "State": State,
    "Priority": Priority,
    "tuple[str, ...]": lambda text: tuple(orjson.loads(text)),
}
_DECODE = {each.name: _READERS[str(each.type).removesuffix(" | None")] for each in fields(Job)}
