"""Which jobs a list is asked for; both stores decide by it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from headway.job import Job, State, is_job_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that is given must hold; what is empty says nothing."""

    states: Collection[State] = ()
    """One of these."""
    task: str = ""
    tag: str = ""
    search: str = ""
    """What the id begins with, or the task's name or a tag contains, in any case."""

    @property
    def is_narrow(self) -> bool:
        """Whether the record must be read to tell."""
        return bool(self.task or self.tag or self.search)

    @property
    def job_id(self) -> str:
        """The id that is searched for, if it is a whole one; else empty."""
        searched = self.search.lower()
        return searched if is_job_id(searched) else ""

    def takes(self, job: Job) -> bool:
        return (
            (not self.states or job.state in self.states)
            and (not self.task or job.task == self.task)
            and (not self.tag or self.tag in job.tags)
            and (not self.search or self._is_found_in(job))
        )

    def _is_found_in(self, job: Job) -> bool:
        searched = self.search.casefold()
        return job.id.startswith(searched) or any(searched in text.casefold() for text in (job.task, *job.tags))


ANY_JOB = Wanted()
