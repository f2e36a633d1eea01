"""One deadline for a whole run: every wait in it may take what is left of it, and no more."""

from __future__ import annotations

import time


class DeadlineOver(Exception):
    """The time is up. No `OSError`: whoever tries again after those must not catch it."""


class Deadline:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = time.monotonic()

    @property
    def seconds_gone(self) -> float:
        return time.monotonic() - self._began

    @property
    def seconds_left(self) -> float:
        """More than none; raises `DeadlineOver`."""
        left = self._seconds - self.seconds_gone
        if left <= 0:
            raise DeadlineOver(f"{self._seconds:g} s are over")
        return left

    def pause(self, seconds: float) -> None:
        """Wait a moment before another try; raises `DeadlineOver` when there is no time for one."""
        time.sleep(min(seconds, self.seconds_left))
