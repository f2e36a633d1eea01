"""F17: workers whose clocks are an hour off, or step back in the middle of a lease."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from checker import all_jobs
from clients import Client
from cluster import Cluster
from table import Row
from trial import Trial, fault
from waiting import wait_until

LAUNCHER = (sys.executable, str(Path(__file__).resolve().parents[1] / "launchers" / "skewed_worker.py"))
CLOCKS = ("3600", "-3600", "3600,-3600,{step}")
"""Ahead, behind, and a step of two hours back once the file exists."""
SLOTS = 3
COUNTDOWN_SECONDS = 2.0
LATE_SECONDS = 10.0
TOLERANCE = timedelta(seconds=2)


@fault(
    "F17",
    "wrong clocks of workers",
    ci={"jobs": 20, "seconds": 9.0},
    full={"jobs": 200, "seconds": 20.0},
    limit_seconds=300,
)
def skew_clocks(trial: Trial) -> Row:
    jobs, seconds = trial.size["jobs"], trial.size["seconds"]
    began_at = datetime.now(UTC)
    with trial.cluster(workers=0, wait=False) as cluster:
        step = cluster.folder / "step"
        for clock in CLOCKS:
            worker = cluster.add_worker(slots=SLOTS, command=LAUNCHER, start=False)
            worker.environment["CHAOS_CLOCK"] = clock.format(step=step)
            worker.start()
        cluster.wait_for_workers(len(CLOCKS))
        cluster.wait_for_services()
        client = cluster.client("c")
        left = _step_within_leases(cluster, client, step)
        stepped_at = time.monotonic()
        for number in range(jobs):
            later: dict[str, Any] = {"countdown": COUNTDOWN_SECONDS} if number % 2 else {}
            client.submit_until_accepted("brief", **later)
            time.sleep(trial.random.uniform(0, 0.05))
        time.sleep(max(0.0, stepped_at + seconds - time.monotonic()))  # leases are renewed meanwhile
        for gate in left:
            gate.touch()
        cluster.wait_until_settled(30)
        findings = trial.check(cluster, is_once=True)
        late_seconds = trial.patience * LATE_SECONDS
        problems = _right_clocks(cluster) + _wrong_times(cluster, began_at) + _wrong_schedules(cluster, late_seconds)
        problems += [f"{worker.name} died" for worker in cluster.workers if not worker.is_alive()]
    done = "three workers: clock an hour ahead, an hour behind, and one that steps back two hours within a lease"
    return trial.row(done, f"{jobs + len(CLOCKS) * SLOTS} jobs", findings, problems=problems)


def _step_within_leases(cluster: Cluster, client: Client, step: Path) -> list[Path]:
    """Fill all slots, so that every worker holds leases when one clock steps back; one job of each is left.

    The gates of those that are left.
    """
    gates = [cluster.folder / f"gate-{number}" for number in range(len(CLOCKS) * SLOTS)]
    ids = {client.submit_until_accepted("gated", args={"gate": str(gate)}): gate for gate in gates}
    wait_until(lambda: all(cluster.running_on(each) for each in cluster.workers), 60, "jobs on every worker")
    step.touch()
    left = [ids[cluster.running_on(worker)[0]] for worker in cluster.workers]
    for gate in gates:
        if gate not in left:
            gate.touch()
    return left


def _right_clocks(cluster: Cluster) -> list[str]:
    """Makes sure that this trial tries something: a worker's name ends in its start by its own clock."""
    owners = {owner for seen in list(cluster.witness.seen.values()) for _, owner, _ in seen.claims}
    started_at = [int(owner.rpartition("/")[0].rpartition(":")[2]) / 1000 for owner in owners]
    right = [at for at in started_at if abs(at - time.time()) < 1800]
    return ["a worker's clock was right; nothing was tried"] if right or not started_at else []


def _wrong_times(cluster: Cluster, began_at: datetime) -> list[str]:
    """Every time in a record is Redis's, never a worker's."""
    first, last = began_at - TOLERANCE, datetime.now(UTC) + TOLERANCE
    problems = []
    for job in all_jobs(cluster).values():
        times = {"created": job.created_at, "started": job.started_at, "finished": job.finished_at}
        wrong = [f"{name} at {at}" for name, at in times.items() if at is not None and not first <= at <= last]
        problems += [f"{job.id} {wrong}"] * bool(wrong)
    return problems


def _wrong_schedules(cluster: Cluster, most_seconds: float) -> list[str]:
    problems = []
    for job in all_jobs(cluster).values():
        if job.scheduled_for is None or job.started_at is None:
            continue
        late_seconds = (job.started_at - job.scheduled_for).total_seconds()
        if not -0.001 <= late_seconds < most_seconds:
            problems.append(f"{job.id} started {late_seconds:.1f} s after it was due")
    return problems
