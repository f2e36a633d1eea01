"""How full Redis is: new jobs are refused early, so that those that run can still be settled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import redis
from redis.exceptions import NoPermissionError

from headway.problem import StoreUnavailable

FULL_PERCENT = 85
LOOK_SECONDS = 0.5
OVERHEAD_BYTES = 2_000
"""About what a job takes beside its arguments: record, doorbell, places in the lists."""


class Capacity:
    """Looks at most twice a second, however many jobs come. `noeviction` alone would refuse results as well."""

    def __init__(self, client: redis.Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = client
        self._clock = clock
        self._looked_at = -LOOK_SECONDS
        self._used_bytes = 0
        self._limit_bytes = 0

    def take(self, bytes_wanted: int = 0, replay_key: str = "") -> None:
        """Count another job with so many bytes of arguments. Raises `StoreUnavailable` with `storage-full`.

        Where the replay key is known to Redis no job will be made, and its client may learn of the first one.
        """
        if self._clock() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = self._clock()
            self._used_bytes, self._limit_bytes = self._look()
        used_percent = 100 * self._used_bytes / self._limit_bytes if self._limit_bytes else 0
        if used_percent >= FULL_PERCENT and not (replay_key and self._redis.exists(replay_key)):
            why = f"The job store is {used_percent:.0f} % full, and the rest is kept for the jobs that it has."
            raise StoreUnavailable(why, slug="storage-full", retry_after_seconds=10)
        # Between two looks a flood of large jobs could use up what is kept.
        self._used_bytes += bytes_wanted + OVERHEAD_BYTES

    def _look(self) -> tuple[int, int]:
        try:
            memory: Any = self._redis.info("memory")
        except NoPermissionError:
            return 0, 0  # whoever may not ask cannot know; Redis itself refuses when it is full
        return memory["used_memory"], memory.get("maxmemory", 0)
