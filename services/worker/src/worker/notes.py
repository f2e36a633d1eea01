"""What the processes of jobs tell their parent, who counts for them: notes through one pipe that all of them share.

The parent outlives its children, so what it counts is complete: a child that is killed takes no count with it, and no
files of dead processes have to be added up (the client library's multiprocess mode).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Literal

import orjson

from headway.figures import OUTCOMES, TIMEOUT
from headway.job import State
from headway.store import Settlement

Kind = Literal["started", "ended", "wrote", "ignored", "declined"]
MAX_BYTES = 4096
"""Linux's PIPE_BUF: a note so short arrives whole, however many children write at once (POSIX, write)."""
READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that happened in a child."""

    kind: Kind
    pid: int
    job_id: str
    task: str = ""
    queue: str = ""
    seconds: float = 0.0
    """How long the job stood in line (started), the attempt took (ended), or Redis did (wrote)."""
    outcome: str = ""
    """Of an attempt; or why a report was not written."""
    exception: str = ""
    """The class of what a failed attempt raised, or the kind of problem."""


Tell = Callable[[Note], None]


def tell_nobody(note: Note) -> None:
    """For an engine that counts nothing."""


class NotePipe:
    """Made before the children are, who inherit it."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._rest = b""

    def write(self, note: Note) -> None:
        """Never waits and never raises: a count must not hold a job up, or fail it."""
        line = orjson.dumps(asdict(note)) + b"\n"
        with suppress(OSError):  # full, because the parent stands still
            if len(line) <= MAX_BYTES:
                os.write(self._writer, line)

    def read(self) -> list[Note]:
        """What was written since; for one thread at a time."""
        try:
            found = self._rest + os.read(self._reader, READ_BYTES)
        except BlockingIOError:
            return []
        *lines, self._rest = found.split(b"\n")
        return [Note(**orjson.loads(line)) for line in lines]


def outcome_of(settlement: Settlement) -> tuple[str, str]:
    """How an attempt is counted that ended so, and by what exception."""
    if settlement.state in (State.SUCCESS, State.REVOKED):
        return OUTCOMES[settlement.state], ""
    error = orjson.loads(settlement.error_json or "{}")
    kind = str(error.get("type", ""))
    exception = error.get("exception", kind.removeprefix("/problems/"))
    # An attempt that ran out of time is counted so, whether its job has another or not.
    return "timed_out" if kind == TIMEOUT else OUTCOMES.get(settlement.state, "retried"), exception
