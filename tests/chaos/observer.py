"""An observer asks for an accepted job all the time, and stays on its stream, while the store comes and goes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from swarm import Connection, NoAnswer
from watcher import Watcher

POLL_SECONDS = 0.1
END_SECONDS = 10.0
"""So long after `stop` the stream may take to tell the end of the job."""
JOIN_SECONDS = 2 * END_SECONDS


@dataclass(slots=True)
class Observer:
    """Runs in a thread of its own between `start` and `stop`."""

    port: int
    job_id: str
    """A job that was accepted: it is never unknown."""
    answers: Counter[int] = field(default_factory=Counter)
    slowest_seconds: float = 0.0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    watcher: Watcher | None = None

    def start(self) -> Observer:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._observe()), name="observer", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """When its job has ended: its stream must say so too."""
        self._stopping.set()
        assert self._thread is not None
        self._thread.join(JOIN_SECONDS)

    @property
    def problems(self) -> list[str]:
        """An outage is a 503; it is never a false 404, and it does not end a stream."""
        found = [
            f"status answered {number} × {status} about an accepted job"
            for status, number in self.answers.items()
            if status not in (200, 503)
        ]
        if self.watcher and (self.watcher.broken or len(self.watcher.opened_at) != 1):
            found.append(f"a stream was opened {len(self.watcher.opened_at)} times, broken {self.watcher.broken} times")
        if not (self.watcher and self.watcher.has_ended):
            found.append("a stream never told the end of its job")
        return found

    @property
    def note(self) -> str:
        shown = ", ".join(f"{number:,} × {status or 'broken'}" for status, number in self.answers.most_common())
        return f"status said {shown}, one stream stayed open to its end"

    async def _observe(self) -> None:
        self.watcher = Watcher(self.port, self.job_id)
        following = asyncio.create_task(self.watcher.follow())
        connection = Connection(self.port)
        while not self._stopping.is_set():
            began_at = time.monotonic()
            try:
                answer = await connection.request("GET", f"/status/{self.job_id}")
                self.answers[answer.status] += 1
            except NoAnswer:
                self.answers[0] += 1
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began_at)
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.wait([following], timeout=END_SECONDS)
        following.cancel()
        connection.close()
