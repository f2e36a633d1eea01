"""The time limit of an attempt: it counts in the task, and nowhere else.

Celery's signal comes when the time is up, whatever the process does then. It may end
the task, but not the claim before it, nor an outcome on its way to a store that is away.
"""

from __future__ import annotations

import signal
from types import TracebackType

from billiard.exceptions import SoftTimeLimitExceeded
from billiard.pool import SIG_SOFT_TIMEOUT


class TimeLimit:
    """For one attempt; `with limit:` is around the task. Without `armed` it never comes, as in an engine of threads."""

    def __init__(self) -> None:
        self.is_over = False
        self._is_in_task = False

    def armed(self) -> TimeLimit:
        """Take the engine's signal from now on; for the main thread of a child only."""
        signal.signal(SIG_SOFT_TIMEOUT, self._end)
        return self

    def __enter__(self) -> None:
        """Raises `SoftTimeLimitExceeded` when the time was over before the task began."""
        self._is_in_task = True
        if self.is_over:
            self._end()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._is_in_task = False

    def _end(self, *_: object) -> None:
        self.is_over = True
        if self._is_in_task:
            self._is_in_task = False  # once: what the task does with it is its own affair
            raise SoftTimeLimitExceeded
