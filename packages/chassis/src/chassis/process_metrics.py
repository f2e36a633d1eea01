"""What every process says of itself: what runs here, whether it is leaving, what it uses; and how labels stay few."""

from __future__ import annotations

import platform
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, disable_created_metrics

from headway.figures import OTHER

MAX_NAMES = 50


class ProcessMetrics:
    """One for each process."""

    def __init__(self, registry: CollectorRegistry, service: str, revision: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # half of all series, of no use where counters may begin anew at any time
        ProcessCollector(registry=registry)
        names = ["service", "version", "revision", "python"]
        info = Gauge("headway_build_info", "What runs here.", names, registry=registry)
        info.labels(service, version("headway"), revision, platform.python_version()).set(1)
        self.draining = Gauge("headway_draining", "1 from SIGTERM on.", registry=registry)


class Names:
    """Label values out of an open set, such as tasks: the first 50 keep their names, all others share one.

    A series for each word that somebody may send would fill this process's memory, and Prometheus's.
    """

    def __init__(self, limit: int = MAX_NAMES) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def bound(self, name: str) -> str:
        if name in self._known:
            return name
        if len(self._known) >= self._limit:
            return OTHER
        self._known.add(name)
        return name
