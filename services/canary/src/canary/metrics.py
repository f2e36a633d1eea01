"""Metrics of the canary, all declared here: docs/reference/metrics.md says what they mean."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Stage(StrEnum):
    """What a client waits for, one after the other."""

    ACCEPTED = "accepted"
    FIRST_EVENT = "first_event"
    STARTED = "started"
    FINISHED = "finished"


class Outcome(StrEnum):
    """How a run ended."""

    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    """The job was not accepted."""
    FAILED = "failed"
    """It was accepted, and ended without its result."""
    TIMED_OUT = "timed_out"


class CanaryMetrics:
    """Stages, runs and the last success."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._stages = Histogram(
            "headway_canary_stage_seconds", "From the request on.", ["stage"], buckets=BUCKETS, registry=registry
        )
        self._runs = Counter("headway_canary_runs", "Runs that ended.", ["outcome"], registry=registry)
        self._last_success = Gauge(
            "headway_canary_last_success_timestamp_seconds", "When a run last succeeded.", registry=registry
        )
        for stage in Stage:  # known before: the first one is seen as a rise
            self._stages.labels(stage)
        for outcome in Outcome:
            self._runs.labels(outcome)

    def reach(self, stage: Stage, seconds: float) -> None:
        self._stages.labels(stage).observe(seconds)

    def end(self, outcome: Outcome) -> None:
        self._runs.labels(outcome).inc()
        if outcome is Outcome.SUCCEEDED:
            self._last_success.set_to_current_time()
