"""What a running task says of itself: `report`, `track`, `log`, `save`; and what it may ask.

Inside a worker these go to the job; outside they do nothing, so a task stays a
plain function (`headway.testing.record_progress` listens in tests). A report
costs well under a microsecond: it leaves its values in a slot, from which the
worker takes the latest ten times a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

T = TypeVar("T")


class JobCancelled(BaseException):
    """Raised inside a task when its job was cancelled; clean up and let it pass.

    Not an `Exception`, so that a task's own `except Exception` does not swallow it.
    """


class AttemptLost(BaseException):
    """Raised inside a task when another attempt owns the job: nothing it says counts any more."""


@dataclass(frozen=True, slots=True)
class Request:
    """Which job runs: empty outside a worker."""

    id: str = ""
    attempt: int = 1
    fence: int = 0
    """Grows with every attempt; hand it to outside systems that should refuse a stale one."""


class Listener(Protocol):
    """Where the words of a task go; the worker has one, tests have another."""

    request: Request

    def report(self, current: float, total: float | None, message: str | None) -> None: ...
    def log(self, text: str) -> None: ...
    def save(self, checkpoint: Any) -> None: ...
    def is_cancelled(self) -> bool: ...
    def saved(self) -> Any: ...


class _Nobody:
    """Outside a worker nobody listens."""

    request = Request()

    def report(self, current: float, total: float | None, message: str | None) -> None: ...
    def log(self, text: str) -> None: ...
    def save(self, checkpoint: Any) -> None: ...

    def is_cancelled(self) -> bool:
        return False

    def saved(self) -> Any:
        return None


listener: ContextVar[Listener] = ContextVar("headway_listener", default=_Nobody())  # noqa: B039
"""Who listens to the task of this context; set by whoever runs it."""


def report(current: float, total: float | None = None, message: str | None = None) -> None:
    """Say how far the task is: `current` of `total`, and what it is doing.

    `total` and `message` stay as they were when left out. A call that would move
    the bar back changes only the message. Raises `JobCancelled` or `AttemptLost`
    when the task should stop; never fails otherwise, even while the store is away.
    """
    listener.get().report(current, total, message)


def track(
    items: Iterable[T], message: str | None = None, *, total: int | None = None, resume: bool = False
) -> Iterator[T]:
    """Go through items and report each: `for page in progress.track(pages, "Rendering")`.

    `total` is needed only for items without a length. With `resume=True` the place
    is saved after every item, and the next attempt goes on behind the last one
    that was finished; the items must come in the same order then.
    """
    known = total if total is not None else _length(items)
    done = _resumed(resume)
    report(done, known, message)
    for index, item in enumerate(items):
        if index < done:
            continue
        yield item
        if resume:
            save({"done": index + 1})
        report(index + 1, known)


def log(text: str) -> None:
    """Add a line to the job's log; watchers see it at once. The last 1,000 lines are kept."""
    listener.get().log(text)


def save(checkpoint: Any) -> None:
    """Keep a JSON value for the next attempt, in case this one does not live to its end."""
    listener.get().save(checkpoint)


def request() -> Request:
    """Which job this is."""
    return listener.get().request


if TYPE_CHECKING:
    cancelled: bool
    """True once someone asked to cancel the job: for loops that stop in their own way.

    A task that has read True ends its job in REVOKED, whatever it returns.
    """
    checkpoint: Any
    """What the last attempt saved; None at first."""


def __getattr__(name: str) -> Any:
    if name == "cancelled":
        return listener.get().is_cancelled()
    if name == "checkpoint":
        return listener.get().saved()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _length(items: Iterable[Any]) -> int | None:
    try:
        return len(items)  # type: ignore[arg-type]
    except TypeError:
        return None


def _resumed(resume: bool) -> int:
    saved = listener.get().saved() if resume else None
    return int(saved["done"]) if isinstance(saved, dict) and "done" in saved else 0
