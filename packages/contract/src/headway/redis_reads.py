"""What a follower asks of many jobs at once: one or two round trips to Redis, however many they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import redis

from headway.catalogue import Worker
from headway.job import Job, State, from_milliseconds
from headway.problem import Problem, job_expired, job_not_found
from headway.records import read_record
from headway.scripts import answering
from headway.store import LogLine, Place, place_of
from headway.story import Move, read_move


class RedisReads:
    """The questions of `RedisJobStore` about many jobs. All methods may raise `StoreUnavailable`."""

    def __init__(
        self, client: redis.Redis, prefix: str, live_workers: Callable[[Sequence[str]], Sequence[Worker]]
    ) -> None:
        self._redis = client
        self._prefix = prefix
        self._live_workers = live_workers

    def jobs(self, job_ids: Sequence[str]) -> Sequence[Job | Problem]:
        """See `headway.store.JobStore.fetch_many`."""
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            for job_id in job_ids:
                pipe.hgetall(f"{self._prefix}job:{job_id}")
                pipe.exists(f"{self._prefix}gone:{job_id}")
            answers = pipe.execute()
        return [_read(*one) for one in zip(job_ids, answers[::2], answers[1::2], strict=True)]

    def places(self, jobs: Sequence[Job]) -> Sequence[Place]:
        """See `headway.store.JobStore.places`."""
        waiting = [job for job in jobs if job.state in (State.PENDING, State.RETRY)]
        if not waiting:
            return [Place()] * len(jobs)
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            pipe.zrange(f"{self._prefix}workers", 0, -1)
            for job in waiting:
                pipe.zscore(f"{self._prefix}scheduled", job.id)
                pipe.zrank(f"{self._prefix}open:{job.queue}", job.id)
            names, *answers = pipe.execute()
        workers = self._live_workers(names)
        places = {
            job.id: place_of(job, is_scheduled=score is not None, rank=rank, workers=workers)
            for job, score, rank in zip(waiting, answers[::2], answers[1::2], strict=True)
        }
        return [places.get(job.id, Place()) for job in jobs]

    def story(self, job_id: str) -> Sequence[Move]:
        """See `headway.store.JobStore.story`."""
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            pipe.exists(f"{self._prefix}job:{job_id}")
            pipe.exists(f"{self._prefix}gone:{job_id}")
            pipe.lrange(f"{self._prefix}job:{job_id}:moves", 0, -1)
            is_there, has_tombstone, moves = pipe.execute()
        if not is_there:
            raise job_expired(job_id) if has_tombstone else job_not_found(job_id)
        return [read_move(text) for text in moves]

    def logs(self, after: Mapping[str, str]) -> Sequence[Sequence[LogLine]]:
        """See `headway.store.JobStore.logs`."""
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            for job_id, line_id in after.items():
                pipe.xrange(f"{self._prefix}job:{job_id}:log", min=f"({line_id}")
            answers = pipe.execute()
        return [
            [LogLine(line_id, from_milliseconds(entry["at"]), entry["text"]) for line_id, entry in entries]
            for entries in answers
        ]


def _read(job_id: str, stored: Mapping[str, str], has_tombstone: int) -> Job | Problem:
    if not stored:
        return job_expired(job_id) if has_tombstone else job_not_found(job_id)
    try:
        return read_record(job_id, stored)
    except Problem as problem:
        return problem
