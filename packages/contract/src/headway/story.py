"""A job's story: each of its moves, why it was made, and who ran the job then.

It is told to people. Nothing decides by it: the record alone says where a job stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import orjson

from headway.job import Job, State, from_milliseconds

MOVES_KEPT = 100
FIRST_MOVES_KEPT = 20
"""Of a longer story the beginning stays, and the newest moves: what lies between is dropped."""
MOVE_DETAIL_BYTES = 500


class Why(StrEnum):
    """What made a job move. The ends of a job have the words that they are counted by."""

    SUBMITTED = "submitted"
    DUE = "due"
    """Its time has come, so it joined the line: a delayed job, or one that waited for its next attempt."""
    CLAIMED = "claimed"
    PROGRESSED = "progressed"
    """The attempt's first report."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The end, or with RETRY: another attempt follows. So is a time-out."""
    TIMED_OUT = "timed_out"
    LOST = "lost"
    """Its worker died: with RETRY the job goes back in line, with FAILURE it was the third time in a row."""
    DRAINED = "drained"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    RESTARTED = "restarted"
    """By a client, after the end."""


TOLD: Mapping[Why, str] = {Why.FAILED: "message", Why.TIMED_OUT: "message", Why.CANCELLED: "cancel_reason"}
"""The field of the record that says more."""


@dataclass(frozen=True, slots=True)
class Move:
    at: datetime
    state: State
    """The state that it led to."""
    attempt: int
    """The attempt that it began or ended, or the last one before it; 0 before the first."""
    why: Why
    detail: str | None = None
    """The failure's text, or the reason that a client gave."""
    worker: str | None = None
    """Who began or ended an attempt: the owner without the child process."""


def move_between(was: Job, job: Job, why: Why) -> Move:
    """What is noted when a record was changed."""
    detail = getattr(job, TOLD[why]) if why in TOLD else ""
    owner = job.owner or was.owner or ""
    # An attempt that does not count is taken back from the record, but it is the one that ended here.
    attempt = max(was.attempt, job.attempt)
    return Move(job.updated_at, job.state, attempt, why, _clip(detail) or None, owner.partition("/")[0] or None)


def read_move(text: str) -> Move:
    """An entry of the list, as `note` in record.lua writes it."""
    at, state, attempt, why, detail, worker = orjson.loads(text)
    return Move(from_milliseconds(at), State(state), attempt, Why(why), detail, worker)


def _clip(text: str) -> str:
    whole = text.encode()
    return text if len(whole) <= MOVE_DETAIL_BYTES else whole[:MOVE_DETAIL_BYTES].decode(errors="ignore") + "…"
