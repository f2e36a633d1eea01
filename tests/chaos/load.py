"""Load: a crowd of careful clients that submit at a pace, each insisting with one key until it is told 202."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from history import History
from swarm import Answer, Connection, NoAnswer

PAUSE_SECONDS = 0.1
INSIST_SECONDS = 30.0
"""How long a client goes on asking after the load was told to stop; then the outcome stays unknown."""
JOIN_SECONDS = INSIST_SECONDS + 15.0


@dataclass(frozen=True, slots=True)
class Try:
    """One request and what came of it."""

    began_at: float
    """Monotonic."""
    seconds: float
    status: int
    """0: the connection broke, or was refused, before an answer."""
    slug: str = ""
    has_retry_after: bool = False


@dataclass(slots=True)
class Load:
    """Runs in a thread of its own between `start` and `stop`."""

    name: str
    history: History
    ports: Sequence[int]
    """Clients are spread over them; one of nginx, or one a service."""
    clients: int = 4
    per_second: float = 0.0
    """All clients together; 0 means as fast as they are answered."""
    limit: int = 0
    """End by itself after so many jobs; 0 means go on until `stop`."""
    body: Mapping[str, Any] = field(default_factory=lambda: {"task": "brief"})
    tries: list[Try] = field(default_factory=list)
    accepted: dict[str, float] = field(default_factory=dict)
    """Job id → when it was accepted, in order."""
    problems: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _stopped_at: float = 0.0
    _began_at: float = 0.0
    _thread: threading.Thread | None = None

    def start(self) -> Load:
        self._began_at = time.monotonic()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._crowd()), name=self.name, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """No new jobs; wait until every client knows how its last one went, or gives up."""
        self._stopped_at = self._stopped_at or time.monotonic()
        self.join(JOIN_SECONDS)

    def join(self, seconds: float) -> None:
        """Wait for the end of a load with a limit."""
        assert self._thread is not None
        self._thread.join(seconds)
        if self._thread.is_alive():
            self.problems.append(f"the load {self.name} did not end within {seconds:g} s")

    @property
    def refused(self) -> list[Try]:
        return [each for each in self.tries if each.status != 202]

    @property
    def outcomes(self) -> str:
        """Answers by kind, for a row's notes."""
        kinds = Counter(f"{each.status} {each.slug}".strip() if each.status else "broken" for each in self.tries)
        return ", ".join(f"{number:,} × {kind}" for kind, number in kinds.most_common())

    def seconds_of_accepted(self) -> list[float]:
        return [each.seconds for each in self.tries if each.status == 202]

    def first_accepted_after(self, moment: float) -> float | None:
        return next((at for at in list(self.accepted.values()) if at >= moment), None)

    async def _crowd(self) -> None:
        await asyncio.gather(*(self._client(number) for number in range(self.clients)))

    async def _client(self, number: int) -> None:
        connection = Connection(self.ports[number % len(self.ports)])
        try:
            while not self._stopped_at:
                turn = next(self._numbers)
                if self.limit and turn > self.limit:
                    return
                if self.per_second:
                    await asyncio.sleep(max(0.0, self._began_at + turn / self.per_second - time.monotonic()))
                if not self._stopped_at:
                    await self._insist(connection, f"{self.name}-{turn}")
        finally:
            connection.close()

    async def _insist(self, connection: Connection, key: str) -> None:
        """The same key again and again: at the end there is one job, however often the answer was lost."""
        while not self._stopped_at or time.monotonic() < self._stopped_at + INSIST_SECONDS:
            if await self._try(connection, key):
                return
            await asyncio.sleep(PAUSE_SECONDS)
        self.problems.append(f"{key} was never accepted")

    async def _try(self, connection: Connection, key: str) -> bool:
        began_at = time.monotonic()
        self.history.add(self.name, "submit", "invoke", key=key)
        try:
            answer = await connection.request("POST", "/jobs", {"tags": [key], **self.body}, {"Idempotency-Key": key})
        except NoAnswer as error:
            self.tries.append(Try(began_at, time.monotonic() - began_at, 0))
            self.history.add(self.name, "submit", "unknown" if error.was_sent else "fail", key=key, detail=str(error))
            return False
        return self._note(answer, key, began_at)

    def _note(self, answer: Answer, key: str, began_at: float) -> bool:
        now = time.monotonic()
        if answer.status == 202:
            job_id = answer.document["id"]
            self.tries.append(Try(began_at, now - began_at, 202))
            self.accepted[job_id] = now
            self.history.add(self.name, "submit", "ok", key=key, job_id=job_id)
            return True
        slug = _slug_of(answer)
        self.tries.append(Try(began_at, now - began_at, answer.status, slug, "retry-after" in answer.headers))
        # A 503 leaves it open whether the commit happened; only a refusal of the request itself is sure.
        outcome = "fail" if answer.status < 500 else "unknown"
        self.history.add(self.name, "submit", outcome, key=key, detail=f"{answer.status} {slug}")
        return False


def _slug_of(answer: Answer) -> str:
    is_problem = "problem+json" in answer.headers.get("content-type", "")
    return str(answer.document.get("type", "")).rpartition("/")[2] if is_problem else "not a problem document"
