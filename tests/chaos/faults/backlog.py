"""F20: a long line of jobs slows nothing down, and is answered in its order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from checker import Findings, all_jobs, check_indexes
from cluster import Cluster
from load import Load
from recovery import percentile
from swarm import Connection
from table import Row
from trial import Trial, fault
from waiting import wait_until

SUBMIT_SECONDS = 0.100
STATUS_SECONDS = 0.050
WAKE_SECONDS = 0.050
"""The three are p99 with the whole line standing."""
NEIGHBOURS = 16
"""Clients that submit at the same time do not know who was first; so far a job may be from its place."""
READS = 500
WAKES = 100
QUEUES = ("default",)


@fault(
    "F20",
    "long line",
    ci={"jobs": 5_000, "drained": 300, "clients": 4},
    full={"jobs": 100_000, "drained": 3_000, "clients": 4},
    limit_seconds=900,
)
def queue_many(trial: Trial) -> Row:
    size = trial.size
    with trial.cluster(workers=1, slots=1, submits=1, statuses=1) as cluster:
        [worker] = cluster.workers
        worker.stop()  # its tasks stay announced, so jobs are accepted and wait
        load = Load("f20", cluster.history, cluster.submit_ports, size["clients"], limit=size["jobs"]).start()
        load.join(600)
        ids = list(load.accepted)
        reads = asyncio.run(_read(cluster, trial.random.sample(ids, READS)))
        wakes = [_timed_wake(cluster) for _ in range(WAKES)]
        megabytes = cluster.redis.info("memory")["used_memory"] / 1e6
        worker.start()
        order = _order_of_starts(cluster, size["drained"])
        worker.kill()
        # All that is still in line is there and in its place; running it all would only take time.
        jobs = all_jobs(cluster)
        missing = [job_id for job_id in ids if job_id not in jobs]
        findings = Findings(acknowledged=len(ids))
        check_indexes(findings, cluster, jobs)
    seconds, tenth = load.seconds_of_accepted(), size["jobs"] // 10
    head, tail = seconds[:tenth], seconds[-tenth:]
    problems = [*load.problems, *_too_slow("submit", tail, trial.patience * SUBMIT_SECONDS)]
    problems += _too_slow("status", reads, trial.patience * STATUS_SECONDS)
    problems += _too_slow("wake", wakes, trial.patience * WAKE_SECONDS) + _order_problems(ids, order)
    problems += [f"lost {len(missing)}"] if missing or len(ids) != size["jobs"] else []
    notes = [
        f"submit p99 {_milliseconds(head)} ms at first, {_milliseconds(tail)} ms at last",
        f"status p99 {_milliseconds(reads)} ms",
        f"wake p99 {_milliseconds(wakes)} ms",
        f"Valkey {megabytes:.0f} MB",
        f"first {len(order):,} ran in order",
    ]
    done = "jobs submitted while no worker runs, then answered by one slot"
    return trial.row(done, f"{len(ids):,} jobs", findings, problems=problems, notes=notes)


def _timed_wake(cluster: Cluster) -> float:
    """What every worker does five times a second."""
    began_at = time.perf_counter()
    cluster.store.wake(QUEUES)
    return time.perf_counter() - began_at


async def _read(cluster: Cluster, ids: Sequence[str]) -> list[float]:
    connection = Connection(cluster.status_ports[0])
    seconds = []
    for job_id in ids:
        began_at = time.perf_counter()
        answer = await connection.request("GET", f"/status/{job_id}")
        seconds.append(time.perf_counter() - began_at)
        if answer.status != 200:
            raise RuntimeError(f"status answered {answer.status} about the waiting job {job_id}")
    connection.close()
    return seconds


def _order_of_starts(cluster: Cluster, number: int) -> list[str]:
    wait_until(lambda: len(_starts(cluster)) >= number, 300, f"{number} started jobs", poll_seconds=0.5)
    return _starts(cluster)[:number]


def _starts(cluster: Cluster) -> list[str]:
    return [effect.job_id for effect in cluster.effects() if effect.kind == "start"]


def _order_problems(ids: Sequence[str], order: Sequence[str]) -> list[str]:
    """First in, first out. Several clients submit at once, so neighbours may have been told in another order."""
    place = {job_id: number for number, job_id in enumerate(ids)}
    moved = [abs(place[job_id] - number) for number, job_id in enumerate(order)]
    return [f"a job ran {max(moved)} places from where it stood"] if max(moved) > NEIGHBOURS else []


def _too_slow(what: str, seconds: Sequence[float], limit_seconds: float) -> list[str]:
    p99 = percentile(seconds, 0.99)
    return [f"{what} p99 {p99 * 1000:.0f} ms"] if p99 > limit_seconds else []


def _milliseconds(seconds: Sequence[float]) -> str:
    return f"{percentile(seconds, 0.99) * 1000:.0f}"
