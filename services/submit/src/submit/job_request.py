"""The bodies of requests: their fields, their limits, and the errors they give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from headway.doorbell import QUEUE_NAME
from headway.job import Job
from headway.problem import FieldError, Problem, clip
from headway.task import MAX_RETRIES_LIMIT

YEAR_SECONDS = 366 * 24 * 3600
WEEK_SECONDS = 7 * 24 * 3600
MAX_JOBS = 100
"""Of one request that changes many."""
_SET_BY_US = frozenset(Job.__dataclass_fields__) | {"result", "error", "percent", "status", "links"}
_ABOVE_LIMIT = frozenset({"less_than_equal", "too_long", "string_too_long"})


def _only_text(value: Any) -> Any:
    if not isinstance(value, str) or value[4:5] != "-":  # pydantic would read digits as seconds since 1970
        raise ValueError("should be an RFC 3339 time such as 2030-01-31T12:00:00Z")
    return value


def _with_zone(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("the time has no zone; add Z or an offset such as +02:00")
    return value


Time = Annotated[datetime, Field(strict=False), AfterValidator(_with_zone), BeforeValidator(_only_text)]
M = TypeVar("M", bound="Body")
Tag = Annotated[str, Field(min_length=1, max_length=64)]


class Body(BaseModel):
    """What all bodies have in common: no conversions, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    example: ClassVar[str]


class JobRequest(Body):
    """A job to run. Only `task` is required; the rest has the task's defaults."""

    example = '{"task": "count_primes", "args": {"limit": 1000}}'

    task: str = Field(max_length=100, description="Name of the task, as in GET /tasks.")
    args: dict[str, Any] = Field(default={}, description="Arguments by name, as the task's schema asks.")
    countdown: float | None = Field(None, ge=0, le=YEAR_SECONDS, description="Start no sooner than in so many seconds.")
    eta: Time | None = Field(None, description="Start no sooner than at this time (RFC 3339 with a zone).")
    expires_in: float | None = Field(
        None,
        gt=0,
        le=YEAR_SECONDS,
        description="Revoke the job if it has not started so long after it was due.",
    )
    timeout: float | None = Field(None, gt=0, le=WEEK_SECONDS, description="Time limit of one attempt, in seconds.")
    priority: Literal["high", "normal", "low"] = Field("normal", description="Which of the queue's three lines.")
    queue: str | None = Field(None, pattern=f"^{QUEUE_NAME.pattern}$", description="Another queue than the task's.")
    max_retries: int | None = Field(None, ge=0, le=MAX_RETRIES_LIMIT, description="Further attempts after failed ones.")
    tags: list[Tag] = Field(default=[], max_length=10, description="Words for finding jobs again.")


def _once(ids: Any) -> Any:
    """Each id once, at its first place; what is no list of texts is left to the check of the types."""
    is_plain = isinstance(ids, list) and all(isinstance(each, str) for each in ids)
    return list(dict.fromkeys(ids)) if is_plain else ids


JobIds = Annotated[list[str], Field(min_length=1, max_length=MAX_JOBS), BeforeValidator(_once)]


class CancelRequest(Body):
    """What a client may say when it cancels a job."""

    example = '{"reason": "no longer needed"}'

    reason: str = Field("", max_length=500, description="Why; the job's outcome repeats it.")


class CancelManyRequest(CancelRequest):
    """Jobs to cancel."""

    example = '{"ids": ["bca4550c-5d40-4aff-ac85-aff1cb6787f7"], "reason": "no longer needed"}'

    ids: JobIds = Field(description="The jobs. One that is named twice counts once.")


class RetryManyRequest(Body):
    """Jobs to give another attempt."""

    example = '{"ids": ["bca4550c-5d40-4aff-ac85-aff1cb6787f7"]}'

    ids: JobIds = Field(description="The jobs. One that is named twice counts once.")


def read_body(model: type[M], body: Any) -> M:
    """Check the body. Raises a 422 `Problem` that names every wrong field."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise _problem(model, error) from None


def read_job_request(body: Any) -> JobRequest:
    """The body of `POST /jobs`. Raises a 422 `Problem`."""
    request = read_body(JobRequest, body)
    if request.eta is not None:
        _check_eta(request)
    return request


def _check_eta(request: JobRequest) -> None:
    assert request.eta is not None
    now = datetime.now(UTC)
    if request.countdown is not None:
        wrong = "Both countdown and eta are given. Send one of them."
        raise Problem("validation-failed", wrong, errors=[FieldError("/eta", wrong)])
    if request.eta < now - timedelta(minutes=1):
        wrong = f"eta lies in the past; it is {now.isoformat(timespec='seconds')} here. Leave it out to start at once."
    elif request.eta > now + timedelta(seconds=YEAR_SECONDS):
        wrong = "eta lies more than a year ahead. Submit the job later."
    else:
        return
    raise Problem("invalid-time", wrong, errors=[FieldError("/eta", wrong)])


def _problem(model: type[Body], error: ValidationError) -> Problem:
    details = error.errors(include_url=False)
    wrong = [FieldError(_pointer(each["loc"]), _detail(model, each)) for each in details]
    slug = "validation-failed"
    if all(each["type"] in _ABOVE_LIMIT for each in details):
        slug = "limit-exceeded"
    elif all(each["type"] == "extra_forbidden" and each["loc"][0] in _SET_BY_US for each in details):
        slug = "read-only-field"
    elif all(each["loc"][:1] == ("eta",) for each in details):
        slug = "invalid-time"
    return Problem(slug, f"{wrong[0].pointer or 'The body'}: {wrong[0].detail}", errors=wrong)


def _detail(model: type[Body], error: Any) -> str:
    if error["type"] == "extra_forbidden":
        if error["loc"][0] in _SET_BY_US:
            return "This is set by the server. Leave it out."
        return f"This field is not known. Known are: {', '.join(model.model_fields)}."
    if error["type"] == "model_type":
        return f"The body should be a JSON object such as {model.example}."
    return f"{error['msg']}."


def _pointer(location: tuple[Any, ...]) -> str:
    # Behind the field's name pydantic puts the types of unions ("eta", "function-before[…]"): not part of the body.
    parts = [*location[:1], *(part for part in location[1:] if isinstance(part, int) or part.isidentifier())]
    return "".join("/" + clip(str(part), 100).replace("~", "~0").replace("/", "~1") for part in parts)
