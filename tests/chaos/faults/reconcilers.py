"""F25: nobody, one or three reconcilers: schedules and lost doorbells are dealt with, and each job runs once."""

from __future__ import annotations

import time
from typing import Any

from cluster import Cluster
from table import Row
from trial import Trial, fault

COUNTS = (0, 1, 3)
BUSY_SECONDS = 2.0
ALONE_SECONDS = 4.0
LINE = "headway:queue:default@2"


@fault("F25", "0, 1 and 3 reconcilers", ci={"jobs": 20}, full={"jobs": 200}, limit_seconds=300)
def vary_reconcilers(trial: Trial) -> Row:
    jobs = trial.size["jobs"]
    stolen = 0
    with trial.cluster(workers=1, slots=2) as cluster:  # the first one announces the tasks, and goes
        cluster.workers[0].stop()
        problems = []
        for count in COUNTS:
            _run_so_many(cluster, count)
            stolen += _submit_and_steal(trial, cluster, jobs, busy_slots=2 * count)
            if count == 0:
                time.sleep(ALONE_SECONDS)
                problems += _ran_without_worker(cluster)
                continue
            if not cluster.wait_until_settled(30 + jobs / 10):
                problems.append(f"{count} reconcilers left {cluster.unfinished()} jobs open")
            trial.say(f"{count} reconcilers, {stolen} doorbells stolen so far")
        findings = trial.check(cluster, is_once=True)
        ignored = sum(worker.log.count("doorbell ignored") for worker in cluster.workers)
    if ignored > stolen * max(COUNTS):
        problems.append(f"{ignored} needless doorbells for {stolen} lost ones")
    done = "workers stopped and started; a third of the jobs scheduled, a third of the doorbells taken from the list"
    notes = [f"{ignored} needless doorbells"]
    runs = f"{len(findings.recovered) + findings.acknowledged} jobs, {stolen} lost doorbells"
    return trial.row(done, runs, findings, problems=problems, notes=notes)


def _run_so_many(cluster: Cluster, count: int) -> None:
    """Stopped workers start again before new ones are added."""
    for worker in cluster.workers:
        if not worker.is_alive() and sum(each.is_alive() for each in cluster.workers) < count:
            worker.start()
    while sum(worker.is_alive() for worker in cluster.workers) < count:
        cluster.add_worker(slots=2)
    cluster.wait_for_workers(count)


def _submit_and_steal(trial: Trial, cluster: Cluster, jobs: int, *, busy_slots: int) -> int:
    """Fill the slots so that doorbells stay in their list, then take some away; how many."""
    client = cluster.client(f"n{busy_slots}")
    for _ in range(busy_slots):
        client.submit_until_accepted("steady", args={"seconds": BUSY_SECONDS})
    for number in range(jobs):
        later: dict[str, Any] = {"countdown": trial.random.uniform(0.5, 3.0)} if number % 3 == 0 else {}
        client.submit_until_accepted("brief", **later)
    client.close()
    stolen = 0
    for _ in range(jobs // 3):
        take = cluster.redis.rpop if trial.random.random() < 0.5 else cluster.redis.lpop
        stolen += take(LINE) is not None
    return stolen


def _ran_without_worker(cluster: Cluster) -> list[str]:
    return [f"{len(cluster.effects())} effects without a worker"] * bool(cluster.effects())
