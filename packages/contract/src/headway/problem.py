"""Every way a request or a job can go wrong: one exception, one table, one body (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

MAX_DETAIL_CHARACTERS = 2_000
MAX_SHOWN_ERRORS = 20


class EndedBy(StrEnum):
    """Who ended an attempt that did not end well; the kind of problem says why."""

    CLIENT = "client"
    """Someone cancelled the job."""
    TASK = "task"
    """It raised an exception, or returned what cannot be kept."""
    HEADWAY = "headway"
    """A rule did: a limit of time, an expiry, too many lost workers, arguments that do not fit."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table: the HTTP status and what this kind of problem means."""

    status: int
    title: str
    ended_by: EndedBy | None = None
    """Of the error of a job."""


KINDS: Mapping[str, Kind] = {
    # The request as such
    "bad-request": Kind(400, "The request is malformed"),
    "empty-body": Kind(400, "The request has no body"),
    "invalid-json": Kind(400, "The body is not JSON"),
    "invalid-encoding": Kind(400, "The body is not UTF-8"),
    "invalid-string": Kind(400, "A text in the body is not valid Unicode"),
    "invalid-number": Kind(400, "A number in the body is not a finite JSON number"),
    "number-too-large": Kind(400, "A whole number in the body does not fit 64 bits"),
    "json-too-deep": Kind(400, "The JSON is nested too deeply"),
    "json-too-complex": Kind(400, "The JSON has too many elements"),
    "duplicate-key": Kind(400, "The JSON names a key twice"),
    "invalid-idempotency-key": Kind(400, "The idempotency key is malformed"),
    "invalid-parameter": Kind(400, "A query parameter is not valid"),
    "unknown-parameter": Kind(400, "A query parameter is not known"),
    "invalid-last-event-id": Kind(400, "The last event id does not belong to this stream"),
    "credential-in-url": Kind(400, "A credential stands in the URL"),
    "cross-site": Kind(403, "A page of another site sent the request"),
    "not-found": Kind(404, "There is nothing at this address"),
    "method-not-allowed": Kind(405, "This address does not take that method"),
    "not-acceptable": Kind(406, "The answer cannot have the type asked for"),
    "payload-too-large": Kind(413, "The body is too large"),
    "misdirected-request": Kind(421, "The request is for another host"),
    "uri-too-long": Kind(414, "The address is too long"),
    "headers-too-large": Kind(431, "The header fields are too large"),
    "unsupported-media-type": Kind(415, "The body must be application/json in UTF-8"),
    "too-many-streams": Kind(429, "Too many streams are open"),
    # Submitting a job
    "validation-failed": Kind(422, "The request does not fit its schema"),
    "unknown-task": Kind(422, "No worker has announced this task"),
    "read-only-field": Kind(422, "A field of the request is set by the server only"),
    "limit-exceeded": Kind(422, "A value is above its limit"),
    "invalid-time": Kind(422, "A time is not usable"),
    "idempotency-mismatch": Kind(422, "The idempotency key was used for another request"),
    "task-not-found": Kind(404, "No worker has announced this task"),
    # Reading a job
    "job-not-found": Kind(404, "There is no job with this id"),
    "job-expired": Kind(410, "The job's record was dropped after its retention"),
    "not-finished": Kind(409, "The job has no result yet"),
    "no-result": Kind(409, "The job ended without a result"),
    # Changing a job
    "already-finished": Kind(409, "The job has ended and cannot be cancelled"),
    "not-retryable": Kind(409, "Only a job that failed or was revoked can be retried"),
    "corrupt-record": Kind(500, "The job's record cannot be read"),
    # The service itself
    "internal-error": Kind(500, "The service made a mistake"),
    "no-tasks-announced": Kind(503, "No worker has announced any task yet"),
    "backend-unavailable": Kind(503, "The job store does not answer"),
    "storage-full": Kind(503, "The job store is full"),
    # How an attempt ends when it does not end well: the `error` of a job
    "task-failed": Kind(500, "The task raised an exception", EndedBy.TASK),
    "timeout": Kind(500, "The attempt ran longer than its time limit", EndedBy.HEADWAY),
    "worker-lost": Kind(500, "The worker was lost three times in a row while it ran this job", EndedBy.HEADWAY),
    "invalid-arguments": Kind(422, "The arguments do not fit the task", EndedBy.HEADWAY),
    "unserializable-result": Kind(500, "The task returned what JSON cannot hold", EndedBy.TASK),
    "result-too-large": Kind(500, "The task returned more than the limit", EndedBy.TASK),
    "cancelled": Kind(410, "The job was cancelled", EndedBy.CLIENT),
    "expired": Kind(410, "The job did not start before it expired", EndedBy.HEADWAY),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one value; the pointer is a JSON pointer (RFC 6901) into the body."""

    pointer: str
    detail: str


class Problem(Exception):
    """Something went wrong that the client should read about.

    `slug` is a key of `KINDS` and never changes its meaning; `detail` says
    what was asked, what was found and what to do.
    """

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.slug = slug
        self.kind = KINDS[slug]
        self.status = status or self.kind.status
        self.detail = clip(detail)
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.more = more

    def body(self) -> dict[str, Any]:
        """The members of the problem document."""
        document: dict[str, Any] = {
            "type": f"/problems/{self.slug}",
            "title": self.kind.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.kind.ended_by:
            document["ended_by"] = self.kind.ended_by.value
        if self.errors:
            shown = self.errors[:MAX_SHOWN_ERRORS]
            document["errors"] = [{"pointer": each.pointer, "detail": each.detail} for each in shown]
        return document | self.more

    def to_json(self) -> str:
        """The problem document as it is stored and sent."""
        return orjson.dumps(self.body()).decode()


def clip(text: str, limit: int = MAX_DETAIL_CHARACTERS) -> str:
    """Cut a long text and make it safe to encode: lone surrogates cannot be sent as UTF-8."""
    safe = text.encode("utf-8", "replace").decode()
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def job_not_found(job_id: str) -> Problem:
    return Problem("job-not-found", f"No job has the id {clip(job_id, 80)!r}. Check the id, or submit the job again.")


def job_expired(job_id: str) -> Problem:
    detail = f"The job {job_id} ended and its record was dropped after its retention. Submit it again if you need it."
    return Problem("job-expired", detail)


def idempotency_mismatch(job_id: str) -> Problem:
    return Problem(
        "idempotency-mismatch",
        f"This Idempotency-Key already stands for the job {job_id}, which was submitted with other values. "
        "Send the same request as the first time, or choose a new key.",
    )


def expired_unstarted() -> Problem:
    return Problem("expired", "No worker started the job before it expired. Submit it again with a longer expires_in.")


class Cancelled(StrEnum):
    """Where a cancellation found the job, or how it brought it to its end."""

    WAITING = "waiting"
    RETRYING = "retrying"
    STOPPED = "stopped"
    ENDED = "ended"
    FAILING = "failing"
    INTERRUPTED = "interrupted"


_CANCELLED = {
    Cancelled.WAITING: "A client cancelled the job before it started.",
    Cancelled.RETRYING: "A client cancelled the job while it waited for its next attempt.",
    Cancelled.STOPPED: "A client cancelled the job while it ran, and the task stopped.",
    Cancelled.ENDED: "A client cancelled the job; the task did not stop in time, so its process was ended.",
    Cancelled.FAILING: "A client cancelled the job; the attempt failed then, and there is no other one.",
    Cancelled.INTERRUPTED: "A client cancelled the job while it ran; then its worker was lost or stopped.",
}
REASON_GIVEN = " The reason given: "
"""Between what happened and the words of the client that wanted it."""


def cancelled(how: Cancelled, reason: str = "") -> Problem:
    """The outcome of a cancelled job: who ended it, and why if that was told."""
    if not reason:
        return Problem("cancelled", _CANCELLED[how])
    return Problem("cancelled", _CANCELLED[how] + REASON_GIVEN + reason, reason=reason)


def already_finished(job_id: str, state: str) -> Problem:
    detail = f"The job {job_id} has ended in {state}, so there is nothing to cancel. GET /status/{job_id} tells more."
    return Problem("already-finished", detail, state=str(state))


def not_retryable(job_id: str, state: str) -> Problem:
    advice = "Submit it anew to run it again." if state == "SUCCESS" else "Wait for its end, or cancel it first."
    detail = f"The job {job_id} is in {state}; only FAILURE and REVOKED can be retried. {advice}"
    return Problem("not-retryable", detail, state=str(state))


def worker_lost() -> Problem:
    return Problem(
        "worker-lost",
        "The worker died three times in a row while it ran this job: it may use too much memory or crash the "
        "interpreter. Look at the workers' logs for the attempts of this job.",
    )


class StoreUnavailable(Problem):
    """The store did not answer, or answered that it cannot: nothing is known to have changed."""

    def __init__(self, why: str, *, slug: str = "backend-unavailable", retry_after_seconds: int = 2) -> None:
        detail = f"{why} Nothing was lost; send the same request again in {retry_after_seconds} s."
        super().__init__(slug, detail, headers={"Retry-After": str(retry_after_seconds)})
