"""Pages of jobs and totals by state, read from the indexes that every move keeps true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import redis

from headway.job import Job, State
from headway.records import pairs_of, read_or_skip
from headway.scripts import answering
from headway.store import Page

SCAN_PAGE = 200
MAX_SCANNED = 2_000
"""A list with filters looks at this many jobs a request at the most; its page may then be short."""


class RedisLists:
    """The lists of `RedisJobStore`. All methods may raise `StoreUnavailable`."""

    def __init__(self, client: redis.Redis, prefix: str, run: Callable[..., Any]) -> None:
        self._redis = client
        self._prefix = prefix
        self._run = run

    def page(self, state: State | None, task: str, tag: str, size: int, before: int | None) -> Page:
        """See `headway.store.JobStore.list_jobs`."""
        index = f"{self._prefix}index:{state}" if state else f"{self._prefix}index"
        count = SCAN_PAGE if task or tag else size + 1
        found: list[Job] = []
        scanned = 0
        while scanned < MAX_SCANNED:
            rows = self._newest(index, before, count)
            for job, score in rows:
                if len(found) == size:
                    return Page(tuple(found), before)
                before = score
                # Between the index and the record a job may have moved on, or its time may be over.
                if job and _is_listed(job, state, task, tag):
                    found.append(job)
            scanned += len(rows)
            if len(rows) < count:
                return Page(tuple(found), None)
        return Page(tuple(found), before)

    def totals(self) -> Mapping[State, int]:
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            for state in State:
                pipe.zcard(f"{self._prefix}index:{state}")
            return dict(zip(State, pipe.execute(), strict=True))

    def _newest(self, index: str, before: int | None, count: int) -> list[tuple[Job | None, int]]:
        bound = "+inf" if before is None else f"({before}"
        with answering():
            rows: Any = self._redis.zrevrangebyscore(index, bound, "-inf", start=0, num=count, withscores=True)
        records = self._run("list", *(job_id for job_id, _ in rows)) if rows else []
        return [
            (read_or_skip(job_id, pairs_of(stored)), int(score))
            for (job_id, score), stored in zip(rows, records, strict=True)
        ]


def _is_listed(job: Job, state: State | None, task: str, tag: str) -> bool:
    return (not state or job.state is state) and (not task or job.task == task) and (not tag or tag in job.tags)
