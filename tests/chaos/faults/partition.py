"""F10: one worker is cut off from Valkey longer than a lease, in both directions or in one."""

from __future__ import annotations

import time
from pathlib import Path

from clients import Client
from cluster import Cluster
from processes import Process
from table import Row
from trial import Trial, fault
from waiting import wait_until

CUTS = {"both ways": (True, True), "requests only": (True, False), "replies only": (False, True)}
SLOTS = 3
CLEAN_SECONDS = 15.0
ZOMBIE_SECONDS = 3.0
"""After the heal an old copy has this long to show that it works on."""
GRACE_SECONDS = 0.5
"""A beat may be on its way to the log while its process is paused."""


@fault(
    "F10",
    "partition between a worker and Valkey",
    ci={"rounds": 1, "seconds": 9.0},
    full={"rounds": 1, "seconds": 60.0},
    limit_seconds=900,
)
def cut_off(trial: Trial) -> Row:
    problems: list[str] = []
    healed: list[float] = []
    jobs = 0
    with trial.cluster(workers=2, slots=SLOTS, proxied=("worker",)) as cluster:
        for number in range(trial.size["rounds"]):
            for words in trial.random.sample(list(CUTS), len(CUTS)):
                worker = trial.random.choice(cluster.workers)
                ids, seconds, trouble = _cut(trial, cluster, worker, words)
                jobs += len(ids)
                healed.append(seconds)
                problems += trouble
                trial.say(f"round {number + 1}, {worker.name}, {words}: clean {seconds:.1f} s after the heal")
        findings = trial.check(cluster)
        overlap = _beats_of_old_copies(cluster)
    if overlap:
        problems.append(f"{len(overlap)} beats of a cut off attempt after another one began: {overlap[:3]}")
    done = f"black hole of {trial.size['seconds']:g} s, {', '.join(CUTS)}; held bytes are delivered at its end"
    notes = [
        f"{len(findings.reruns)} jobs taken over; recovery is from the heal, with {ZOMBIE_SECONDS:g} s of watching"
    ]
    runs = f"{jobs} jobs, {len(healed)} partitions"
    return trial.row(done, runs, findings, recovery_seconds=healed, problems=problems, notes=notes)


def _cut(trial: Trial, cluster: Cluster, worker: Process, words: str) -> tuple[list[str], float, list[str]]:
    """Jobs on all slots, then the cut; the ids, how long it took from the heal to the end of all, and what broke."""
    client = cluster.client(f"r{time.monotonic_ns()}")
    gates = _submit_gated(cluster, client)
    wait_until(lambda: len(cluster.running_on(worker)) == SLOTS, 60, f"jobs on all slots of {worker.name}")
    cut_off_jobs = cluster.running_on(worker)
    for job_id in gates.keys() - set(cut_off_jobs):  # the other worker gets free slots
        gates[job_id].touch()
    time.sleep(trial.random.uniform(0.0, 2.5))  # before or after the first renewal of the leases
    up, down = CUTS[words]
    proxy = cluster.proxies[worker.name]
    proxy.block(up=up, down=down)
    healed_at = time.monotonic() + trial.size["seconds"]
    time.sleep(max(0.0, healed_at - time.monotonic()))
    # At the heal some jobs are over, and some run on the other worker.
    for job_id in trial.random.sample(cut_off_jobs, trial.random.randint(0, SLOTS)):
        gates[job_id].touch()
    time.sleep(0.5)
    proxy.heal()
    healed_at = time.monotonic()
    time.sleep(ZOMBIE_SECONDS)
    for gate in gates.values():
        gate.touch()
    is_clean = cluster.wait_until_settled(trial.patience * 2 * CLEAN_SECONDS)
    seconds = time.monotonic() - healed_at
    client.close()
    is_alive = worker.is_alive()
    problems = (
        []
        if is_clean and seconds < trial.patience * CLEAN_SECONDS
        else [f"{words}: jobs still open {seconds:.0f} s after"]
    )
    return list(gates), seconds, problems if is_alive else [*problems, f"{words}: {worker.name} died of it"]


def _submit_gated(cluster: Cluster, client: Client) -> dict[str, Path]:
    """Jobs for all slots of both workers; each ends when its file exists."""
    gates = [cluster.folder / f"{client.name}-{number}" for number in range(2 * SLOTS)]
    return {client.submit_until_accepted("gated", args={"gate": str(gate)}): gate for gate in gates}


def _beats_of_old_copies(cluster: Cluster) -> list[str]:
    """Who cannot renew must not work on while another one may have its job."""
    effects = cluster.effects()
    starts = {(each.job_id, each.attempt): each.at for each in effects if each.kind == "start"}
    found = []
    for each in effects:
        began_at = starts.get((each.job_id, each.attempt + 1), float("inf"))
        if each.kind in ("beat", "end") and each.at > began_at + GRACE_SECONDS:
            found.append(f"{each.job_id} attempt {each.attempt} {each.at - began_at:.1f} s after")
    return found
