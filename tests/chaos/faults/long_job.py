"""Long job: it runs 5 (CI) or 20 (full) times as long as the broker's visibility timeout, and must run once."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from proxy import Connection
from table import Row
from trial import Trial, fault

LAUNCHER = (sys.executable, str(Path(__file__).resolve().parents[1] / "launchers" / "short_visibility.py"))
VISIBILITY_SECONDS = 2


@fault(
    "long job",
    "much longer than the visibility timeout",
    ci={"jobs": 2, "seconds": 10.0},
    full={"jobs": 4, "seconds": 40.0},
    limit_seconds=150,
)
def run_long_jobs(trial: Trial) -> Row:
    jobs, seconds = trial.size["jobs"], trial.size["seconds"]
    sweeps: list[float] = []

    def see(connection: Connection, request: bytes) -> bool:
        if b"unacked_index" in request and b"BYSCORE" in request:
            sweeps.append(time.monotonic())
        return True

    with trial.cluster(workers=0, wait=False) as cluster:
        for _ in range(2):
            worker = cluster.add_worker(slots=2, command=LAUNCHER, proxied=True)
            cluster.proxies[worker.name].on_request = see
        cluster.wait_for_workers(2)
        cluster.wait_for_services()
        client = cluster.client("c")
        for _ in range(jobs):
            client.submit_until_accepted("steady", args={"seconds": seconds})
        cluster.wait_until_settled(seconds + 20)
        findings = trial.check(cluster, is_once=True)
    done = f"a job of {seconds:g} s with a visibility timeout of {VISIBILITY_SECONDS} s, restored every second"
    # Makes sure that this trial tries something: workers must have looked for messages to give back.
    is_tried = len(sweeps) > seconds / 2
    problems = [] if is_tried else [f"workers looked only {len(sweeps)} times for messages to give back"]
    return trial.row(done, f"{jobs} jobs", findings, problems=problems)
