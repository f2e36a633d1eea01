"""F6: a worker is frozen longer than a lease, another one takes its jobs over, and it wakes up and has its say."""

from __future__ import annotations

import time

from checker import all_jobs
from cluster import Cluster
from processes import Process
from proxy import Connection, Proxy
from resp import verb_of
from table import Row
from trial import Trial, fault
from waiting import wait_until

from headway.store import LEASE_SECONDS

SLOTS = 10
KINDS = ("settlement", "report", "log line", "checkpoint")
"""What a stale attempt says at its end."""


class StaleCommits:
    """Notes on the wire what Valkey answers to the last words of one worker's stale attempts."""

    def __init__(self, proxy: Proxy) -> None:
        self.refused: set[tuple[str, str]] = set()
        """(job id, kind of word)"""
        self.accepted: set[tuple[str, str]] = set()
        self.watched: frozenset[str] = frozenset()
        proxy.on_reply = self._see

    def refused_of(self, kind: str) -> int:
        return sum(each == kind for _, each in self.refused)

    def _see(self, connection: Connection, reply: bytes) -> bool:
        verb, arguments = verb_of(connection.last_request)
        if verb in ("settle", "report") and arguments[0] in self.watched:
            words = {(arguments[0], kind) for kind in _kinds_of(verb, arguments)}
            if b"fenced" in reply:
                self.refused |= words
            elif b"ok" in reply or b"cancel" in reply:  # and not: unknown script, send its text
                self.accepted |= words
        return True


def _kinds_of(verb: str, arguments: list[str]) -> list[str]:
    """What a request would write; see `report.lua` for the order of its arguments."""
    if verb == "settle":
        return ["settlement"]
    lines = int(arguments[2])
    names = arguments[4 + lines :: 2]
    said = {"report": "current" in names, "log line": lines > 0, "checkpoint": "checkpoint_json" in names}
    return [kind for kind, is_there in said.items() if is_there]


@fault("F6", "SIGSTOP longer than a lease", ci={"rounds": 2}, full={"rounds": 10}, limit_seconds=900)
def freeze_workers(trial: Trial) -> Row:
    rounds = trial.size["rounds"]
    tried = rounds * SLOTS
    with trial.cluster(workers=1, slots=SLOTS, proxied=("worker",)) as cluster:
        frozen = cluster.workers[0]
        rescuer = cluster.add_worker(slots=SLOTS, start=False)
        commits = StaleCommits(cluster.proxies[frozen.name])
        taken_over = []
        for number in range(rounds):
            taken_over += _round(trial, cluster, frozen, rescuer, commits)
            trial.say(f"round {number + 1}: {commits.refused_of('settlement')} stale settlements refused so far")
        findings = trial.check(cluster)
        overlap = _work_of_old_copies(cluster)
        problems = _traces_of_stale_attempts(cluster)
    accepted = sorted(commits.accepted)
    problems += [f"{len(accepted)} stale words were accepted: {accepted[:3]}"] * bool(accepted)
    counts = {kind: commits.refused_of(kind) for kind in KINDS}
    problems += [
        f"only {number} of {tried} stale {kind}s were seen to be refused"
        for kind, number in counts.items()
        if number < tried
    ]
    done = f"SIGSTOP of a worker with {SLOTS} running jobs until another one runs them, then SIGCONT"
    refused = ", ".join(f"{number} of {tried} stale {kind}s" for kind, number in counts.items())
    notes = [f"{refused} refused, {overlap} beats of old copies"]
    runs = f"{tried} jobs, {rounds} freezes"
    return trial.row(done, runs, findings, recovery_seconds=taken_over, problems=problems, notes=notes)


def _round(trial: Trial, cluster: Cluster, frozen: Process, rescuer: Process, commits: StaleCommits) -> list[float]:
    client = cluster.client(f"r{time.monotonic_ns()}")
    gate = cluster.folder / client.name  # the jobs end when this file exists
    ids = [client.submit_until_accepted("stubborn", args={"gate": str(gate)}) for _ in range(SLOTS)]
    client.close()
    patience = 20 * trial.patience
    wait_until(lambda: len(_started(cluster, ids, 1)) == SLOTS, patience, "all jobs to run", poll_seconds=0.02)
    commits.watched = frozenset(ids)
    frozen_at = _freeze_when_a_rescuer_is_there(trial, cluster, frozen, rescuer)
    wait_until(lambda: len(_started(cluster, ids, 2)) == SLOTS, LEASE_SECONDS + patience, "the second attempts")
    gate.touch()
    # Whoever wakes up is finished at once and has its say: before or after its successor.
    time.sleep(trial.random.choice((0.0, 0.1, 1.0)))
    # The children alone at first: their parent would end the slow ones within a second, and nothing would be tried.
    frozen.thaw_children()
    wait_until(lambda: len(_spoken(commits, ids)) == SLOTS * len(KINDS), patience, "the stale attempts' last words")
    frozen.thaw()
    cluster.wait_until_settled(patience)
    rescuer.stop()
    return [at - frozen_at for at in _started(cluster, ids, 2)]


def _spoken(commits: StaleCommits, ids: list[str]) -> set[tuple[str, str]]:
    return {word for word in commits.refused | commits.accepted if word[0] in ids}


def _traces_of_stale_attempts(cluster: Cluster) -> list[str]:
    """The records know the second attempts only."""
    found = []
    for job in all_jobs(cluster).values():
        lines = [line.text for line in cluster.store.log(job.id)]
        kept = (job.result_json, job.checkpoint_json, job.message, lines)
        if kept != ("2", '{"attempt":2}', "", ["attempt 2"]):
            found.append(f"{job.id} kept {kept}")
    return found


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
