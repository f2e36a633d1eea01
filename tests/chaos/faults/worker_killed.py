"""F1: whole workers die by SIGKILL at random moments, while many short jobs run."""

from __future__ import annotations

import time

from cluster import Cluster
from load import Load
from processes import Process
from recovery import Death, overtaken_seconds, reclaim_seconds
from table import Row
from trial import Trial, fault
from waiting import wait_until

WORKERS = 3
P99_SECONDS = 10.0
MAX_SECONDS = 15.0


@fault(
    "F1",
    "kill -9 of whole workers",
    ci={"jobs": 500, "kills": 5, "per_second": 25, "job_seconds": 0.15},
    full={"jobs": 10_000, "kills": 50, "per_second": 45, "job_seconds": 0.08},
    limit_seconds=900,
)
def kill_workers(trial: Trial) -> Row:
    jobs, kills = trial.size["jobs"], trial.size["kills"]
    with trial.cluster(workers=WORKERS, slots=2) as cluster:
        body = {"task": "brief", "args": {"seconds": trial.size["job_seconds"]}}
        pace = trial.size["per_second"]
        load = Load("c", cluster.history, cluster.submit_ports, per_second=pace, limit=jobs, body=body).start()
        deaths = [_kill_one(trial, cluster, load, number) for number in range(kills)]
        load.join(300)
        cluster.wait_until_settled(40)
        findings = trial.check(cluster)
        seen = cluster.witness.seen
        recovery = reclaim_seconds(seen, deaths)
        late = [seconds for seconds in overtaken_seconds(seen, list(load.accepted)) if seconds > 1]
    problems = [*load.problems, *_too_slow(recovery + late, trial.patience)]
    if len(findings.reruns) > kills * 2:
        problems.append(f"{len(findings.reruns)} jobs ran more than once: more than kills × slots")
    notes = [f"{len(recovery)} claims died, {len(late)} doorbells were late, {len(findings.reruns)} jobs ran again"]
    done = f"SIGKILL of one of {WORKERS} workers (process group or parent only) whenever two are up, then a new one"
    runs = f"{jobs:,} jobs, {kills} kills"
    return trial.row(done, runs, findings, recovery_seconds=recovery + late, problems=problems, notes=notes)


def _kill_one(trial: Trial, cluster: Cluster, load: Load, number: int) -> Death:
    """Wait for the right moment, kill, start a new one in its place."""
    share = len(load.accepted) / trial.size["jobs"]
    wait_until(lambda: len(load.accepted) / trial.size["jobs"] >= number / trial.size["kills"], 120, "more jobs")
    wait_until(lambda: len(_ready(cluster)) > 1, 60, "two workers that are up")
    time.sleep(trial.random.uniform(0.0, 0.6))
    worker = trial.random.choice(_ready(cluster))
    pids = frozenset(worker.family())
    at = worker.kill() if trial.random.random() < 0.5 else worker.kill_parent()
    worker.start()
    if number % 10 == 0:
        trial.say(f"kill {number + 1}, {share:.0%} of the jobs accepted")
    return Death(at, pids)


def _ready(cluster: Cluster) -> list[Process]:
    """The workers that live and have announced themselves; one of them stays alive to take over."""
    announced = {worker.name.split(":")[1] for worker in cluster.store.workers()}
    return [worker for worker in cluster.workers if worker.is_alive() and str(worker.pid) in announced]


def _too_slow(seconds: list[float], patience: float) -> list[str]:
    slow = sorted(each for each in seconds if each > patience * P99_SECONDS)
    problems = []
    if len(slow) > len(seconds) / 100:
        problems.append(f"recovery p99 above {patience * P99_SECONDS:g} s: {len(slow)} of {len(seconds)} were slower")
    if slow and slow[-1] > patience * MAX_SECONDS:
        problems.append(f"recovery took {slow[-1]:.1f} s")
    return problems
