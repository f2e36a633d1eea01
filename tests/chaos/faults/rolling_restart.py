"""F23: every service is restarted with SIGTERM under load through nginx: half of the replicas, then the others."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from cluster import Cluster
from load import Load
from processes import Process
from refusals import refusal_problems
from table import Row
from trial import Trial, fault
from waiting import wait_until

STOP_SECONDS = 30.0
READY_SECONDS = 60.0


@fault(
    "F23",
    "rolling restart",
    ci={"rounds": 1, "per_second": 30, "clients": 4},
    full={"rounds": 30, "per_second": 40, "clients": 6},
    limit_seconds=900,
)
def restart_everything(trial: Trial) -> Row:
    size = trial.size
    problems: list[str] = []
    took: list[float] = []
    with trial.cluster(workers=2, slots=2, submits=2, statuses=2, nginx=True) as cluster:
        load = Load("f23", cluster.history, [cluster.nginx_port], size["clients"], size["per_second"]).start()
        halves = [[kind[half] for kind in (cluster.submits, cluster.statuses, cluster.workers)] for half in (0, 1)]
        for number in range(size["rounds"]):
            trial.random.shuffle(halves)
            for services in halves:
                trial.random.shuffle(services)
                began_at = time.monotonic()
                problems += _restart(cluster, services)
                took.append(time.monotonic() - began_at)
            trial.say(f"round {number + 1}: all services restarted")
        load.stop()
        cluster.wait_until_settled(60)
        findings = trial.check(cluster, is_once=True)
        attempts = Counter(effect.attempt for effect in cluster.effects() if effect.kind == "start")
    # Nginx stays up and sends what an upstream did not get to the other one: not even a connection may break.
    problems += load.problems + refusal_problems(trial, load, load.refused)
    problems += [f"attempts beyond the first: {dict(attempts)}"] if set(attempts) - {1} else []
    runs = f"{findings.acknowledged:,} jobs, {3 * len(took)} restarts"
    notes = [load.outcomes, f"half of the replicas were back after at most {max(took):.1f} s"]
    done = "SIGTERM and a new start for one submit, status and worker of two each, then for the others; and again"
    return trial.row(done, runs, findings, problems=problems, notes=notes)


def _restart(cluster: Cluster, services: Sequence[Process]) -> list[str]:
    """Stop them, start them, wait until they work: what a rolling update waits for too."""
    before = {worker.name for worker in cluster.store.workers()}
    for service in services:
        service.terminate()
    codes = {service.name: service.wait(STOP_SECONDS) for service in services}
    for service in services:
        service.start()
    wait_until(lambda: {each.name for each in cluster.store.workers()} - before, READY_SECONDS, "the new worker")
    cluster.wait_for_services(READY_SECONDS)
    return [f"{name} ended with {code} after SIGTERM" for name, code in codes.items() if code != 0]
