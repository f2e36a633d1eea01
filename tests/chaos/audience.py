"""An audience: many watchers in a thread of their own, while the trial breaks things."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from waiting import TooLate, wait_until
from watcher import Watcher

JOIN_SECONDS = 10.0


@dataclass(slots=True)
class Audience:
    """Watchers come at any time between `start` and `stop`."""

    port: int
    watchers: list[Watcher] = field(default_factory=list)
    _following: list[Future[None]] = field(default_factory=list)
    """Held here, for an event loop forgets a task that nobody else holds."""
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None

    def start(self) -> Audience:
        self._thread = threading.Thread(target=self._loop.run_forever, name="audience", daemon=True)
        self._thread.start()
        return self

    def follow(self, job_id: str) -> Watcher:
        watcher = Watcher(self.port, job_id)
        self.watchers.append(watcher)
        self._following.append(asyncio.run_coroutine_threadsafe(watcher.follow(), self._loop))
        return watcher

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result(JOIN_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        assert self._thread is not None
        self._thread.join(JOIN_SECONDS)
        self._loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def seconds_until_all(watchers: list[Watcher], sees: Callable[[Watcher], bool], limit_seconds: float) -> list[float]:
    """How long each took to see it; those that did not within the limit are missing."""
    began_at = time.monotonic()
    found: dict[int, float] = {}

    def have_all_seen() -> bool:
        now = time.monotonic()
        found.update(
            {index: now - began_at for index, each in enumerate(watchers) if index not in found and sees(each)}
        )
        return len(found) == len(watchers)

    with suppress(TooLate):  # who is missing in the answer tells
        wait_until(have_all_seen, limit_seconds, "all watchers")
    return list(found.values())
