"""A crowd of clients that keeps the line filled and changes its mind: it cancels and retries, and keeps the answers."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from clients import Client
from cluster import Cluster
from diary import Diary
from trial import Trial
from waiting import wait_until
from witness import FINAL

from headway.job import State
from headway.wanted import Wanted

WORKERS = 3
SLOTS = 2
ITEMS = 16
WORK = {"items": ITEMS}
LINE = WORKERS * SLOTS + 8
"""So many jobs are open all the time: some run, some wait."""
RETRYABLE = FINAL - {"SUCCESS"}
AIMS = (
    ("cancel", State.PENDING),
    ("cancel", State.STARTED),
    ("cancel", State.PROGRESS),
    ("cancel", State.PROGRESS),
    ("cancel", State.RETRY),
    ("cancel", State.SUCCESS),
    ("cancel", State.REVOKED),
    ("retry", State.REVOKED),
    ("retry", State.REVOKED),
    ("retry", State.FAILURE),
    ("retry", State.PROGRESS),
    ("retry", State.SUCCESS),
)
"""What is asked for, of a job in which state; it may move on before the request arrives."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A request to cancel or retry, and its answer. `began` and `ended` are monotonic, the others since 1970."""

    kind: str
    job_id: str
    began_at: float
    ended_at: float
    began: float
    ended: float
    status: int
    body: Any

    @property
    def is_known(self) -> bool:
        """Without an answer, or when the store was slow, it may have been done."""
        return self.status not in (0, 503)


@dataclass(slots=True)
class Crowd:
    """The clients: they keep the line filled, and change their minds."""

    trial: Trial
    cluster: Cluster
    wishes: list[Wish] = field(default_factory=list)
    start_before: dict[str, float] = field(default_factory=dict)
    """Job id → the moment after which it may not start, in seconds since 1970."""
    _client: Client = field(init=False)

    def __post_init__(self) -> None:
        self._client = self.cluster.client("wish")

    def expire_in_line(self, number: int) -> list[str]:
        """While no slot is free jobs expire; which of them are not revoked."""
        gate = self.cluster.folder / "gate"
        for _ in range(WORKERS * SLOTS):
            self._client.submit_until_accepted("gated", args={"gate": str(gate)})
        wait_until(self._is_every_slot_taken, 20 * self.trial.patience, "all slots to be taken")
        ids = [
            self._submit("resuming", args=WORK, expires_in=self.trial.random.uniform(0.3, 1.5)) for _ in range(number)
        ]
        wait_until(lambda: not self._open(ids), 10 * self.trial.patience, "the expiry of jobs in line")
        # These may start or not, as long as they do not start late.
        for _ in range(number):
            self._submit("resuming", args=WORK, expires_in=0.5)
        time.sleep(self.trial.random.uniform(0.3, 0.5))
        gate.touch()
        jobs = [self.cluster.store.fetch(job_id) for job_id in ids]
        return [f"{job.id} is {job.state}, attempt {job.attempt}" for job in jobs if job.state != "REVOKED"]

    def fill_the_line(self) -> None:
        for _ in range(LINE - self.cluster.unfinished()):
            chance = self.trial.random.random()
            if chance < 0.15:
                self._submit("steady", args={"seconds": 6.0})  # it does not listen: only the grace ends it
            elif chance < 0.3:
                self._submit("resuming", args=WORK, expires_in=self.trial.random.uniform(0.1, 2.0))
            else:
                self._submit("resuming", args=WORK)

    def wish(self) -> None:
        kind, state = self.trial.random.choice(AIMS)
        jobs = self.cluster.store.list_jobs(Wanted(states=[state]), size=20).jobs
        if not jobs:
            return
        job_id = self.trial.random.choice(jobs).id
        began_at, began = time.time(), time.monotonic()
        answer = self._client.request("submit", "POST", f"/jobs/{job_id}/{kind}")
        wish = Wish(kind, job_id, began_at, time.time(), began, time.monotonic(), answer.status, answer.body)
        outcome = "unknown" if not wish.is_known else "ok" if answer.status < 300 else "fail"
        self.cluster.history.add("wish", kind, outcome, job_id=job_id, detail=str(answer.status))  # type: ignore[arg-type]
        self.wishes.append(wish)

    def _submit(self, task: str, **body: Any) -> str:
        job_id = self._client.submit_until_accepted(task, **body)
        until = self.cluster.store.fetch(job_id).start_before_at
        if until:
            self.start_before[job_id] = until.timestamp()
        return job_id

    def _is_every_slot_taken(self) -> bool:
        return sum(len(self.cluster.running_on(each)) for each in self.cluster.workers) == WORKERS * SLOTS

    def _open(self, ids: list[str]) -> list[str]:
        return [job_id for job_id in ids if not self.cluster.store.fetch(job_id).state.is_final]


def wrong_answers(wishes: list[Wish], diary: Diary) -> list[str]:
    """An answer fits a state that the job had between the request and the answer."""
    found = []
    for wish in wishes:
        states = diary.states_during(wish.job_id, wish.began_at, wish.ended_at)
        fitting = {
            ("cancel", 200): states - FINAL,
            ("cancel", 202): states - FINAL,
            ("cancel", 409): states & FINAL,
            ("retry", 202): states & RETRYABLE,
            ("retry", 409): states - RETRYABLE,
        }
        if wish.is_known and not fitting.get((wish.kind, wish.status)):
            found.append(f"{wish.kind} of {wish.job_id} was answered {wish.status}, and it was {states}")
    return found


def wrong_lives(wishes: list[Wish], diary: Diary) -> list[str]:
    """A job begins again as often as a retry of it was accepted."""
    accepted = Counter(each.job_id for each in wishes if each.kind == "retry" and each.status == 202)
    unknown = Counter(each.job_id for each in wishes if each.kind == "retry" and not each.is_known)
    return [
        f"{job_id} began again {diary.retries_of(job_id)} times for {accepted[job_id]} retries"
        for job_id in list(diary.moves)
        if not 0 <= diary.retries_of(job_id) - accepted[job_id] <= unknown[job_id]
    ]
