"""Carries a task's words to the store: cheap for the task, at most ten writes a second, the last value always.

The task only leaves its latest values here. A thread takes them, writes them and
brings back whether the job was cancelled or lost; the task learns it at its next
word. A store that is away costs nothing but delay.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, Protocol

import orjson

from chassis.logs import get_logger
from headway.job import Job, to_amount
from headway.problem import StoreUnavailable, clip
from headway.progress import AttemptLost, JobCancelled, Request
from headway.store import JobStore, Report, Standing
from worker.result import MAX_CHECKPOINT_BYTES, to_json

log = get_logger(__name__)

FLUSH_SECONDS = 0.1
ASK_SECONDS = 0.5
"""A task that says nothing for so long still learns whether its job was cancelled."""
MAX_MESSAGE_CHARACTERS = 500
MAX_LINE_CHARACTERS = 2_000
MAX_LINES_A_FLUSH = 100
MAX_LINES_WAITING = 1_000
FLUSHES_AT_THE_END = MAX_LINES_WAITING // MAX_LINES_A_FLUSH
"""Enough for all that can wait, and an end when a thread of the task goes on to talk."""
_STOP = {Standing.CANCEL: JobCancelled, Standing.FENCED: AttemptLost, Standing.ENDED: AttemptLost}


class OnWrite(Protocol):
    """Told of every write: how long it took, or why there was none."""

    def __call__(self, seconds: float, error: str = "") -> None: ...


class Reporter:
    """The listener of a job that runs (see `headway.progress.Listener`)."""

    def __init__(self, store: JobStore, job: Job, *, on_write: OnWrite = lambda seconds, error="": None) -> None:
        self.request = Request(job.id, job.attempt, job.fence)
        self._store = store
        self._job = job
        self._on_write = on_write
        self._current: float | None = None
        self._total: float | None = None
        self._message: str | None = None
        self._is_new = False
        self._lines: deque[str] = deque(maxlen=MAX_LINES_WAITING)
        self._saved = job.checkpoint_json
        self._written_checkpoint = job.checkpoint_json
        self._stop: type[BaseException] | None = None
        self._asked_at = time.monotonic()
        self.has_told = False
        """The task asked and knows that it should stop; what it returns then is not what was wanted of it."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._flush_often, name=f"reporter {job.id}", daemon=True)

    def __enter__(self) -> Reporter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left, so that the bar stands where the task left it."""
        self._closing.set()
        self._thread.join()
        self._flush_rest()

    # What the task calls: keep it short, it may be called a million times.

    def report(self, current: float, total: float | None, message: str | None) -> None:
        self._current = current
        if total is not None:
            self._total = total
        if message is not None:
            self._message = message
        self._is_new = True
        if self._stop is not None:
            raise self._stop

    def log(self, text: str) -> None:
        self._lines.append(_words(text, MAX_LINE_CHARACTERS))
        if self._stop is not None:
            raise self._stop

    def save(self, checkpoint: Any) -> None:
        self._saved = to_json(checkpoint, MAX_CHECKPOINT_BYTES)

    def is_cancelled(self) -> bool:
        self.has_told = self._stop is not None
        return self.has_told

    def saved(self) -> Any:
        return orjson.loads(self._saved) if self._saved else None

    # What the thread does

    def _flush_often(self) -> None:
        while not self._closing.wait(FLUSH_SECONDS):
            try:
                self._flush()
                self._ask()
            except Exception:  # else the task would never learn of its cancel, nor anyone of its progress
                log.exception("reporter stumbled")

    def _flush_rest(self) -> None:
        try:
            for _ in range(FLUSHES_AT_THE_END):
                if not self._flush():
                    return
        except Exception:  # the task has ended well: its last words must not fail it
            log.exception("reporter stumbled")

    def _ask(self) -> None:
        """Silence must not keep a task from learning that it should stop."""
        if time.monotonic() - self._asked_at < ASK_SECONDS:
            return
        self._asked_at = time.monotonic()
        with suppress(StoreUnavailable):  # asked again soon; the parent sees to the lease
            (standing,) = self._store.renew([(self._job.id, self._job.owner or "")])
            self._stop = _STOP.get(standing)

    def _flush(self) -> bool:
        """Write some of what is new; False when there was nothing, or nobody to take it."""
        report = self._take()
        if report is None:
            return False
        began = self._asked_at = time.monotonic()
        try:
            standing = self._store.report(self._job.id, self._job.fence, report)
        except StoreUnavailable:
            # Tolerated: progress is a courtesy. The latest values go out when the store is back.
            self._is_new = True
            self._put_back(report.lines)
            self._on_write(0.0, "store_away")
            return False
        self._on_write(time.monotonic() - began, "overtaken" if standing is Standing.FENCED else "")
        if report.checkpoint_json is not None:
            self._written_checkpoint = report.checkpoint_json
        self._stop = _STOP.get(standing)
        return standing is not Standing.FENCED

    def _put_back(self, lines: tuple[str, ...]) -> None:
        """As many as there is room for: the newest lines matter most, and a full deque would drop those."""
        room = MAX_LINES_WAITING - len(self._lines)
        self._lines.extendleft(reversed(lines[max(0, len(lines) - room) :]))

    def _take(self) -> Report | None:
        """What is new since the last flush, made fit to be shown."""
        lines = tuple(self._lines.popleft() for _ in range(min(len(self._lines), MAX_LINES_A_FLUSH)))
        saved = self._saved if self._saved != self._written_checkpoint else None
        was_new, self._is_new = self._is_new, False  # before the values are read: a later report counts again
        if not was_new:
            return Report(checkpoint_json=saved, lines=lines) if lines or saved else None
        message = None if self._message is None else _words(self._message, MAX_MESSAGE_CHARACTERS)
        total = amount_of(self._total)
        current = amount_of(self._current)
        if current is not None and total:
            current = min(current, total)
        return Report(current, total, message, saved, lines)


def amount_of(value: Any) -> float | None:
    """A finite number that is not negative; anything else never reaches a viewer."""
    if value is None:
        return None
    try:
        amount = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except Exception:  # a whole number beyond all floats, or a kind of number that does not let itself be read
        amount = math.nan
    if not math.isfinite(amount):
        log.warning("amount of progress ignored", kind=type(value).__name__)
        return None
    return to_amount(max(amount, 0))


def _words(value: Any, limit: int) -> str:
    """Whatever the task said as a text; what cannot even say its text must not end the task."""
    try:
        return clip(str(value), limit)
    except Exception:
        return type(value).__name__
