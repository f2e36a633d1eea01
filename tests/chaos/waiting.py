"""Waits for a condition, never longer than said."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

POLL_SECONDS = 0.05


class TooLate(Exception):
    """A condition did not hold in time; the text says which."""


def wait_until(condition: Callable[[], Any], seconds: float, what: str, *, poll_seconds: float = POLL_SECONDS) -> Any:
    """The first true value of the condition. Raises `TooLate`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TooLate(f"Waited {seconds:g} s in vain for {what}.")
        time.sleep(poll_seconds)
