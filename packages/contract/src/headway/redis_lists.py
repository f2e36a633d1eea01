"""Pages of jobs and totals by state, read from the indexes that every move keeps true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import redis

from headway.job import Job, State
from headway.records import pairs_of, read_or_skip
from headway.scripts import answering
from headway.store import Page
from headway.wanted import Wanted

Row = tuple[str, float]
"""A job's id and its place in the lists."""

SCAN_PAGE = 200
MAX_SCANNED = 2_000
"""A list with filters looks at this many jobs a request at the most; its page may then be short."""


class RedisLists:
    """The lists of `RedisJobStore`. All methods may raise `StoreUnavailable`."""

    def __init__(self, client: redis.Redis, prefix: str, run: Callable[..., Any]) -> None:
        self._redis = client
        self._prefix = prefix
        self._run = run

    def page(self, wanted: Wanted, size: int, before: int | None) -> Page:
        """See `headway.store.JobStore.list_jobs`."""
        return (self._named(wanted, before) if wanted.job_id else None) or self._scanned(wanted, size, before)

    def _named(self, wanted: Wanted, before: int | None) -> Page | None:
        """The job that was searched for by its whole id, however old it is; None when there is no such job."""
        with answering():
            score: Any = self._redis.zscore(f"{self._prefix}index", wanted.job_id)
        found = self._read([(wanted.job_id, score)]) if score is not None else []
        known = [(job, place) for job, place in found if job]
        shown = [job for job, place in known if (before is None or place < before) and wanted.takes(job)]
        return Page(tuple(shown), None) if known else None

    def _scanned(self, wanted: Wanted, size: int, before: int | None) -> Page:
        count = SCAN_PAGE if wanted.is_narrow else size + 1
        found: list[Job] = []
        scanned = 0
        while scanned < MAX_SCANNED:
            rows = self._newest(wanted.states, before, count)
            for job, score in rows:
                if len(found) == size:
                    return Page(tuple(found), before)
                before = score
                # Between the index and the record a job may have moved on, or its time may be over.
                if job and wanted.takes(job):
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

    def _newest(self, states: Collection[State], before: int | None, count: int) -> list[tuple[Job | None, int]]:
        """So many at the most; fewer only when there are no more."""
        names = [f"index:{state}" for state in states] or ["index"]
        bound = "+inf" if before is None else f"({before}"
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            for name in names:
                pipe.zrevrangebyscore(f"{self._prefix}{name}", bound, "-inf", start=0, num=count, withscores=True)
            answers = pipe.execute()
        return self._read(_merged(answers)[:count])

    def _read(self, rows: Sequence[Row]) -> list[tuple[Job | None, int]]:
        records = self._run("list", *(job_id for job_id, _ in rows)) if rows else []
        return [
            (read_or_skip(job_id, pairs_of(stored)), int(score))
            for (job_id, score), stored in zip(rows, records, strict=True)
        ]


def _merged(lists: Sequence[Sequence[Row]]) -> list[Row]:
    """Newest first. A job that moves while the lists are read may stand in two of them, at the same place."""
    rows = {job_id: score for each in lists for job_id, score in each}
    return sorted(rows.items(), key=lambda row: row[1], reverse=True)
