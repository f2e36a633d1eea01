"""Does this worker still hear its doorbells? It rings one for itself now and then, and waits for the echo.

A consumer can go deaf while its process looks well (celery#10205, celery#10502): connected, with
free slots, and never given a message. Only a message that arrives proves the
opposite; the liveness probe asks here.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from headway.problem import StoreUnavailable

RING_SECONDS = 5.0
DEAF_SECONDS = 45.0
"""Longer than the transport needs to notice a half-open connection and to connect again."""


class Deaf(Exception):
    """The worker has not heard itself for too long; the text is for the probe's reader."""


class Echo:
    """Rung by the reconciler's thread, heard by Celery's consumer, asked by probes."""

    def __init__(
        self, ring: Callable[[], None], is_busy: Callable[[], bool], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ring = ring
        self._is_busy = is_busy
        self._clock = clock
        self._rung_at = clock() - RING_SECONDS
        self._heard_at = clock()
        """Since when hearing was not proven: moved on by an echo, and while an echo cannot be expected."""
        self._is_over = False

    def ring_when_due(self) -> None:
        """Raises `StoreUnavailable`; then no echo is expected."""
        now = self._clock()
        if self._is_busy():
            self._heard_at = now  # without a free slot nothing is taken from the lists
        if now - self._rung_at < RING_SECONDS:
            return
        try:
            self._ring()
        except StoreUnavailable:
            self._heard_at = self._clock()  # not `now`: to ask a store that hangs takes seconds
            raise
        self._rung_at = now

    def hear(self) -> None:
        self._heard_at = self._clock()

    def end(self) -> None:
        """The worker takes no more doorbells, and is not deaf for that."""
        self._is_over = True

    @property
    def silent_seconds(self) -> float:
        """How long hearing was not proven, while it is expected."""
        return 0.0 if self._is_over else self._clock() - self._heard_at

    @property
    def is_deaf(self) -> bool:
        return self.silent_seconds > DEAF_SECONDS

    def check(self) -> None:
        """Raises `Deaf`."""
        if self.is_deaf:
            raise Deaf(f"No doorbell was heard for {self.silent_seconds:.0f} s, not even the worker's own. Restart it.")
