"""How many jobs there are of each kind, since when the oldest wait and run, and what was counted: for metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from headway.job import Job, State, from_milliseconds

COUNTS: Mapping[str, tuple[str, ...]] = {
    "submitted": ("",),
    "started": ("",),
    "retried": ("",),
    "taken_back": ("lost", "drained", "declined"),
    "restarted": ("",),
    "finished": ("succeeded", "failed", "timed_out", "lost", "cancelled", "expired"),
}
"""What is counted for good, and the labels that tell its kinds apart."""
OUTCOMES: Mapping[State, str] = {State.SUCCESS: "succeeded", State.FAILURE: "failed", State.REVOKED: "cancelled"}
"""How a job ended, where nothing more special is known."""
TIMEOUT = "/problems/timeout"
"""The type of the error of whatever ran longer than its limit: it is counted as `timed_out`."""
COUNTS_KEPT = 2_000
"""Names of queues come from clients: beyond so many different counts everything new is counted as `OTHER`."""
OTHER = "other"
OVERRUN_SECONDS = 60
"""A job that still runs so long after its time limit should have been ended: something is stuck."""


class Counted(NamedTuple):
    """A key of `COUNTS`, one of its labels, and of which jobs."""

    what: str
    label: str
    queue: str
    task: str


@dataclass(frozen=True, slots=True)
class Line:
    """A queue: who waits in it and who serves it."""

    queue: str
    queued: int = 0
    oldest_at: datetime | None = None
    """Since when the job waits that waits the longest; None while nobody does."""
    workers: int = 0
    slots: int = 0


@dataclass(frozen=True, slots=True)
class Running:
    """The running jobs of one task from one queue; there is at least one."""

    queue: str
    task: str
    jobs: int
    overrunning: int
    """Of these, those a minute past their time limit."""
    oldest_at: datetime
    """When the attempt began that runs the longest."""
    quietest_at: datetime
    """When the one that is silent the longest said something."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it at one moment."""

    at: datetime
    """This moment, by the store's clock."""
    states: Mapping[State, int]
    lines: tuple[Line, ...]
    running: tuple[Running, ...]
    scheduled: int
    unanswered: int
    counts: Mapping[Counted, int]
    due: Mapping[str, datetime] = field(default_factory=dict)
    """`leases`, `scheduled`, `expiring`: the earliest moment that has come and was not dealt with."""

    @property
    def open_jobs(self) -> int:
        """Jobs that have not ended."""
        return sum(number for state, number in self.states.items() if not state.is_final)

    def kinds(self) -> Sequence[tuple[str, str]]:
        """Every queue with every task that there was on it, or is."""
        counted = {(each.queue, each.task) for each in self.counts}
        return sorted(counted | {(each.queue, each.task) for each in self.running})

    def total(self, what: str, label: str | None = None) -> int:
        """A count over all queues and tasks; of one label or of all."""
        return sum(n for key, n in self.counts.items() if key.what == what and label in (None, key.label))


def read_figures(text: str) -> Figures:
    """Take apart what the script says."""
    found = orjson.loads(text)
    return Figures(
        at=from_milliseconds(found["at"]),
        states={State(name): number for name, number in found["states"].items()},
        lines=tuple(_line(queue, values) for queue, values in sorted(_table(found["queues"]).items())),
        running=tuple(_running(kind, values) for kind, values in sorted(_table(found["running"]).items())),
        scheduled=found["scheduled"],
        unanswered=found["unanswered"],
        counts={Counted(*name.split("|")): number for name, number in _table(found["counts"]).items()},
        due={kind: from_milliseconds(at) for kind, at in _table(found["due"]).items()},
    )


def outcome_of(state: State, error_json: str | None) -> str:
    """How a job is counted that ends so."""
    is_timeout = state is State.FAILURE and orjson.loads(error_json or "{}").get("type") == TIMEOUT
    return "timed_out" if is_timeout else OUTCOMES[state]


def is_overrunning(job: Job, now: datetime) -> bool:
    limit, began_at = job.timeout_seconds, job.started_at
    return bool(limit and began_at and (now - began_at).total_seconds() > limit + OVERRUN_SECONDS)


def _table(value: Any) -> dict[str, Any]:
    return value or {}  # Lua knows one kind of empty table


def _line(queue: str, values: Mapping[str, Any]) -> Line:
    oldest = values.get("oldest_at")
    return Line(
        queue, values["queued"], from_milliseconds(oldest) if oldest else None, values["workers"], values["slots"]
    )


def _running(kind: str, values: Mapping[str, Any]) -> Running:
    queue, task = kind.split("|")
    oldest, quietest = from_milliseconds(values["oldest_at"]), from_milliseconds(values["quietest_at"])
    return Running(queue, task, values["jobs"], values["overrunning"], oldest, quietest)
