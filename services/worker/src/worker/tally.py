"""The parent's book: which child runs which job, and what became of every attempt, counted once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis.logs import get_logger
from worker.metrics import WorkerMetrics
from worker.notes import Note

log = get_logger(__name__)

READ_SECONDS = 0.2
"""Notes are read in batches: each job may write ten a second, and nobody asks for metrics so often."""


class Tally(Collector):
    """Fed by the children's notes; by the parent itself where a child can say nothing any more."""

    def __init__(
        self,
        metrics: WorkerMetrics,
        read: Callable[[], list[Note]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[int, tuple[Note, float]] = {}
        """By process: the note of the attempt's begin, and when it was read."""
        self._busy_seconds = 0.0

    def start(self) -> None:
        threading.Thread(target=self._loop, name="tally", daemon=True).start()

    def ended(self, pid: int, outcome: str) -> None:
        """The child is gone, or is about to be; nothing happens when it ended its attempt by itself before."""
        with self._lock:
            self._take_notes()
            if pid not in self._running:
                return
            note, began = self._running[pid]
            if outcome == "lost":
                self._metrics.failed(note.task, "worker-lost")
            self._end(pid, outcome, self._clock() - began)

    def collect(self) -> Iterator[Metric]:
        """Everything that happened until now is in the metrics that are collected after this one."""
        with self._lock:
            self._take_notes()
            now = self._clock()
            busy = self._busy_seconds + sum(now - began for _, began in self._running.values())
        yield CounterMetricFamily("headway_slot_busy_seconds", "Time that slots were busy.", busy)

    def _loop(self) -> None:
        while True:
            time.sleep(READ_SECONDS)
            try:
                with self._lock:
                    self._take_notes()
            except Exception:  # the pipe would fill up
                log.exception("tally stumbled")

    def _take_notes(self) -> None:
        for note in self._read():
            self._take(note)

    def _take(self, note: Note) -> None:
        metrics = self._metrics
        if note.kind == "started":
            metrics.doorbells.labels("claimed").inc()
            metrics.began(note.task, note.queue, note.job_id, note.seconds)
            self._running[note.pid] = note, self._clock()
        elif note.kind == "ended":
            if note.exception:
                metrics.failed(note.task, note.exception)
            if note.pid in self._running:
                self._end(note.pid, note.outcome, note.seconds)
        elif note.kind == "wrote":
            metrics.wrote(note.task, note.seconds, note.outcome)
        else:
            metrics.doorbells.labels(note.kind).inc()

    def _end(self, pid: int, outcome: str, seconds: float) -> None:
        note, began = self._running.pop(pid)
        self._busy_seconds += self._clock() - began
        self._metrics.ended(note.task, note.queue, note.job_id, outcome, seconds)
