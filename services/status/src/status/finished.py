"""Remembers jobs that succeeded: SUCCESS never moves, so nobody needs to be asked again."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime

from headway.job import Job, State

MAX_JOBS = 2_000
MAX_RESULT_CHARACTERS = 16_000


class Finished:
    """The jobs that were read last; a small part of them all, so that memory stays bounded."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def find(self, job_id: str) -> Job | None:
        """The job, unless it is unknown here or its retention is over."""
        job = self._jobs.get(job_id)
        if job is not None and job.gone_at is not None and job.gone_at <= datetime.now(UTC):
            return None
        return job

    def keep(self, job: Job) -> None:
        """Only SUCCESS: the other ends can be left by an explicit retry."""
        if job.state is not State.SUCCESS or len(job.result_json or "") + len(job.args_json) > MAX_RESULT_CHARACTERS:
            return
        self._jobs[job.id] = job
        if len(self._jobs) > MAX_JOBS:
            self._jobs.popitem(last=False)
