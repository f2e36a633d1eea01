"""F18: jobs that kill, hang or litter the process they run in; each ends in FAILURE, and its neighbours live on."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from cluster import Cluster
from table import Row
from trial import Trial, fault
from waiting import wait_until

from headway.job import Job

DEADLY = ("kill", "exit", "segfault", "fork")
"""They end their process: three lost workers in a row, then FAILURE."""
ENDLESS = ("loop", "hang")
"""They never return: their time limit ends them, once, for they have no retries."""
TIMEOUT_SECONDS = 2.0
END_SECONDS = 60.0
WORKERS = 2
SLOTS = 6
"""Of all workers."""


@fault("F18", "poison jobs", ci={"each": 1, "neighbours": 50}, full={"each": 5, "neighbours": 250}, limit_seconds=400)
def run_poison(trial: Trial) -> Row:
    each, neighbours = trial.size["each"], trial.size["neighbours"]
    kinds = [kind for kind in (*DEADLY, *ENDLESS) for _ in range(each)]
    trial.random.shuffle(kinds)
    with trial.cluster(workers=WORKERS, slots=SLOTS // WORKERS) as cluster:
        client = cluster.client("c")
        poisoned: dict[str, str] = {}
        good: list[str] = []
        for number in range(neighbours):
            if kinds and number % max(1, neighbours // (len(DEADLY + ENDLESS) * each)) == 0:
                kind = kinds.pop()
                timeout: dict[str, Any] = {"timeout": TIMEOUT_SECONDS} if kind in ENDLESS else {}
                poisoned[client.submit_until_accepted("poison", args={"kind": kind}, **timeout)] = kind
            good.append(client.submit_until_accepted("brief", args={"seconds": 0.2}))
        began_at = time.monotonic()
        is_over = cluster.wait_until_settled(trial.patience * END_SECONDS)
        seconds = time.monotonic() - began_at
        findings = trial.check(cluster)
        is_in_time = is_over and seconds < trial.patience * END_SECONDS
        problems = [] if is_in_time else [f"not over after {seconds:.0f} s"]
        problems += _check_poison(cluster, poisoned) + _check_neighbours(cluster, good)
        problems += _check_workers(cluster)
    done = f"{', '.join(DEADLY)}; {', '.join(ENDLESS)} ended by a limit of {TIMEOUT_SECONDS:g} s; good jobs beside"
    notes = [f"all over {seconds:.0f} s after the last submit"]
    return trial.row(done, f"{len(poisoned)} poison, {len(good)} good jobs", findings, problems=problems, notes=notes)


def _check_poison(cluster: Cluster, poisoned: dict[str, str]) -> list[str]:
    starts = Counter(each.job_id for each in cluster.effects() if each.kind == "start")
    problems = []
    for job_id, kind in poisoned.items():
        job = cluster.store.fetch(job_id)
        wanted = (3, "worker-lost") if kind in DEADLY else (1, "timeout")
        found = (starts[job_id], _slug(job))
        if job.state != "FAILURE" or found != wanted:
            problems.append(f"{kind}: {job.state} with {found}, not FAILURE with {wanted}")
    return problems


def _check_neighbours(cluster: Cluster, good: list[str]) -> list[str]:
    starts = Counter(each.job_id for each in cluster.effects() if each.kind == "start")
    bad = [job_id for job_id in good if cluster.store.fetch(job_id).state != "SUCCESS"]
    often = [job_id for job_id in good if starts[job_id] > 2]
    return [f"{len(bad)} good jobs harmed"] * bool(bad) + [f"{len(often)} run again more than once"] * bool(often)


def _check_workers(cluster: Cluster) -> list[str]:
    """The pools are whole again: as many jobs at a time as there are slots."""
    dead = [worker.name for worker in cluster.workers if not worker.is_alive()]
    if dead:
        return [f"{dead} died of it"]
    client = cluster.client("after")
    gate = cluster.folder / "gate"  # none ends before all have begun
    ids = [client.submit_until_accepted("gated", args={"gate": str(gate)}) for _ in range(SLOTS)]
    wait_until(lambda: all(cluster.store.fetch(each).state.is_running for each in ids), 60, f"{SLOTS} jobs at a time")
    gate.touch()
    cluster.wait_until_settled(20)
    return []


def _slug(job: Job) -> str:
    error = job.error_json or ""
    return error.partition("/problems/")[2].partition('"')[0]
