"""The history of a trial: what its clients asked and were told, one JSON line an event. Only clients write it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["invoke", "ok", "fail", "unknown"]
"""fail: surely not done. unknown: the answer is missing, so it may have been done."""


@dataclass(frozen=True, slots=True)
class Event:
    at: float
    """Monotonic seconds."""
    client: str
    op: str
    outcome: Outcome
    key: str = ""
    """What the client calls the job: its tag and, unless a fault says otherwise, its idempotency key."""
    job_id: str = ""
    detail: str = ""


class History:
    """Kept in memory for the checker, and in a file for people."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self._file = path.open("a", buffering=1)
        self._lock = threading.Lock()

    def add(
        self, client: str, op: str, outcome: Outcome, *, key: str = "", job_id: str = "", detail: str = ""
    ) -> Event:
        event = Event(time.monotonic(), client, op, outcome, key, job_id, detail)
        with self._lock:
            self.events.append(event)
            self._file.write(json.dumps(asdict(event)) + "\n")
        return event

    def acknowledged(self) -> dict[str, str]:
        """job id → key of every submit that was answered with 202."""
        return {event.job_id: event.key for event in self.events if event.op == "submit" and event.outcome == "ok"}

    def keys(self) -> set[str]:
        """Every key that a client ever sent."""
        return {event.key for event in self.events if event.op == "submit"}

    def close(self) -> None:
        self._file.close()
