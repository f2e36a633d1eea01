"""What the workers have announced, remembered for a second: tasks, their validators, who is live.

A look that fails ends a submission at once: what was known would do for a check, but then the store would be
asked again, and the client would wait for two time-outs instead of one. Whoever only reads is shown what is known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import jsonschema_rs
import orjson

from headway.catalogue import TaskEntry, Worker
from headway.job import Job
from headway.problem import MAX_SHOWN_ERRORS, FieldError, Problem, StoreUnavailable, clip
from headway.store import JobStore, Place, WaitingFor

FRESH_SECONDS = 1.0


class Announced:
    """The catalogue as this process knows it. Safe for any thread."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._failed_looks = 0
        self._read_at = -FRESH_SECONDS
        self._entries: Mapping[str, TaskEntry] = {}
        self._workers: Sequence[Worker] = ()
        self._validators: dict[bytes, jsonschema_rs.Validator] = {}

    def entries(self) -> Mapping[str, TaskEntry]:
        """All tasks, while the store is away those that were known before."""
        try:
            self._refresh()
        except StoreUnavailable:
            if not self._entries:
                raise
        return self._entries

    def live_workers(self, task: str, queue: str) -> int:
        """How many are known to serve it; ask for the entry first."""
        return sum(worker.serves(task, queue) for worker in self._workers)

    def place(self, job: Job) -> Place:
        """Why a job that stands in line does not run yet, as far as is known. Never raises: the job is accepted."""
        try:
            self._refresh()
        except StoreUnavailable:
            return Place()
        is_served = self.live_workers(job.task, job.queue) > 0
        return Place(None, WaitingFor.SLOT if is_served else WaitingFor.WORKER)

    def entry(self, name: str, *, slug: str = "unknown-task") -> TaskEntry:
        """The task of that name. Raises the slug's problem, or `no-tasks-announced` before the first worker."""
        self._refresh()
        if name not in self._entries:
            self._refresh(at_once=True)  # a worker may have announced it this very moment
        if name in self._entries:
            return self._entries[name]
        if not self._entries:
            detail = "No worker has announced its tasks yet, so none can be checked. Start a worker, then try again."
            raise Problem("no-tasks-announced", detail, headers={"Retry-After": "2"})
        detail = f"No worker has announced a task named {clip(name, 100)!r}. GET /tasks lists the names."
        errors = [FieldError("/task", "This task is not known.")] if slug == "unknown-task" else []
        raise Problem(slug, detail, errors=errors)

    def check_args(self, entry: TaskEntry, args: dict[str, Any]) -> None:
        """Raises `validation-failed` with every argument that does not fit."""
        errors = (each for error in self._validator(entry).iter_errors(args) for each in _field_errors(error))
        wrong = list(islice(errors, MAX_SHOWN_ERRORS))
        if wrong:
            detail = f"The arguments do not fit the task {entry.name}: {wrong[0].pointer}: {wrong[0].detail}."
            raise Problem("validation-failed", detail, errors=wrong)

    def _validator(self, entry: TaskEntry) -> jsonschema_rs.Validator:
        schema = orjson.dumps(entry.schema)
        if schema not in self._validators:
            self._validators[schema] = jsonschema_rs.validator_for(entry.schema, validate_formats=True)
        return self._validators[schema]

    def _refresh(self, *, at_once: bool = False) -> None:
        if not at_once and time.monotonic() - self._read_at < FRESH_SECONDS:
            return
        failed_looks = self._failed_looks
        # While one request looks, the others go on with what is known: it is hardly older than a second.
        if not self._lock.acquire(blocking=at_once or not self._entries):
            return
        try:
            # Whoever waited for a look that failed has waited for a time-out; each looking again would add up.
            if self._failed_looks > failed_looks:
                raise StoreUnavailable("The job store does not answer.")
            self._look()
        finally:
            self._lock.release()

    def _look(self) -> None:
        try:
            self._entries, self._workers = self._store.catalogue(), self._store.workers()
        except StoreUnavailable:
            self._failed_looks += 1
            raise
        self._read_at = time.monotonic()


def _field_errors(error: Any) -> Iterator[FieldError]:
    path = [str(part) for part in error.instance_path]
    missing = getattr(error.kind, "property", None)
    unexpected = getattr(error.kind, "unexpected", None)
    if missing is not None:
        yield FieldError(_pointer([*path, str(missing).strip('"')]), "This argument is required")
    elif unexpected:
        yield from (FieldError(_pointer([*path, name]), "The task has no such argument") for name in unexpected)
    else:
        yield FieldError(_pointer(path), clip(error.message, 200))


def _pointer(path: list[str]) -> str:
    return "".join("/" + clip(part, 100).replace("~", "~0").replace("/", "~1") for part in ["args", *path])
