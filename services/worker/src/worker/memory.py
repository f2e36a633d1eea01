"""How much memory a worker and the processes of its jobs take, and how much they may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

OWN_GROUP = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


class Memory(Collector):
    """Looked up whenever somebody asks for metrics: some milliseconds for a few processes."""

    def collect(self) -> Iterator[Metric]:
        used, limit = memory_used_bytes(), memory_limit_bytes()
        yield GaugeMetricFamily("headway_worker_memory_bytes", "Memory of the worker and its jobs' processes.", used)
        yield GaugeMetricFamily("headway_worker_memory_limit_bytes", "How much they may take; 0 is any.", limit)


def memory_used_bytes() -> int:
    """Of this process and all below it.

    Forked processes have most of their pages in common: each counts for its share of them (PSS), so that the sum is
    what they take together.
    """
    parent = psutil.Process()
    return sum(_share_of(process) for process in (parent, *parent.children(recursive=True)))


def memory_limit_bytes(own_group: Path = OWN_GROUP, groups: Path = GROUPS) -> int:
    """At how much the kernel ends one of them; 0 when it never does for that.

    The smallest limit of the control group and those around it (cgroup v2, as containers have it).
    """
    if not own_group.exists():
        return 0
    named = (line.partition("::")[2] for line in own_group.read_text().splitlines() if line.startswith("0::"))
    group = groups / next(named, "").lstrip("/")
    around = [each / "memory.max" for each in (group, *group.parents) if each.is_relative_to(groups)]
    limits = [each.read_text().strip() for each in around if each.exists()]
    return min((int(limit) for limit in limits if limit.isdigit()), default=0)


def _share_of(process: psutil.Process) -> int:
    try:
        found = process.memory_full_info()
        # A system without PSS, such as macOS, has what is the process's own; one with neither, what is in memory.
        return int(next(getattr(found, kind) for kind in ("pss", "uss", "rss") if hasattr(found, kind)))
    except psutil.NoSuchProcess:
        return 0  # it ended while the others were looked at
    except psutil.AccessDenied:
        return 0  # what a task started as somebody else is not the worker's to read
