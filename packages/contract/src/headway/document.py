"""The job document: a job as clients see it, the seed's five keys first.

Submit answers with it, status reads it out, the stream sends what changes in it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor
from typing import Any

import orjson

from headway.job import Job, State
from headway.store import LogLine, Place
from headway.story import Move

ESTIMATE_AFTER_SECONDS = 3.0
ESTIMATE_AFTER_PERCENT = 3.0


class Raw(str):
    """JSON text that goes into a document as it is, without being read and written again."""


def document_of(job: Job, place: Place = Place(), now: datetime | None = None, *, root: str = "") -> dict[str, Any]:
    """Build the document; `result` is there only when there is one, and every link begins with `root`."""
    document: dict[str, Any] = {
        "state": job.state,
        "current": _current(job),
        "total": _total(job),
        "status": job.message or ("Pending..." if job.state is State.PENDING else ""),
    }
    if job.result_json is not None:
        document["result"] = Raw(job.result_json)
    return document | {
        "id": job.id,
        "task": job.task,
        "args": Raw(job.args_json),
        "percent": percent_of(job),
        "error": Raw(job.error_json) if job.error_json else None,
        "attempt": job.attempt,
        "max_retries": job.max_retries,
        "queue": job.queue,
        "priority": job.priority,
        "tags": job.tags,
        "created_at": job.created_at,
        "scheduled_for": job.scheduled_for,
        "started_at": job.started_at,
        "updated_at": job.updated_at,
        "finished_at": job.finished_at,
        "expires_at": job.gone_at or (job.start_before_at if job.state is State.PENDING else None),
        "cancel_requested_at": job.cancel_requested_at,
        "eta_seconds": eta_seconds_of(job, now or datetime.now(UTC)),
        "queue_position": place.queue_position,
        "waiting_for": place.waiting_for.value if place.waiting_for else None,
        "version": job.version,
        "links": links_of(job, root),
    }


def links_of(job: Job, root: str = "") -> dict[str, str]:
    """Where to go from here; what cannot be done with the job now has no link."""
    path, actions = f"{root}/status/{job.id}", f"{root}/jobs/{job.id}"
    links = {"self": path, "events": f"{path}/events", "result": f"{path}/result"}
    if not job.state.is_final:
        links["cancel"] = f"{actions}/cancel"
    if job.state.is_retryable:
        links["retry"] = f"{actions}/retry"
    return links


def log_document(job_id: str, line: LogLine) -> dict[str, Any]:
    """A line of the log; `line` is unique within the job and grows."""
    return {"id": job_id, "line": line.id, "text": line.text, "at": line.at}


def move_document(move: Move) -> dict[str, Any]:
    """A move of a job's story."""
    return {
        "at": move.at,
        "state": move.state,
        "attempt": move.attempt,
        "why": move.why,
        "detail": move.detail,
        "worker": move.worker,
    }


def percent_of(job: Job) -> float | None:
    """How full the bar is: 100 only on SUCCESS, None while the whole is unknown."""
    if job.state is State.SUCCESS:
        return 100
    if job.current is None:
        return 0
    if not job.total or job.total < 0:
        return None
    # The smaller one first: of the largest amounts a thousandfold is infinite, and that cannot be rounded.
    return max(0, floor(min(990, job.current * 1000 / job.total)) / 10)


def eta_seconds_of(job: Job, now: datetime) -> int | None:
    """Seconds to the end at the attempt's own pace; None until that pace is worth believing."""
    if not job.state.is_running or not job.total or job.current is None or job.pace_at is None or job.pace_from is None:
        return None
    seconds = (job.updated_at - job.pace_at).total_seconds()
    done = job.current - job.pace_from
    if seconds < ESTIMATE_AFTER_SECONDS or done * 100 < ESTIMATE_AFTER_PERCENT * job.total:
        return None
    left = (job.total - job.current) / done * seconds - (now - job.updated_at).total_seconds()
    return max(0, round(left))


def encode(document: Any) -> bytes:
    """Write a document as JSON: times in RFC 3339 UTC, raw parts as they are."""
    return orjson.dumps(
        document, default=_fragment, option=orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME
    )


def _fragment(value: Any) -> Any:
    if isinstance(value, Raw):
        return orjson.Fragment(str(value))
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a document")


def _current(job: Job) -> float:
    return 0 if job.current is None else job.current


def _total(job: Job) -> float | None:
    # Before the first report the seed shows 0 of 1; after it, a missing total means unknown.
    return 1 if job.current is None else job.total
