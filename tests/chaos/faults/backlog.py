"""F20: a long line of jobs slows nothing down, and is answered in its order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise

from checker import Findings, all_jobs, check_indexes, ended_twice
from cluster import Cluster
from load import Load
from overdue import make_overdue, submit_for_later, timed_wakes
from recovery import percentile
from swarm import Connection
from table import Row
from trial import Trial, fault
from waiting import wait_until

from headway.job import Job

SUBMIT_SECONDS = 0.100
STATUS_SECONDS = 0.050
WAKE_SECONDS = 0.050
"""The three are p99 with the whole line standing; the last one also while everything is due at once."""
READS = 500
WAKES = 100
MOST_MEGABYTES = 300
"""What 100,000 waiting jobs may take of Valkey's memory."""


@fault(
    "F20",
    "long line",
    ci={"jobs": 5_000, "drained": 300, "due": 400, "clients": 4},
    full={"jobs": 100_000, "drained": 3_000, "due": 1_000, "clients": 4},
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
        wakes = [timed_wakes(cluster)[0] for _ in range(WAKES)]
        megabytes = cluster.redis.info("memory")["used_memory"] / 1e6
        worker.start()
        order = _order_of_starts(cluster, size["drained"])
        worker.kill()
        later = submit_for_later(cluster, size["due"])
        make_overdue(cluster, ids[-size["due"] :])
        busy_wakes = timed_wakes(cluster)
        # All that is still in line is there and in its place; running it all would only take time.
        jobs = all_jobs(cluster)
        missing = [job_id for job_id in [*ids, *later] if job_id not in jobs]
        findings = Findings(acknowledged=len(ids), ended_twice=ended_twice(cluster.effects()))
        check_indexes(findings, cluster, jobs)
    seconds, tenth = load.seconds_of_accepted(), size["jobs"] // 10
    head, tail = seconds[:tenth], seconds[-tenth:]
    problems = [*load.problems, *_too_slow("submit", tail, trial.patience * SUBMIT_SECONDS)]
    problems += _too_slow("status", reads, trial.patience * STATUS_SECONDS)
    problems += _too_slow("idle wake", wakes, trial.patience * WAKE_SECONDS)
    problems += _too_slow("wake with all due", busy_wakes, trial.patience * WAKE_SECONDS)
    problems += _order_problems([jobs[job_id] for job_id in order if job_id in jobs])
    problems += [f"Valkey took {megabytes:.0f} MB"] if megabytes > MOST_MEGABYTES else []
    problems += [f"lost {len(missing)}"] if missing or len(ids) != size["jobs"] else []
    notes = [
        f"submit p99 {_milliseconds(head)} ms at first, {_milliseconds(tail)} ms at last",
        f"status p99 {_milliseconds(reads)} ms",
        f"wake p99 {_milliseconds(wakes)} ms with nothing due, {_milliseconds(busy_wakes)} ms (of {len(busy_wakes)}) "
        f"with {size['due']:,} leases, schedules and expiries and all doorbells due at once",
        f"Valkey {megabytes:.0f} MB",
        f"first {len(order):,} ran in order",
    ]
    done = "jobs submitted while no worker runs, then answered by one slot"
    return trial.row(done, f"{len(ids):,} jobs", findings, problems=problems, notes=notes)


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


def _order_problems(order: Sequence[Job]) -> list[str]:
    """First in, first out, by the store's clock: what a client was told may have come later, or at a second try."""
    early = sum(before.created_at > after.created_at for before, after in pairwise(order))
    return [f"{early} jobs ran before an older one"] if early else []


def _too_slow(what: str, seconds: Sequence[float], limit_seconds: float) -> list[str]:
    p99 = percentile(seconds, 0.99)
    return [f"{what} p99 {p99 * 1000:.0f} ms"] if p99 > limit_seconds else []


def _milliseconds(seconds: Sequence[float]) -> str:
    return f"{percentile(seconds, 0.99) * 1000:.0f}"
