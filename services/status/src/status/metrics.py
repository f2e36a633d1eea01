"""Metrics of streams: how many, how they end, and how long a worker's word takes to its watchers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LIFE_BUCKETS = (1, 5, 15, 60, 300, 900, 3600, 14400)
FIRST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
PROPAGATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
EVENTS = ("snapshot", "update", "log", "end", "missing", "stats")
REASONS = ("finished", "client", "stopping", "error")
TRANSPORTS = ("stream", "poll")


@dataclass(slots=True)
class OpenStream:
    """A stream that is being sent."""

    first_event: Callable[[float], None]
    opened_at: float = field(default_factory=time.monotonic)
    has_told: bool = False
    reason: str = "client"
    """Why it ends; unless somebody says otherwise, the client is gone."""

    def told(self) -> None:
        """Something was sent."""
        if not self.has_told:
            self.has_told = True
            self.first_event(time.monotonic() - self.opened_at)


class StreamMetrics:
    """One for each process."""

    def __init__(self, registry: CollectorRegistry, limit: int, open_now: Callable[[], int]) -> None:
        self._clock_offset_seconds = 0.0
        streams = Gauge("headway_streams_open", "Streams and long polls open now.", registry=registry)
        streams.set_function(open_now)
        Gauge("headway_streams_limit", "How many may be open.", registry=registry).set(limit)
        self._opened = Counter("headway_streams_opened", "Streams begun.", ["resumed"], registry=registry)
        self._closed = Counter("headway_streams_closed", "Streams ended.", ["reason"], registry=registry)
        self._life = Histogram(
            "headway_stream_duration_seconds", "A stream's life.", buckets=LIFE_BUCKETS, registry=registry
        )
        self._first = Histogram(
            "headway_stream_first_event_seconds", "Until its first event.", buckets=FIRST_BUCKETS, registry=registry
        )
        self._resumes = Counter("headway_stream_resumes", "Streams that went on.", ["outcome"], registry=registry)
        events = Counter("headway_stream_events", "Events sent.", ["type"], registry=registry)
        self._events = {name: events.labels(name) for name in EVENTS}
        self.skipped = Counter("headway_stream_versions_skipped", "Versions folded into the next.", registry=registry)
        self.refused = Counter("headway_streams_refused", "Requests above the limit.", registry=registry)
        names, buckets = ["transport"], PROPAGATION_BUCKETS
        propagation = Histogram(
            "headway_propagation_seconds",
            "From the worker's write to the watcher.",
            names,
            buckets=buckets,
            registry=registry,
        )
        self._propagation = {name: propagation.labels(name) for name in TRANSPORTS}
        self._foresee()

    @contextmanager
    def stream(self, *, is_resumed: bool, is_continued: bool) -> Iterator[OpenStream]:
        """Count a stream while it is sent inside the block."""
        self._opened.labels("yes" if is_resumed else "no").inc()
        if is_resumed:
            self._resumes.labels("continued" if is_continued else "restarted").inc()
        stream = OpenStream(self._first.observe)
        try:
            yield stream
        except Exception:
            stream.reason = "error"
            raise
        finally:
            self._closed.labels(stream.reason).inc()
            self._life.observe(time.monotonic() - stream.opened_at)

    def event(self, name: str) -> None:
        self._events[name].inc()

    def told(self, transport: str, job_id: str, updated_at: datetime) -> None:
        """A watcher is about to learn of a change that was written at that time, by Redis's clock."""
        seconds = time.time() + self._clock_offset_seconds - updated_at.timestamp()
        self._propagation[transport].observe(max(0.0, seconds), {"job_id": job_id})

    def set_clock(self, moment: datetime) -> None:
        """It is this moment now by Redis's clock: ours may differ, and latency is measured between the two."""
        self._clock_offset_seconds = moment.timestamp() - time.time()

    def _foresee(self) -> None:
        for resumed in ("yes", "no"):
            self._opened.labels(resumed)
        for reason in REASONS:
            self._closed.labels(reason)
        for outcome in ("continued", "restarted"):
            self._resumes.labels(outcome)
