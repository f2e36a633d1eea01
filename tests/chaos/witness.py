"""The witness: subscribes to every published move, straight at Valkey, and keeps what matters for the checker.

It counts final transitions, which the side-effect log cannot: a record has one
state, so a second final transition would overwrite the first without a trace.
What Valkey publishes while the witness is cut off is lost for it; the record and
the side-effect log then still tell of losses and doubles.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import redis
from waiting import wait_until

FINAL = frozenset({"SUCCESS", "FAILURE", "REVOKED"})
HEARD_SECONDS = 10.0
"""So much later than the store it may know of a move."""


@dataclass(slots=True)
class Seen:
    """What was published of one job."""

    finals: list[str] = field(default_factory=list)
    """Of its present life: a client's retry, and nothing else, begins another one."""
    past_finals: list[list[str]] = field(default_factory=list)
    """Of its earlier lives."""
    claims: list[tuple[float, str, int]] = field(default_factory=list)
    """(when, owner, fence) of every claim; when in seconds since 1970 by Redis's clock."""
    ended_at: float = 0.0
    version: int = 0
    fence: int = 0
    backward: list[str] = field(default_factory=list)
    """Versions or fences that did not grow."""


class Witness:
    def __init__(self, port: int, prefix: str) -> None:
        self.seen: dict[str, Seen] = defaultdict(Seen)
        self.interruptions = 0
        """How often its own connection broke."""
        self.on_move: Callable[[str, Mapping[str, str]], None] | None = None
        """For a fault that wants to know more than is kept here; called in the witness's thread."""
        self._client = redis.Redis(port=port, decode_responses=True, socket_timeout=5)
        self._channel_prefix = f"{prefix}job:"
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="witness", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5)

    def forget_order(self) -> None:
        """After a loss of data that the profile allows, versions may begin again, and so may a job's last move."""
        for seen in list(self.seen.values()):
            seen.version = seen.fence = 0
            seen.finals.clear()

    def wait_for_ends(self, ids: Collection[str], seconds: float = HEARD_SECONDS) -> None:
        """Until it has heard the end of each: it hears of a move a moment after the store has it."""
        wait_until(
            lambda: all(self.seen[job_id].ended_at for job_id in ids), seconds, "the witness to hear of the ends"
        )

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except (redis.RedisError, OSError):
                self.interruptions += 1
                time.sleep(0.05)

    def _follow(self) -> None:
        with self._client.pubsub() as subscription:  # type: ignore[no-untyped-call]
            subscription.psubscribe(self._channel_prefix + "*")
            while not self._stopping.is_set():
                message: Any = subscription.get_message(timeout=0.2)
                if message and message["type"] == "psubscribe":
                    # The library connects and subscribes again by itself: what came in between is lost.
                    self.interruptions += self._ready.is_set()
                    self._ready.set()
                elif message:
                    self._note(message["channel"].removeprefix(self._channel_prefix), json.loads(message["data"]))

    def _note(self, job_id: str, fields: dict[str, str]) -> None:
        seen = self.seen[job_id]
        at = float(fields["updated_at"]) / 1000
        self._check_growth(seen, fields)
        state = fields.get("state")
        if state == "RETRY" and fields.get("finished_at") == "":
            seen.past_finals.append(seen.finals)
            seen.finals = []
        if state == "STARTED" and "fence" in fields:
            seen.claims.append((at, fields.get("owner", ""), seen.fence))
        if state in FINAL:
            seen.finals.append(state)
            seen.ended_at = at
        if self.on_move:
            self.on_move(job_id, fields)

    def _check_growth(self, seen: Seen, fields: dict[str, str]) -> None:
        for name in ("version", "fence"):
            if name not in fields:
                continue
            value = int(float(fields[name]))
            if value <= getattr(seen, name):
                seen.backward.append(f"{name} {getattr(seen, name)} → {value}")
            setattr(seen, name, value)
