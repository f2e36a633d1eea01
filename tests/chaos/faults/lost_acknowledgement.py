"""F5b: the connection breaks exactly when a worker acknowledges a doorbell, more often than the worker has slots.

Kombu swallows that error, and a credit for another message with it: a worker may go deaf for ever.
"""

from __future__ import annotations

import threading

from cluster import Cluster
from proxy import Connection
from table import Row
from trial import Trial, fault
from waiting import TooLate, wait_until

RUN_SECONDS = 10.0
"""The job at hand runs, and so does the next one, within this time."""


@fault("F5b", "connection lost at the acknowledgement", ci={"rounds": 3, "slots": 2}, full={"rounds": 20, "slots": 2})
def break_acknowledgements(trial: Trial) -> Row:
    size = trial.size
    problems: list[str] = []
    seconds: list[float] = []
    with trial.cluster(workers=1, slots=size["slots"], submits=1, proxied=("worker",)) as cluster:
        client = cluster.client("f5b")
        breaker = _Breaker(cluster)
        for _ in range(size["rounds"]):
            breaker.arm()
            ids = [client.submit_until_accepted("brief") for _ in range(2)]
            try:
                wait_until(lambda: cluster.unfinished() == 0, trial.patience * RUN_SECONDS, "the end of the jobs")
            except TooLate:
                problems.append(
                    f"after {breaker.broken} broken acknowledgements no job runs any more: the worker is deaf"
                )
                break
            cluster.witness.wait_for_ends(ids)
            seen = cluster.witness.seen
            seconds += [seen[job_id].ended_at - cluster.store.fetch(job_id).created_at.timestamp() for job_id in ids]
        findings = trial.check(cluster, is_once=True)
    problems += [] if breaker.broken else ["no acknowledgement was seen on the wire"]
    runs = f"{findings.acknowledged} jobs, {breaker.broken} broken connections"
    done = f"proxy resets the connection at the acknowledgement (`HDEL unacked`), one worker with {size['slots']} slots"
    return trial.row(done, runs, findings, recovery_seconds=seconds, problems=problems)


class _Breaker:
    """Resets the connection of the next acknowledgement."""

    def __init__(self, cluster: Cluster) -> None:
        self.broken = 0
        self._is_armed = threading.Event()
        cluster.proxies["worker.1"].on_request = self._see

    def arm(self) -> None:
        self._is_armed.set()

    def _see(self, connection: Connection, data: bytes) -> bool:
        if not self._is_armed.is_set() or b"HDEL" not in data or b"unacked" not in data:
            return True
        self._is_armed.clear()
        self.broken += 1
        connection.client.transport.abort()
        connection.server.transport.abort()
        return False
