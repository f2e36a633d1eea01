"""For tests of one's own tasks: a recorder of progress, and the store in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from headway.memory import MemoryJobStore
from headway.progress import JobCancelled, Request, listener

__all__ = ["MemoryJobStore", "Recording", "record_progress"]


@dataclass
class Recording:
    """What a task said, in order."""

    request: Request = Request(id="recorded", attempt=1)
    checkpoint: Any = None
    """Set it before the call to play a resumed attempt."""
    is_to_be_cancelled: bool = False
    """Set it to have the next report raise `JobCancelled`."""
    reports: list[tuple[float, float | None, str | None]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def report(self, current: float, total: float | None, message: str | None) -> None:
        self.reports.append((current, total, message))
        if self.is_to_be_cancelled:
            raise JobCancelled

    def log(self, text: str) -> None:
        self.lines.append(text)

    def save(self, checkpoint: Any) -> None:
        self.checkpoint = checkpoint

    def is_cancelled(self) -> bool:
        return self.is_to_be_cancelled

    def saved(self) -> Any:
        return self.checkpoint


@contextmanager
def record_progress(*, checkpoint: Any = None) -> Iterator[Recording]:
    """Listen to the tasks called inside the block.

    >>> from headway import progress
    >>> with record_progress() as recording:
    ...     progress.report(1, 4, "Rendering")
    >>> recording.reports
    [(1, 4, 'Rendering')]
    """
    recording = Recording(checkpoint=checkpoint)
    token = listener.set(recording)
    try:
        yield recording
    finally:
        listener.reset(token)
