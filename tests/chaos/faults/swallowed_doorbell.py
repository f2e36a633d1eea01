"""F2: a worker dies exactly while Valkey's answer with its doorbell is on the way: the message is nowhere any more."""

from __future__ import annotations

import threading
import time

from cluster import Cluster
from processes import Process
from proxy import Connection
from recovery import percentile
from resp import is_doorbell_reply
from table import Row
from trial import Trial, fault
from waiting import wait_until

P99_SECONDS = 10.0
"""From the moment at which a worker is there again: before it nobody can look for what was lost."""
DIE_SECONDS = 30.0
START_SECONDS = 60.0


class Trap:
    """Kills its worker at the next doorbell, before the worker sees it."""

    def __init__(self, cluster: Cluster, worker: Process) -> None:
        self.worker = worker
        self.killed_at = 0.0
        """Monotonic; 0 while the trap is not sprung."""
        self.is_armed = threading.Event()
        cluster.proxies[worker.name].on_reply = self._see

    def arm(self) -> None:
        self.killed_at = 0.0
        self.is_armed.set()

    def _see(self, connection: Connection, reply: bytes) -> bool:
        if not self.is_armed.is_set() or not is_doorbell_reply(connection.last_request, reply):
            return True
        self.is_armed.clear()
        self.worker.kill()
        self.killed_at = time.monotonic()
        return False


@fault(
    "F2",
    "kill -9 while the doorbell is in flight",
    ci={"rounds": 2, "workers": 2},
    full={"rounds": 25, "workers": 8},
    limit_seconds=900,
)
def kill_at_doorbells(trial: Trial) -> Row:
    rounds, number = trial.size["rounds"], trial.size["workers"]
    with trial.cluster(workers=number, slots=1, proxied=("worker",)) as cluster:
        traps = [Trap(cluster, worker) for worker in cluster.workers]
        seconds = []
        for each in range(rounds):
            seconds += _spring(trial, cluster, traps)
            if each % 10 == 0:
                trial.say(f"round {each + 1}, slowest so far {max(seconds):.1f} s")
        cluster.wait_until_settled(60)  # the last of them have only begun
        findings = trial.check(cluster, is_once=True)
    p99, limit_seconds = percentile(seconds, 0.99), trial.patience * P99_SECONDS
    problems = [f"jobs waited {p99:.1f} s (p99)"] if p99 > limit_seconds else []
    done = "proxy sees BRPOP's reply, kills the whole worker, throws the reply away; all workers at once, then new ones"
    notes = ["seconds from the first new worker's announcement to the job's start"]
    runs = f"{len(seconds)} jobs, {len(seconds)} kills"
    return trial.row(done, runs, findings, recovery_seconds=seconds, problems=problems, notes=notes)


def _spring(trial: Trial, cluster: Cluster, traps: list[Trap]) -> list[float]:
    """One job for each trap; all workers die with a doorbell in flight, come back, and the jobs must run."""
    client = cluster.client(f"r{time.monotonic_ns()}")
    wait_until(lambda: len(_announced(cluster, traps)) == len(traps), START_SECONDS, "all workers")
    for trap in traps:
        trap.arm()
    ids = [client.submit_until_accepted("brief") for _ in traps]
    wait_until(
        lambda: all(trap.killed_at for trap in traps),
        trial.patience * DIE_SECONDS,
        "every worker to die at a doorbell",
    )
    for trap in traps:
        trap.worker.start()
    client.close()
    wait_until(lambda: _announced(cluster, traps), START_SECONDS, "a new worker", poll_seconds=0.01)
    ready_at = time.monotonic()
    wait_until(lambda: len(_starts(cluster, ids)) == len(ids), START_SECONDS, "the jobs of swallowed doorbells")
    return [max(0.0, at - ready_at) for at in _starts(cluster, ids)]


def _announced(cluster: Cluster, traps: list[Trap]) -> list[Process]:
    """The workers that run now and have said so; a killed one stays announced for a while."""
    pids = {worker.name.split(":")[1] for worker in cluster.store.workers()}
    return [trap.worker for trap in traps if str(trap.worker.pid) in pids]


def _starts(cluster: Cluster, ids: list[str]) -> list[float]:
    return [effect.at for effect in cluster.effects() if effect.kind == "start" and effect.job_id in ids]
