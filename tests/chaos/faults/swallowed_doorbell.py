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

MAX_SECONDS = 15.0


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
    full={"rounds": 20, "workers": 4},
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
        findings = trial.check(cluster, is_once=True)
    limit_seconds = trial.patience * MAX_SECONDS
    slow = [each for each in seconds if each > limit_seconds]
    problems = [f"{len(slow)} jobs waited longer than {limit_seconds:g} s"] if slow else []
    done = "proxy sees BRPOP's reply, kills the whole worker, throws the reply away; all workers at once, then new ones"
    notes = [f"p50 {percentile(seconds, 0.5):.1f} s from kill to start"]
    runs = f"{len(seconds)} jobs, {len(seconds)} kills"
    return trial.row(done, runs, findings, recovery_seconds=seconds, problems=problems, notes=notes)


def _spring(trial: Trial, cluster: Cluster, traps: list[Trap]) -> list[float]:
    """One job for each trap; all workers die with a doorbell in flight, come back, and the jobs must run."""
    client = cluster.client(f"r{time.monotonic_ns()}")
    for trap in traps:
        trap.arm()
    ids = [client.submit_until_accepted("brief") for _ in traps]
    wait_until(lambda: all(trap.killed_at for trap in traps), 20, "every worker to die at a doorbell")
    killed_at = min(trap.killed_at for trap in traps)
    for trap in traps:
        trap.worker.start()
    client.close()
    wait_until(lambda: len(_starts(cluster, ids)) == len(ids), 40, "the jobs of swallowed doorbells")
    return [at - killed_at for at in _starts(cluster, ids)]


def _starts(cluster: Cluster, ids: list[str]) -> list[float]:
    return [effect.at for effect in cluster.effects() if effect.kind == "start" and effect.job_id in ids]
