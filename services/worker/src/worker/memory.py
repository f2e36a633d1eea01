"""How much memory a worker and the processes of its jobs take, and how much they may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

OWN_GROUP = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")
NO_LIMIT_BYTES = 1 << 62
"""What cgroup v1 writes for none is a little less than 2^63."""


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
    """At how much the kernel ends one of them: the smallest limit of their control group and those around it.

    0 when there is none.
    """
    lines = own_group.read_text().splitlines() if own_group.exists() else []
    return min((limit for line in lines for limit in _limits(line, groups)), default=0)


def _limits(line: str, groups: Path) -> Iterator[int]:
    """Of a line such as `0::/a/b` (cgroup v2) or `4:memory:/a/b` (v1); see cgroups(7).

    A container may be told its group by the host's path, and see its own one at the root.
    """
    _, controllers, path = line.split(":", 2)
    if controllers not in ("", "memory"):
        return
    root = groups / controllers
    group = root / path.lstrip("/")
    for each in (group, *group.parents):
        file = each / ("memory.limit_in_bytes" if controllers else "memory.max")
        if each.is_relative_to(root) and file.exists():
            limit = file.read_text().strip()
            if limit.isdigit() and int(limit) < NO_LIMIT_BYTES:
                yield int(limit)


def _share_of(process: psutil.Process) -> int:
    try:
        found = process.memory_full_info()
        # A system without PSS, such as macOS, has what is the process's own; one with neither, what is in memory.
        return int(next(getattr(found, kind) for kind in ("pss", "uss", "rss") if hasattr(found, kind)))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0  # it ended while the others were looked at; or a task started it as somebody else
