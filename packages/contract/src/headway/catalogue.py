"""The catalogue: what a task announces about itself, and which workers serve it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any, TypeVar

import orjson

E = TypeVar("E", "TaskEntry", "Worker")

ALIVE_SECONDS = 10
"""A worker that has not announced itself for this long does not count as live."""
ANNOUNCEMENTS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """A task as the outside sees it; workers write it when they start."""

    name: str
    description: str
    """The first paragraph of the function's docstring."""
    schema: dict[str, Any]
    """JSON Schema (2020-12) of the arguments."""
    queue: str
    max_retries: int
    timeout_seconds: float | None
    retention_seconds: int

    def to_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> TaskEntry:
        return _known_only(cls, text)


@dataclass(frozen=True, slots=True)
class Worker:
    """A live worker process; gone `ALIVE_SECONDS` after its last announcement."""

    name: str
    slots: int
    """Jobs it runs at the same time."""
    queues: tuple[str, ...]
    tasks: tuple[str, ...]

    def to_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    @lru_cache(maxsize=ANNOUNCEMENTS_KEPT)
    def from_json(cls, text: str) -> Worker:
        # A worker says the same as long as it lives, and every poll of a waiting job reads it.
        worker = _known_only(cls, text)
        return replace(worker, queues=tuple(worker.queues), tasks=tuple(worker.tasks))

    def serves(self, task: str, queue: str) -> bool:
        return task in self.tasks and queue in self.queues


def _known_only(cls: type[E], text: str) -> E:
    """Read an announcement; what a newer worker says beyond what we know is left alone."""
    known = {each.name for each in fields(cls)}
    return cls(**{name: value for name, value in orjson.loads(text).items() if name in known})
