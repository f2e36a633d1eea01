"""Makes everything due at once that a worker's housekeeping looks after, and times its steps."""

from __future__ import annotations

import time
from collections.abc import Sequence

from cluster import PREFIX, Cluster
from load import Load
from waiting import wait_until

from headway.doorbell import celery_queue
from headway.job import LANES

QUEUE = "default"
FAR_SECONDS = 3600
LONG_AGO = 0.0
JOIN_SECONDS = 120.0
HOLD = f"{PREFIX}hold"
HOLD_SECONDS = 60.0
MOST_WAKES = 2000


def submit_for_later(cluster: Cluster, number: int) -> list[str]:
    """So many jobs that wait for their time, and as many that expire; neither happens by itself within a trial."""
    ids: list[str] = []
    for name, body in (("scheduled", {"countdown": FAR_SECONDS}), ("expiring", {"expires_in": FAR_SECONDS})):
        load = Load(name, cluster.history, cluster.submit_ports, limit=number, body={"task": "brief", **body}).start()
        load.join(JOIN_SECONDS)
        ids += load.accepted
    return ids


def make_overdue(cluster: Cluster, to_claim: Sequence[str]) -> None:
    """Nobody renews the claims, the doorbells are gone, and the time of all that waits has come."""
    # Nobody woke for a while, so leases are held as after an outage, until somebody has done so regularly.
    wait_until(
        lambda: not cluster.store.wake([QUEUE]) and not cluster.redis.exists(HOLD), HOLD_SECONDS, "leases to end"
    )
    for number, job_id in enumerate(to_claim):
        cluster.store.claim(job_id, f"nobody:0:0/{number + 1}")
        if number % 100 == 0:
            cluster.store.wake([QUEUE])
    cluster.redis.delete(*(_list_of(lane) for lane in LANES))
    cluster.store.wake([QUEUE])  # notes which doorbells are missing
    for name in ("leases", "scheduled", "expiring", "unanswered"):
        _make_due(cluster, f"{PREFIX}{name}")


def timed_wakes(cluster: Cluster) -> list[float]:
    """What every worker does five times a second, until nothing is due."""
    found = []
    for _ in range(MOST_WAKES):
        began_at = time.perf_counter()
        done = cluster.store.wake([QUEUE])
        found.append(time.perf_counter() - began_at)
        if not done:
            return found
    raise RuntimeError(f"after {MOST_WAKES} wakes something is still due")


def _make_due(cluster: Cluster, name: str) -> None:
    ids = cluster.redis.zrange(name, 0, -1)
    if ids:
        cluster.redis.zadd(name, dict.fromkeys(ids, LONG_AGO))


def _list_of(lane: int) -> str:
    return f"{PREFIX}{celery_queue(QUEUE)}" + (f"@{lane}" if lane else "")
