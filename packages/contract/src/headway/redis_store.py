"""The job store on Redis or Valkey, and the table of all its keys.

Redis is spoken here and in what this store is made of, and nowhere else: `redis_reads.py`, `redis_lists.py`,
`redis_catalogue.py`, `redis_figures.py`, `changes.py`, `scripts.py`, `round_trips.py`, `capacity.py`, `server.py` and
`connection.py`. Every move is one Lua script of `moves/`, so it happens whole or not at all, and by Redis's clock.
Keys, all behind one prefix (`headway:`):

| Key                    | Type    | Holds                                                             |
|------------------------|---------|-------------------------------------------------------------------|
| `job:<id>`             | hash    | the record; expires after its retention                           |
| `job:<id>`             | channel | one message per move: the changed fields as JSON                  |
| `job:<id>:log`         | stream  | its log lines, the last 1,000; ids are `version-n`                |
| `job:<id>:moves`       | list    | its story: the first 20 moves and the newest, 100 at the most     |
| `gone:<id>`            | string  | tombstone of a dropped record, 7 days                             |
| `queue:<queue>[@lane]` | list    | doorbells; lane 0 (no suffix) recovered, 1 high, 2 normal, 3 low  |
| `queue:echo:<worker>`  | list    | what a worker rings at its own door, 60 s at the most             |
| `open:<queue>`         | zset    | jobs in line, not yet claimed → lane and sequence                 |
| `leases`               | zset    | running job → when its lease ends, ms                             |
| `unanswered`           | zset    | jobs whose doorbell is missing → since when, ms                   |
| `woken_at`, `hold`     | string  | last look at the leases; set while expired ones are left alone    |
| `scheduled`            | zset    | countdown, eta and retry back-off → due time, ms                  |
| `expiring`             | zset    | jobs that must start before → that time, ms                       |
| `retained`             | zset    | ended jobs → when to forget them, ms                              |
| `index`, `index:<state>` | zset  | jobs → created time, µs                                           |
| `idem:<sha256>`        | string  | idempotency key → job id and fingerprint, 24 h                    |
| `catalogue`            | hash    | task name → announced entry                                       |
| `workers`              | zset    | live workers → last announcement, ms                              |
| `worker:<name>`        | string  | what a live worker serves                                         |
| `sequence`             | string  | counter that orders the doorbells                                 |
| `counts`               | hash    | what was done since ever: what, label, queue, task → how often    |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import orjson
import redis

from headway.capacity import Capacity
from headway.catalogue import TaskEntry, Worker
from headway.changes import RedisChanges
from headway.figures import Figures, read_figures
from headway.first_record import first_record
from headway.job import Job, State, from_milliseconds, to_milliseconds
from headway.problem import (
    Problem,
    already_finished,
    expired_unstarted,
    idempotency_mismatch,
    job_expired,
    job_not_found,
    not_retryable,
    worker_lost,
)
from headway.records import job_of, pairs_of, read_record
from headway.redis_catalogue import RedisCatalogue
from headway.redis_figures import ServerFigures, read_server
from headway.redis_lists import RedisLists
from headway.redis_reads import RedisReads
from headway.scripts import Scripts, answering
from headway.server import Durability, check_server
from headway.store import (
    IDEMPOTENCY_SECONDS,
    LOG_LINES_KEPT,
    RETRIED,
    WAKE_LIMIT,
    Idempotency,
    Interruption,
    LogLine,
    NewJob,
    Page,
    Place,
    Report,
    Settlement,
    Standing,
    Submitted,
    place_of,
)
from headway.story import Move
from headway.wanted import ANY_JOB, Wanted


class RedisJobStore:
    """See `headway.store.JobStore` for the promise of every method."""

    def __init__(
        self, client: redis.Redis, *, prefix: str = "headway:", doorbell: str = "", shares_round_trips: bool = False
    ) -> None:
        """`shares_round_trips` is for processes that serve many at once, see `round_trips.py`."""
        self._redis = client
        self._prefix = prefix
        self._run = Scripts(client, prefix, doorbell, shares_round_trips=shares_round_trips).run
        self._capacity = Capacity(client)
        self._lists = RedisLists(client, prefix, self._run)
        self._catalogue = RedisCatalogue(client, prefix, self._run)
        self._reads = RedisReads(client, prefix, self._catalogue.named)

    # Moves

    def submit(self, new: NewJob, idempotency: Idempotency | None = None) -> Submitted:
        replay_key = self._key(f"idem:{idempotency.key}") if idempotency else ""
        with answering():
            self._capacity.take(len(new.args_json), replay_key)
        outcome, job_id, *answer = self._run(
            "submit",
            new.id,
            idempotency.key if idempotency else "",
            idempotency.fingerprint if idempotency else "",
            IDEMPOTENCY_SECONDS,
            _milliseconds(new.delay_seconds),
            to_milliseconds(new.due_at) if new.due_at else "",
            _milliseconds(new.expires_in_seconds),
            new.queue,
            new.priority,
            "" if new.timeout_seconds is None else new.timeout_seconds,
            *_flatten(_other_fields(new)),
        )
        if outcome == "mismatch":
            raise idempotency_mismatch(job_id)
        if outcome == "created":
            return Submitted(first_record(new, from_milliseconds(answer[0])), is_replay=False)
        if not answer:
            raise job_expired(job_id)
        return Submitted(job_of(answer), is_replay=True)

    def claim(self, job_id: str, owner: str) -> Job | None:
        stored = self._run("claim", job_id, owner)
        return job_of(stored) if stored else None

    def report(self, job_id: str, fence: int, report: Report) -> Standing:
        changed = {
            "current": report.current,
            "total": report.total,
            "message": report.message,
            "checkpoint_json": report.checkpoint_json,
        }
        lines = report.lines
        return Standing(
            self._run("report", job_id, fence, len(lines), *lines, LOG_LINES_KEPT, *_flatten(_present(changed)))
        )

    def settle(self, job_id: str, fence: int, settlement: Settlement) -> bool:
        changed = {
            "result_json": settlement.result_json,
            "error_json": settlement.error_json,
            "message": settlement.message,
            "current": settlement.current,
            "total": settlement.total,
        }
        delay = _milliseconds(settlement.delay_seconds)
        how = settlement.cancelled
        answer = self._run("settle", job_id, fence, settlement.state, delay, how, *_flatten(_present(changed)))
        return bool(answer == "ok")

    def interrupt(self, job_id: str, owner: str, why: Interruption) -> bool:
        error = worker_lost().to_json()
        return bool(self._run("interrupt", job_id, owner, why.value, error) != "fenced")

    def cancel(self, job_id: str, reason: str = "") -> Job:
        word, *stored = self._run("cancel", job_id, uuid4().hex, reason)
        job = self._changed(job_id, word, stored)
        if word == "final":
            raise already_finished(job_id, job.state)
        return job

    def retry(self, job_id: str) -> Job:
        word, *stored = self._run("retry", job_id, uuid4().hex, RETRIED)
        job = self._changed(job_id, word, stored)
        if word == "refused":
            raise not_retryable(job_id, job.state)
        return job

    def _changed(self, job_id: str, word: str, stored: Sequence[str]) -> Job:
        if not stored:
            raise job_expired(job_id) if word == "gone" else job_not_found(job_id)
        return read_record(job_id, pairs_of(stored))

    def renew(self, claims: Sequence[tuple[str, str]]) -> Sequence[Standing]:
        pairs = [part for claim in claims for part in claim]
        return [Standing(word) for word in self._run("renew", *pairs)] if claims else []

    def wake(self, queues: Sequence[str] = ()) -> int:
        errors = expired_unstarted().to_json(), worker_lost().to_json()
        return int(self._run("wake", WAKE_LIMIT, *errors, *queues))

    # Questions

    def fetch(self, job_id: str) -> Job:
        with answering():
            stored: Any = self._redis.hgetall(self._key(f"job:{job_id}"))
            if not stored:
                raise job_expired(job_id) if self._redis.exists(self._key(f"gone:{job_id}")) else job_not_found(job_id)
        return read_record(job_id, stored)

    def fetch_many(self, job_ids: Sequence[str]) -> Sequence[Job | Problem]:
        return self._reads.jobs(job_ids)

    def place(self, job: Job) -> Place:
        return self.places([job])[0]

    def places(self, jobs: Sequence[Job]) -> Sequence[Place]:
        return self._reads.places(jobs)

    def look(self, job_id: str) -> tuple[Job, Place]:
        found, *answer = self._run("look", job_id)
        if found != "found":
            raise job_expired(job_id) if found == "gone" else job_not_found(job_id)
        is_scheduled, rank, announced, *stored = answer
        job = read_record(job_id, pairs_of(stored))
        workers = [Worker.from_json(text) for text in announced]
        return job, place_of(job, is_scheduled=is_scheduled == 1, rank=rank if rank >= 0 else None, workers=workers)

    def story(self, job_id: str) -> Sequence[Move]:
        return self._reads.story(job_id)

    def log(self, job_id: str, after: str = "0-0") -> Sequence[LogLine]:
        return self.logs({job_id: after})[0]

    def logs(self, after: Mapping[str, str]) -> Sequence[Sequence[LogLine]]:
        return self._reads.logs(after)

    def list_jobs(self, wanted: Wanted = ANY_JOB, *, size: int = 50, before: int | None = None) -> Page:
        return self._lists.page(wanted, size, before)

    def totals(self) -> Mapping[State, int]:
        return self._lists.totals()

    def figures(self) -> Figures:
        return read_figures(self._run("figures"))

    def server_figures(self) -> ServerFigures | None:
        """None where the server lets nobody ask."""
        return read_server(self._redis)

    def changes(self) -> RedisChanges:
        return RedisChanges(self._redis, self._key("job:"))

    def ping(self) -> None:
        with answering():
            self._redis.ping()

    def check_server(self, durability: Durability) -> None:
        """Raises `UnfitServer` when Redis is set up to lose what it accepted."""
        check_server(self._redis, durability)

    # Catalogue

    def announce(self, worker: Worker, entries: Iterable[TaskEntry]) -> None:
        self._catalogue.announce(worker, entries)

    def withdraw(self, worker_name: str) -> None:
        self._catalogue.withdraw(worker_name)

    def echo(self, worker_name: str, message: str) -> None:
        """Ring at one worker's own door."""
        self._catalogue.echo(worker_name, message)

    def catalogue(self) -> Mapping[str, TaskEntry]:
        return self._catalogue.entries()

    def workers(self) -> Sequence[Worker]:
        return self._catalogue.workers()

    # How Redis is asked

    def _key(self, name: str) -> str:
        return self._prefix + name


def _other_fields(new: NewJob) -> dict[str, Any]:
    """What a script stores of a new job without looking at it; what is 0 or empty at first is left out."""
    return {
        "task": new.task,
        "args_json": new.args_json,
        "tags": _json(new.tags),
        "max_retries": new.max_retries,
        "retention_seconds": new.retention_seconds,
    } | {name: text for name in ("request_id", "traceparent") if (text := getattr(new, name))}


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _flatten(values: Mapping[str, Any]) -> list[Any]:
    return [part for pair in values.items() for part in pair]


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else str(round(seconds * 1000))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
