"""A trial is one run of one fault: its seed, its size, its folder, its history; and the register of all faults."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assembly import make_cluster
from checker import Findings, check
from cluster import Cluster
from history import History
from table import Row

CI_PATIENCE = 3.0
FAULTS: dict[str, Fault] = {}
STOCK_FAULTS: dict[str, Fault] = {}
"""The same faults on stock Celery; their rows never fail a run."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to break the system, and how hard in each tier."""

    name: str
    title: str
    ci: Mapping[str, Any] | None
    """Sizes of the CI tier; None leaves the fault to the full tier."""
    full: Mapping[str, Any]
    limit_seconds: float
    """A trial that takes longer is broken off: nothing may hang."""
    run: Callable[[Trial], Row]


def fault(
    name: str,
    title: str,
    *,
    ci: Mapping[str, Any] | None,
    full: Mapping[str, Any],
    limit_seconds: float = 600.0,
    is_stock: bool = False,
) -> Callable[[Callable[[Trial], Row]], Callable[[Trial], Row]]:
    """Register the decorated function as a fault. Names are `F1` … or words; the order is kept by number."""

    def register(run: Callable[[Trial], Row]) -> Callable[[Trial], Row]:
        register_in = STOCK_FAULTS if is_stock else FAULTS
        if name in register_in:
            raise ValueError(f"Two faults are named {name}.")
        register_in[name] = Fault(name, title, ci, full, limit_seconds, run)
        return run

    return register


@dataclass(slots=True)
class Trial:
    """What a fault's function gets."""

    fault: Fault
    seed: str
    folder: Path
    """Logs, data and history; removed when all went well."""
    is_full: bool
    history: History = field(init=False)
    """For trials without a cluster; every cluster has a history of its own."""
    random: random.Random = field(init=False)
    """All choices of the fault come from here, so that a seed replays them."""
    began_at: float = field(default_factory=time.monotonic)

    @property
    def patience(self) -> float:
        """How many times longer than promised things may take: CI runs on a shared, slow machine.

        What must never happen is the same in both tiers, and the row shows what was measured.
        """
        return 1.0 if self.is_full else CI_PATIENCE

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.history = History(self.folder / "history.jsonl")
        self.random = random.Random(self.seed)

    @property
    def size(self) -> Mapping[str, Any]:
        sizes = self.fault.full if self.is_full else self.fault.ci
        assert sizes is not None
        return sizes

    @contextmanager
    def cluster(self, name: str = "", **shape: Any) -> Iterator[Cluster]:
        """A running system, ended at the end of the block; see `assembly.make_cluster` for its shape."""
        folder = self.folder / (name or "cluster")
        folder.mkdir(parents=True)
        history = History(folder / "history.jsonl")
        cluster = make_cluster(folder, history, **shape)
        try:
            yield cluster
        finally:
            cluster.end()
            history.close()

    def check(self, cluster: Cluster, **rules: bool) -> Findings:
        """What the checker says; call it while Valkey still runs and no job should be left."""
        return check(cluster, **rules)

    def row(self, done: str, runs: str, *findings: Findings, **figures: Any) -> Row:
        """The fault's row; `figures`: recovery_seconds, problems, notes."""
        return Row.of(f"{self.fault.name} {self.fault.title}", done, runs, *findings, **figures)

    def say(self, text: str) -> None:
        print(f"  {self.fault.name} {time.monotonic() - self.began_at:6.1f} s  {text}", flush=True)
