"""F5: the doorbell vanishes between its queue and a claim."""

from __future__ import annotations

import time

from recovery import percentile
from table import Row
from trial import Trial, fault
from waiting import wait_until

QUEUE = "headway:queue:default@2"
"""The list of normal priority on the default queue."""
FOUND_WITHIN_SECONDS = 6.0
"""p99: five seconds until it is rung again, and a free slot."""


@fault("F5", "doorbell lost before the claim", ci={"jobs": 40}, full={"jobs": 200})
def lose_doorbells(trial: Trial) -> Row:
    jobs = trial.size["jobs"]
    with trial.cluster(workers=1, slots=4, submits=1) as cluster:
        client = cluster.client("f5")
        gate = cluster.folder / "gate"  # closed until the doorbells are gone, however long that takes
        blockers = [client.submit_until_accepted("gated", args={"gate": str(gate)}) for _ in range(4)]
        wait_until(lambda: len(cluster.running_on(cluster.workers[0])) == 4, 60, "all slots to be taken")
        ids = [client.submit_until_accepted("brief") for _ in range(jobs)]
        lost = _remove_some(trial, cluster.redis.lrange(QUEUE, 0, -1), cluster.redis)
        gate.touch()
        lost_at = time.time()
        cluster.wait_until_settled(60)
        cluster.witness.wait_for_ends([*blockers, *ids])
        findings = trial.check(cluster, is_once=True)
        seen = cluster.witness.seen
        free_at = max(seen[job_id].ended_at for job_id in blockers)
        since = max(lost_at, free_at)
        delays = [max(0.0, seen[job_id].claims[0][0] - since) for job_id in ids if seen[job_id].claims]
    p99 = percentile(delays, 0.99)
    problems = [] if p99 < trial.patience * FOUND_WITHIN_SECONDS else [f"jobs were found only after {p99:.1f} s (p99)"]
    problems += [] if lost > jobs / 3 else [f"only {lost} doorbells were there to be removed"]
    runs = f"{jobs + 4} jobs, {lost} lost doorbells"
    notes = ["seconds from the loss, or the first free slot, to the start"]
    done = "half of the doorbells removed from the list (`LREM`) while all slots were busy"
    return trial.row(done, runs, findings, recovery_seconds=delays, problems=problems, notes=notes)


def _remove_some(trial: Trial, doorbells: list[str], redis: object) -> int:
    chosen = [each for each in doorbells if trial.random.random() < 0.5]
    return sum(redis.lrem(QUEUE, 1, doorbell) for doorbell in chosen)  # type: ignore[attr-defined]
