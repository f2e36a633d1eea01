"""Metrics of the worker, all declared here; counted in the parent process, which outlives its children."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class WorkerMetrics:
    """Doorbells and slots as the parent sees them."""

    def __init__(self, registry: CollectorRegistry, *, slots: int) -> None:
        self.doorbells = Counter("headway_doorbells_answered", "Doorbells given to a slot.", registry=registry)
        self.lost = Counter(
            "headway_worker_processes_lost", "Child processes that died with a job.", ["reason"], registry=registry
        )
        for reason in ("died", "time-limit"):
            self.lost.labels(reason)
        self.busy = Gauge("headway_slots_busy", "Slots that run a job now.", registry=registry)
        total = Gauge("headway_slots", "Jobs this worker can run at the same time.", registry=registry)
        total.set(slots)
        self.woken = Counter(
            "headway_schedules_woken", "Schedules, expiries and old records dealt with.", registry=registry
        )
