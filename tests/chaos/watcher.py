"""A watcher as a browser is one: follows a job's events, comes back with `Last-Event-ID`, keeps a diary."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from swarm import Connection, Event, NoAnswer

RETRY_SECONDS = 2.0
"""What the service asks for with `retry:`. No jitter, as in browsers: the worst case for the service."""


@dataclass(slots=True)
class Watcher:
    """Follows one job to its end."""

    port: int
    job_id: str
    opened_at: list[float] = field(default_factory=list)
    """When each connection was answered, by the monotonic clock."""
    broken: int = 0
    document: dict[str, Any] = field(default_factory=dict)
    """The job as this watcher knows it: the snapshot with all updates laid over it."""
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Event name and id, and how often they came: once, whatever happened in between."""
    last_event_id: str = ""
    is_open: bool = False

    @property
    def has_ended(self) -> bool:
        return any(name == "end" for name, _ in self.seen)

    @property
    def ends(self) -> int:
        return sum(count for (name, _), count in self.seen.items() if name == "end")

    @property
    def doubled(self) -> list[tuple[str, str]]:
        return [event for event, count in self.seen.items() if count > 1]

    async def follow(self) -> None:
        """Watch until `end`; cancelled from outside when that takes too long."""
        while not self.has_ended:
            try:
                async for event in Connection(self.port).events(f"/status/{self.job_id}/events", self.last_event_id):
                    self._take(event)
            except NoAnswer:
                self.broken += 1
            self.is_open = False
            if not self.has_ended:
                await asyncio.sleep(RETRY_SECONDS)

    def _take(self, event: Event) -> None:
        if event.name == "open":
            self.opened_at.append(time.monotonic())
            self.is_open = True
            return
        self.seen[event.name, event.id] += 1
        self.last_event_id = event.id
        data = json.loads(event.data)
        if event.name == "snapshot":
            self.document = data
        elif event.name == "update":
            self.document |= data
