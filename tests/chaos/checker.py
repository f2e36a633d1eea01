"""Decides whether the promises held: what went in must come out, once (Jepsen's total-queue idea).

It compares what clients were told (the history), what tasks did (the side-effect
log), what was published (the witness) and what the store holds at the end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from effects import Effect

from headway.job import Job, State

if TYPE_CHECKING:
    import redis
    from cluster import Cluster

    from headway.redis_store import RedisJobStore

SHOWN = 5


class Evidence(Protocol):
    """What can be looked at when all is over: a cluster has it, and so has a Valkey alone."""

    @property
    def redis(self) -> redis.Redis: ...
    @property
    def store(self) -> RedisJobStore: ...


@dataclass(slots=True)
class Findings:
    """What the checker found; every list but `ended_twice`, `recovered` and `reruns` must be empty."""

    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    """Acknowledged, but without a final state."""
    duplicated: list[str] = field(default_factory=list)
    """More than one final transition; or more than one end in the side-effect log, where that is not allowed."""
    ended_twice: list[str] | None = None
    """Jobs whose task reached its end more than once, whatever their records say; None: the same as `duplicated`."""
    unexpected: list[str] = field(default_factory=list)
    """Ran, but nobody ever submitted it."""
    extra: list[str] = field(default_factory=list)
    """Keys with more than one job."""
    recovered: list[str] = field(default_factory=list)
    """Submits with an unknown outcome that did run; allowed."""
    reruns: list[str] = field(default_factory=list)
    """Jobs that were started more than once; allowed where attempts may die."""
    broken: list[str] = field(default_factory=list)
    """Invariants of the store that do not hold."""

    @property
    def problems(self) -> list[str]:
        groups = {
            "lost": self.lost,
            "duplicated": self.duplicated,
            "unexpected": self.unexpected,
            "extra jobs": self.extra,
            "invariant": self.broken,
        }
        return [f"{name} {len(found)}: {', '.join(found[:SHOWN])}" for name, found in groups.items() if found]


def check(cluster: Cluster, *, is_once: bool = False, may_lose: bool = False) -> Findings:
    """Look at everything. `is_once`: no job may have run twice. `may_lose`: the profile allows lost records."""
    jobs = all_jobs(cluster)
    effects = cluster.effects()
    findings = Findings()
    is_over = cluster.unfinished() == 0
    _compare_with_history(findings, cluster, jobs, may_lose=may_lose)
    _compare_with_effects(findings, jobs, effects, is_once=is_once, may_lose=may_lose)
    _check_witness(findings, cluster, jobs, is_over=is_over)
    if is_over:  # while jobs move, several questions have no common answer
        check_indexes(findings, cluster, jobs)
        check_counts(findings, cluster, jobs)
    return findings


def all_jobs(evidence: Evidence) -> dict[str, Job]:
    """Every record in the store, by id."""
    found: dict[str, Job] = {}
    before: int | None = None
    while True:
        page = evidence.store.list_jobs(size=1000, before=before)
        found |= {job.id: job for job in page.jobs}
        if page.next_before is None:
            return found
        before = page.next_before


def _compare_with_history(findings: Findings, cluster: Cluster, jobs: Mapping[str, Job], *, may_lose: bool) -> None:
    acknowledged = cluster.history.acknowledged()
    findings.acknowledged = len(acknowledged)
    for job_id in acknowledged:
        if job_id not in jobs or not jobs[job_id].state.is_final:
            state = jobs[job_id].state if job_id in jobs else "no record"
            if not may_lose or job_id in jobs:
                findings.lost.append(f"{job_id} ({state})")
    keys = cluster.history.keys()
    by_key: dict[str, list[str]] = defaultdict(list)
    for job in jobs.values():
        if not keys.intersection(job.tags):
            findings.unexpected.append(f"{job.id} (tags {job.tags})")
        by_key[job.tags[0] if job.tags else ""].append(job.id)
    findings.extra += [f"{key}: {len(ids)} jobs" for key, ids in by_key.items() if len(ids) > 1]
    findings.recovered = [job.id for job in jobs.values() if job.id not in acknowledged and job.state.is_final]


def _compare_with_effects(
    findings: Findings, jobs: Mapping[str, Job], effects: Sequence[Effect], *, is_once: bool, may_lose: bool
) -> None:
    starts = Counter(each.job_id for each in effects if each.kind == "start")
    ends = Counter(each.job_id for each in effects if each.kind == "end")
    findings.reruns = [job_id for job_id, number in starts.items() if number > 1]
    findings.ended_twice = ended_twice(effects)
    if not may_lose:
        findings.unexpected += [f"{job_id} (ran without a record)" for job_id in starts if job_id not in jobs]
    for job in jobs.values():
        if job.state == "SUCCESS" and not ends[job.id]:
            findings.broken.append(f"{job.id} is SUCCESS but never reached its end")
    if is_once:
        findings.duplicated += findings.ended_twice
        findings.duplicated += [f"{job_id} started {starts[job_id]} times" for job_id in findings.reruns]


def ended_twice(effects: Sequence[Effect]) -> list[str]:
    """By the side-effect log: whose task reached its end more than once."""
    ends = Counter(each.job_id for each in effects if each.kind == "end")
    return [f"{job_id} ended {number} times" for job_id, number in ends.items() if number > 1]


def _check_witness(findings: Findings, cluster: Cluster, jobs: Mapping[str, Job], *, is_over: bool) -> None:
    is_complete = cluster.witness.interruptions == 0 and is_over
    for job_id, seen in list(cluster.witness.seen.items()):
        if len(seen.finals) > 1:
            findings.duplicated.append(f"{job_id} became final {len(seen.finals)} times: {seen.finals}")
        if is_over and seen.finals and job_id in jobs and jobs[job_id].state != seen.finals[-1]:
            findings.broken.append(f"{job_id} was {seen.finals[-1]} and is {jobs[job_id].state}")
        if seen.backward:
            findings.broken.append(f"{job_id} went backwards: {seen.backward[:3]}")
    if is_complete:
        silent = [job.id for job in jobs.values() if job.state.is_final and not cluster.witness.seen[job.id].finals]
        findings.broken += [f"{job_id} is final, which was never published" for job_id in silent]


def check_indexes(findings: Findings, evidence: Evidence, jobs: Mapping[str, Job]) -> None:
    """A job that has not ended is in exactly one of the waiting places; one that has is in none."""
    places = places_of_jobs(evidence)
    by_state = {state: set(evidence.redis.zrange(f"headway:index:{state}", 0, -1)) for state in State}
    for job in jobs.values():
        where = places.get(job.id, [])
        if job.state.is_final and where:
            findings.broken.append(f"{job.id} is {job.state} and still in {where}")
        if not job.state.is_final and len(where) != 1:
            findings.broken.append(f"{job.id} is {job.state} and in {where or 'no place'}")
        indexed = [state.value for state in State if job.id in by_state[state]]
        if indexed != [job.state.value]:
            findings.broken.append(f"{job.id} is {job.state} and in the lists of {indexed}")
    findings.broken += [
        f"{job_id} in {where} without a record" for job_id, where in places.items() if job_id not in jobs
    ]


def check_counts(findings: Findings, evidence: Evidence, jobs: Mapping[str, Job]) -> None:
    """What the metrics say of all jobs together: none counted twice, none forgotten, whoever died meanwhile."""
    figures = evidence.store.figures()
    submitted, restarted, finished = (figures.total(what) for what in ("submitted", "restarted", "finished"))
    still_open = sum(not job.state.is_final for job in jobs.values())
    if submitted != len(jobs):
        findings.broken.append(f"{submitted} submits are counted, and there are {len(jobs)} jobs")
    if submitted + restarted - finished != still_open:
        counted = f"{submitted} submits, {restarted} restarts and {finished} ends are counted"
        findings.broken.append(f"{counted}, and {still_open} jobs have not ended")
    if figures.open_jobs != still_open:
        findings.broken.append(f"the figures have {figures.open_jobs} open jobs, and the records {still_open}")


def places_of_jobs(evidence: Evidence) -> dict[str, list[str]]:
    """job id → the sets it waits or runs in."""
    names = ["headway:leases", "headway:scheduled", *evidence.redis.scan_iter("headway:open:*")]
    places: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for job_id in evidence.redis.zrange(name, 0, -1):
            places[str(job_id)].append(name)
    return places
