"""F6: a worker is frozen longer than a lease, another one takes its jobs over, and it wakes up and tries to settle."""

from __future__ import annotations

import time

from cluster import Cluster
from processes import Process
from proxy import Connection, Proxy
from resp import verb_of
from table import Row
from trial import Trial, fault
from waiting import wait_until

from headway.store import LEASE_SECONDS

SLOTS = 10


class StaleCommits:
    """Counts on the wire what Valkey answers to the settlements of one worker."""

    def __init__(self, proxy: Proxy) -> None:
        self.refused: list[str] = []
        self.accepted: list[str] = []
        self.watched: frozenset[str] = frozenset()
        proxy.on_reply = self._see

    def _see(self, connection: Connection, reply: bytes) -> bool:
        verb, arguments = verb_of(connection.last_request)
        if verb == "settle" and arguments[0] in self.watched:
            if b"fenced" in reply:
                self.refused.append(arguments[0])
            elif b"ok" in reply:  # and not: unknown script, send its text
                self.accepted.append(arguments[0])
        return True


@fault("F6", "SIGSTOP longer than a lease", ci={"rounds": 2}, full={"rounds": 10}, limit_seconds=600)
def freeze_workers(trial: Trial) -> Row:
    rounds = trial.size["rounds"]
    with trial.cluster(workers=1, slots=SLOTS, proxied=("worker",)) as cluster:
        frozen = cluster.workers[0]
        rescuer = cluster.add_worker(slots=SLOTS, start=False)
        commits = StaleCommits(cluster.proxies[frozen.name])
        taken_over = []
        for number in range(rounds):
            taken_over += _round(trial, cluster, frozen, rescuer, commits)
            trial.say(f"round {number + 1}: {len(commits.refused)} stale settlements refused so far")
        findings = trial.check(cluster)
        overlap = _work_of_old_copies(cluster)
    tried = len(commits.refused) + len(commits.accepted)
    problems = [f"{len(commits.accepted)} stale settlements were accepted"] if commits.accepted else []
    if len(commits.refused) < rounds * SLOTS:
        problems.append(f"only {len(commits.refused)} of {rounds * SLOTS} stale settlements were seen to be refused")
    done = f"SIGSTOP of a worker with {SLOTS} running jobs until another one runs them, then SIGCONT"
    notes = [f"{len(commits.refused)} of {tried} stale settlements refused, {overlap} beats of old copies"]
    runs = f"{rounds * SLOTS} jobs, {rounds} freezes"
    return trial.row(done, runs, findings, recovery_seconds=taken_over, problems=problems, notes=notes)


def _round(trial: Trial, cluster: Cluster, frozen: Process, rescuer: Process, commits: StaleCommits) -> list[float]:
    client = cluster.client(f"r{time.monotonic_ns()}")
    gate = cluster.folder / client.name  # the jobs end when this file exists
    ids = [client.submit_until_accepted("gated", args={"gate": str(gate)}) for _ in range(SLOTS)]
    client.close()
    wait_until(lambda: len(_started(cluster, ids, 1)) == SLOTS, 20, "all jobs to run", poll_seconds=0.02)
    commits.watched = frozenset(ids)
    before = len(commits.refused) + len(commits.accepted)
    frozen_at = _freeze_when_a_rescuer_is_there(trial, cluster, frozen, rescuer)
    wait_until(lambda: len(_started(cluster, ids, 2)) == SLOTS, LEASE_SECONDS + 20, "the second attempts")
    gate.touch()
    # Whoever wakes up is finished at once, and settles before anybody can stop it: before or after its successor.
    time.sleep(trial.random.choice((0.0, 0.1, 1.0)))
    frozen.thaw()
    wait_until(lambda: len(commits.refused) + len(commits.accepted) >= before + SLOTS, 20, "the stale settlements")
    cluster.wait_until_settled(20)
    rescuer.stop()
    return [at - frozen_at for at in _started(cluster, ids, 2)]


def _freeze_when_a_rescuer_is_there(trial: Trial, cluster: Cluster, frozen: Process, rescuer: Process) -> float:
    """The rescuer comes after the jobs have begun, so that all of them are on the worker to be frozen."""
    rescuer.start()
    cluster.wait_for_workers(2)
    time.sleep(trial.random.uniform(0.0, 0.5))
    frozen.freeze()
    return time.monotonic()


def _started(cluster: Cluster, ids: list[str], attempt: int) -> list[float]:
    starts = [each for each in cluster.effects() if each.kind == "start" and each.attempt == attempt]
    return [each.at for each in starts if each.job_id in ids]


def _work_of_old_copies(cluster: Cluster) -> int:
    """Beats of an attempt after a newer one began: a thawed process acts until its next word is refused."""
    starts = {(each.job_id, each.attempt): each.at for each in cluster.effects() if each.kind == "start"}
    beats = [each for each in cluster.effects() if each.kind == "beat"]
    return sum(each.at > starts.get((each.job_id, each.attempt + 1), float("inf")) for each in beats)
