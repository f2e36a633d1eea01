"""The side-effect log: tasks append what they do to a file, behind the system's back.

Both Headway's trial tasks and those for stock Celery write it, so one checker reads both.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "CHAOS_EFFECTS"
"""Environment variable with the file's path."""


@dataclass(frozen=True, slots=True)
class Effect:
    kind: str
    """`start`, `beat` (still at work), `item-7` (dealt with the eighth item) or `end`."""
    job_id: str
    attempt: int
    fence: int
    pid: int
    at: float
    """Monotonic seconds; one clock for all processes of a machine."""


def write_effect(kind: str, job_id: str, attempt: int = 0, fence: int = 0) -> None:
    """One short line, appended in one call, so that lines of many processes never mix."""
    line = f"{kind} {job_id} {attempt} {fence} {os.getpid()} {time.monotonic():.6f}\n"
    descriptor = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def read_effects(path: Path) -> Sequence[Effect]:
    if not path.exists():
        return []
    return [_effect_of(line) for line in path.read_text().splitlines()]


def _effect_of(line: str) -> Effect:
    kind, job_id, attempt, fence, pid, at = line.split()
    return Effect(kind, job_id, int(attempt), int(fence), int(pid), float(at))
