"""F11: Valkey is slow: a long way, a thin line, a slow disk. Everything takes longer, nothing breaks."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from cluster import Cluster
from load import Load
from recovery import percentile
from refusals import refusal_problems
from table import Row
from trial import Trial, fault
from waiting import wait_until

LATENCY_SECONDS = 0.2
THIN_BYTES_PER_SECOND = 50 * 1024
STALL_SECONDS = 0.02
SUBMIT_SECONDS = 1.5
"""p99 of an accepted submit, with any of the three."""
WARM_SECONDS = 1.5
"""Connections are made in this time, several round trips each; it does not count for p99."""
MOST_CONNECTIONS = 60
"""Of one process: what slow answers may make it open at the given load."""


@fault(
    "F11",
    "slow Valkey",
    ci={"seconds": 4, "per_second": 50, "clients": 40},
    full={"seconds": 15, "per_second": 50, "clients": 40},
)
def slow_the_store(trial: Trial) -> Row:
    size = trial.size
    notes, problems = [], []
    with trial.cluster(workers=1, slots=4, submits=1, statuses=1, proxied=("worker", "submit", "status")) as cluster:
        client = cluster.client("f11")
        # They work through all three; a lease that was lost wrongly would show as a second start.
        gate = cluster.folder / "gate"
        witnesses = [client.submit_until_accepted("gated", args={"gate": str(gate)}) for _ in range(2)]
        for name, begin, end in _slownesses(cluster):
            begin()
            load = Load(f"f11-{name}", cluster.history, cluster.submit_ports, size["clients"], size["per_second"])
            load.start()
            time.sleep(WARM_SECONDS + size["seconds"])
            load.stop()
            connections = max(proxy.open_connections for proxy in cluster.proxies.values())
            end()
            wait_until(lambda: cluster.unfinished() <= len(witnesses), 60, f"the end of the jobs of {name}")
            notes.append(f"{name}: submit p50 {_p(load, 0.5):.2f} s, p99 {_p(load, 0.99):.2f} s, {load.outcomes}")
            problems += [f"{name}: {each}" for each in _slow_problems(trial, load, connections)]
        gate.touch()
        cluster.wait_until_settled(60)
        findings = trial.check(cluster, is_once=True)
    done = (
        f"each for {size['seconds']} s: +{LATENCY_SECONDS * 1000:.0f} ms for every answer; "
        f"{THIN_BYTES_PER_SECOND // 1024} KB/s for a connection; Valkey stopped {STALL_SECONDS * 1000:.0f} of every "
        f"{2 * STALL_SECONDS * 1000:.0f} ms, as a slow fsync does"
    )
    return trial.row(done, f"{findings.acknowledged} jobs", findings, problems=problems, notes=notes)


def _slownesses(cluster: Cluster) -> list[tuple[str, Callable[[], None], Callable[[], None]]]:
    """Name, how it begins, how it ends."""
    stalls = _Stalls(cluster.valkey.pid)
    return [
        ("latency", partial(_set_all, cluster, latency_seconds=LATENCY_SECONDS), partial(_heal_all, cluster)),
        ("bandwidth", partial(_set_all, cluster, bytes_per_second=THIN_BYTES_PER_SECOND), partial(_heal_all, cluster)),
        ("stalls", stalls.start, stalls.stop),
    ]


def _set_all(cluster: Cluster, *, latency_seconds: float = 0.0, bytes_per_second: float = 0.0) -> None:
    for proxy in cluster.proxies.values():
        proxy.down.latency_seconds = latency_seconds
        proxy.down.bytes_per_second = proxy.up.bytes_per_second = bytes_per_second


def _heal_all(cluster: Cluster) -> None:
    for proxy in cluster.proxies.values():
        proxy.heal()


def _slow_problems(trial: Trial, load: Load, connections: int) -> list[str]:
    found = load.problems + refusal_problems(trial, load, load.refused)
    if _p(load, 0.99) > trial.patience * SUBMIT_SECONDS:
        found.append(f"submit p99 {_p(load, 0.99):.1f} s")
    if connections > MOST_CONNECTIONS:
        found.append(f"{connections} connections of one process to Valkey")
    return found


def _p(load: Load, share: float) -> float:
    since = load.tries[0].began_at + WARM_SECONDS
    return percentile([each.seconds for each in load.tries if each.status == 202 and each.began_at > since], share)


class _Stalls:
    """Stops and continues a process all the time."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._stall, name="stalls", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5)

    def _stall(self) -> None:
        with suppress(ProcessLookupError):
            while not self._stopping.wait(STALL_SECONDS):
                os.kill(self._pid, signal.SIGSTOP)
                time.sleep(STALL_SECONDS)
                os.kill(self._pid, signal.SIGCONT)
