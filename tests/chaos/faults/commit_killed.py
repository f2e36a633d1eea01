"""F3: a worker dies exactly at a commit (claim, report, settle), just before it reaches Valkey or just after."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from cluster import Cluster
from processes import Process
from proxy import Connection
from resp import verb_of
from table import Row
from trial import Trial, fault
from waiting import wait_until

SLOTS = 3
KILL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    verb: str
    is_committed: bool
    """Kill at the reply; else at the request, which is thrown away."""
    is_whole_worker: bool
    """Kill the worker with all its jobs; else the child that speaks."""


PLANS = tuple(Plan(verb, after, False) for verb in ("claim", "report", "settle") for after in (False, True))
WHOLE = tuple(Plan(verb, after, True) for verb in ("claim", "report", "settle") for after in (False, True))


class Assassin:
    """Gives every new job a plan, at its first claim, and carries it out once."""

    def __init__(self, cluster: Cluster) -> None:
        self.left: list[Plan] = []
        self.plans: dict[str, Plan] = {}
        self.done: dict[str, Plan] = {}
        self._pids: dict[str, int] = {}
        for worker in cluster.workers:
            proxy = cluster.proxies[worker.name]
            proxy.on_request = lambda connection, data, worker=worker: self._see(worker, data, is_reply=False)
            proxy.on_reply = lambda connection, data, worker=worker: self._see_reply(worker, connection, data)

    def _see_reply(self, worker: Process, connection: Connection, reply: bytes) -> bool:
        if b"NOSCRIPT" in reply:
            return True
        return self._see(worker, connection.last_request, is_reply=True)

    def _see(self, worker: Process, request: bytes, *, is_reply: bool) -> bool:
        verb, arguments = verb_of(request)
        if verb not in ("claim", "report", "settle"):
            return True
        job_id = arguments[0]
        if verb == "claim":
            self._pids[job_id] = int(arguments[1].rpartition("/")[2])
            if job_id not in self.plans and self.left:
                self.plans[job_id] = self.left.pop()
        plan = self.plans.get(job_id)
        if plan is None or job_id in self.done or plan.verb != verb or plan.is_committed != is_reply:
            return True
        self.done[job_id] = plan
        self._kill(worker, job_id, plan)
        return False

    def _kill(self, worker: Process, job_id: str, plan: Plan) -> None:
        if plan.is_whole_worker:
            worker.kill()
            return
        with suppress(ProcessLookupError):
            os.kill(self._pids[job_id], signal.SIGKILL)


@fault(
    "F3",
    "kill -9 exactly at a commit",
    ci={"each": 2, "whole": 2},
    full={"each": 80, "whole": 24},
    limit_seconds=900,
)
def kill_at_commits(trial: Trial) -> Row:
    plans = [plan for plan in PLANS for _ in range(trial.size["each"])]
    trial.random.shuffle(plans)
    whole = [WHOLE[number % len(WHOLE)] for number in range(trial.size["whole"])]
    trial.random.shuffle(whole)
    with trial.cluster(workers=2, slots=SLOTS, proxied=("worker",)) as cluster:
        assassin = Assassin(cluster)
        while plans:
            batch, plans = plans[: 2 * SLOTS], plans[2 * SLOTS :]
            _carry_out(cluster, assassin, batch)
        for plan in whole:
            _carry_out(cluster, assassin, [plan])
        findings = trial.check(cluster)
        problems = _check_attempts(cluster, assassin)
    kills = Counter(f"{plan.verb} {'after' if plan.is_committed else 'before'}" for plan in assassin.done.values())
    done = "proxy kills the child, or the whole worker, at the request (thrown away) or at the reply of the script"
    notes = [", ".join(f"{name} {number}" for name, number in sorted(kills.items()))]
    return trial.row(
        done, f"{len(assassin.plans)} jobs, {len(assassin.done)} kills", findings, problems=problems, notes=notes
    )


def _carry_out(cluster: Cluster, assassin: Assassin, batch: list[Plan]) -> None:
    """So many jobs with so many plans; at the end all have ended and all workers live."""
    client = cluster.client(f"b{len(assassin.plans)}")
    before = len(assassin.done)
    assassin.left = list(batch)
    for _ in batch:
        client.submit_until_accepted("reporting", args={"steps": 3, "pause": 0.12})
    client.close()
    wait_until(lambda: len(assassin.done) == before + len(batch), KILL_SECONDS, f"{len(batch)} kills")
    for worker in cluster.workers:
        if not worker.is_alive():
            worker.start()
    wait_until(lambda: cluster.unfinished() == 0, KILL_SECONDS, "the end of the batch")


def _check_attempts(cluster: Cluster, assassin: Assassin) -> list[str]:
    """What was committed stands: a settled job never runs again, a claim that never arrived is no attempt."""
    starts = Counter(each.job_id for each in cluster.effects() if each.kind == "start")
    problems = []
    for job_id, plan in assassin.done.items():
        if plan.is_whole_worker:
            continue
        job = cluster.store.fetch(job_id)
        is_undisturbed = (plan.verb == "settle" and plan.is_committed) or (
            plan.verb == "claim" and not plan.is_committed
        )
        wanted = 1 if is_undisturbed else 2
        ran = 1 if plan.verb == "claim" else wanted
        if (job.state, job.attempt, starts[job_id]) != ("SUCCESS", wanted, ran):
            problems.append(f"{plan}: {job.state}, attempt {job.attempt}, {starts[job_id]} starts")
    return problems
