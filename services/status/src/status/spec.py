"""What the OpenAPI document says beyond the routes: parameters, headers, the job document, the errors."""

from __future__ import annotations

from typing import Any

from chassis.openapi import add_problems, header, query
from headway.figures import COUNTS
from headway.job import State
from headway.problem import EndedBy
from headway.store import LOG_LINES_KEPT
from headway.story import MOVES_KEPT, Why
from status.listing import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, MAX_SEARCH, MIN_SEARCH
from status.routes import MAX_STREAM_JOBS

JOB: dict[str, Any] = {
    "type": "object",
    "description": "A job. The first five keys are the tutorial's; result is there only when there is one.",
    "required": ["state", "current", "total", "status", "id", "task", "version"],
    "properties": {
        "state": {"enum": [state.value for state in State]},
        "current": {"type": "number"},
        "total": {"type": ["number", "null"], "description": "null while the whole is unknown"},
        "status": {"type": "string", "description": "The task's latest words; on FAILURE the exception's text."},
        "result": {"description": "What the task returned."},
        "id": {"type": "string", "format": "uuid"},
        "task": {"type": "string"},
        "args": {"type": "object"},
        "percent": {"type": ["number", "null"], "description": "100 only on SUCCESS."},
        "error": {
            "type": ["object", "null"],
            "description": "A problem object: why the last attempt failed, or the job ended without a result.",
            "properties": {
                "ended_by": {"enum": [who.value for who in EndedBy], "description": "Who ended it."}
            },
        },
        "attempt": {"type": "integer"},
        "max_retries": {"type": "integer"},
        "queue": {"type": "string"},
        "priority": {"enum": ["high", "normal", "low"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "eta_seconds": {"type": ["integer", "null"]},
        "queue_position": {"type": ["integer", "null"]},
        "waiting_for": {"enum": ["worker", "schedule", "slot", None]},
        "version": {"type": "integer", "description": "Grows with every change."},
        "links": {"type": "object"},
    }
    | {
        name: {"type": ["string", "null"], "format": "date-time"}
        for name in (
            "created_at", "scheduled_for", "started_at", "updated_at", "finished_at", "expires_at",
            "cancel_requested_at",
        )
    },
}  # fmt: skip

LEFT_OUT = "null in a list when it is longer than 1 KiB: read the job itself."

LISTED = JOB | {
    "properties": JOB["properties"]
    | {
        "args": {"type": ["object", "null"], "description": LEFT_OUT},
        "result": {"description": f"What the task returned; {LEFT_OUT}"},
    }
}

LIST = {
    "type": "object",
    "required": ["jobs", "next_page_token", "totals"],
    "properties": {
        "jobs": {"type": "array", "items": LISTED},
        "next_page_token": {"type": ["string", "null"]},
        "totals": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
}


def _whole(properties: dict[str, Any], description: str = "") -> dict[str, Any]:
    """An object that always has all of these."""
    words = {"description": description} if description else {}
    return {"type": "object", **words, "required": list(properties), "properties": properties}


TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
FINISHED = _whole(dict.fromkeys(COUNTS["finished"], COUNT), "Ended jobs by outcome, since ever.")
OLDEST = {"type": ["string", "null"], "format": "date-time", "description": "Since when the first in line waits."}
QUEUE = _whole(
    {"queue": TEXT, "queued": COUNT, "oldest_at": OLDEST} | dict.fromkeys(("running", "workers", "slots"), COUNT)
)
TASK = _whole({"task": TEXT, "queue": TEXT, "running": COUNT, "submitted": COUNT, "finished": FINISHED})
STATS = _whole(
    {
        "at": {"type": "string", "format": "date-time", "description": "When, by the store's clock."},
        "totals": _whole({state.value: COUNT for state in State}, "Records by state."),
        **dict.fromkeys(("submitted", "started", "retried", "restarted"), COUNT),
        "finished": FINISHED,
        "scheduled": COUNT,
        "queues": {"type": "array", "items": QUEUE},
        "tasks": {"type": "array", "items": TASK},
    },
    "The figures of all jobs. Counters are since ever; a rate is the difference of two documents.",
)

OR_NULL = {"type": ["string", "null"]}
MOVE = _whole(
    {
        "at": {"type": "string", "format": "date-time"},
        "state": {"enum": [state.value for state in State], "description": "The state that it led to."},
        "attempt": COUNT | {"description": "The attempt that it began or ended, or the last one before it."},
        "why": {"enum": [why.value for why in Why]},
        "detail": OR_NULL | {"description": "The failure's text, or the reason that a client gave."},
        "worker": OR_NULL | {"description": "Who began or ended an attempt."},
    }
)
TIMELINE = _whole({"moves": {"type": "array", "items": MOVE, "maxItems": MOVES_KEPT}})

LINE = _whole(
    {
        "id": TEXT,
        "line": {"type": "string", "description": "Unique in the job, and growing."},
        "text": TEXT,
        "at": {"type": "string", "format": "date-time"},
    }
)
LOG = _whole({"lines": {"type": "array", "items": LINE, "maxItems": LOG_LINES_KEPT}, "lines_total": COUNT})

EVENT = {
    "type": "object",
    "description": "One event. The data are JSON, by the event's name.",
    "properties": {
        "event": {"enum": ["snapshot", "update", "log", "end", "missing", "stats"]},
        "id": {"type": "string", "description": "What the client has now: send it as Last-Event-ID to go on."},
        "data": {"type": "string"},
    },
}

_ANY_STATE = f"({'|'.join(State)})"
STATES = f"^{_ANY_STATE}(,{_ANY_STATE})*$"

RESUME = header("Last-Event-ID", "Id of the last event received; the stream goes on behind it.")


def describe(spec: dict[str, Any]) -> dict[str, Any]:
    """Complete the document that was read off the routes."""
    paths = spec["paths"]
    listing, one = paths["/status"]["get"], paths["/status/{job_id}"]["get"]
    listing["responses"]["200"]["content"] = {"application/json": {"schema": LIST}}
    one["responses"]["200"]["content"] = {"application/json": {"schema": JOB}}
    paths["/stats"]["get"]["responses"]["200"]["content"] = {"application/json": {"schema": STATS}}
    listing["parameters"] = [
        query("state", "Only jobs in one of these states, with commas between them.", type="string", pattern=STATES),
        query("task", "Only jobs of this task.", type="string"),
        query("tag", "Only jobs with this tag.", type="string"),
        query(
            "q",
            "Only jobs whose id begins with it, or whose task or a tag contains it, in any case.",
            type="string",
            minLength=MIN_SEARCH,
            maxLength=MAX_SEARCH,
        ),
        query("page_size", "Jobs a page.", type="integer", minimum=1, maximum=MAX_PAGE_SIZE, default=DEFAULT_PAGE_SIZE),
        query("page_token", "Where the next page begins.", type="string"),
    ]
    one["parameters"] += [
        header("If-None-Match", "The ETag one has; 304 while it is still true."),
        header("Prefer", "wait=N: answer when the job changes, after N seconds (at most 30) at the latest."),
    ]
    ids = query("id", "A job to follow.", type="array", items={"type": "string"}, minItems=1, maxItems=MAX_STREAM_JOBS)
    many, single = paths["/status/events"]["get"], paths["/status/{job_id}/events"]["get"]
    stats = query(
        "stats", "1: the figures of all jobs too. Then no id is needed, and the stream has no end.", enum=["1"]
    )
    many["parameters"] = [ids, stats, RESUME]
    single["parameters"] += [RESUME]
    for stream in (many, single):
        stream["responses"]["200"]["content"] = {"text/event-stream": {"schema": EVENT}}
    add_problems(paths["/stats"]["get"], 400, 503)
    timeline = paths["/status/{job_id}/timeline"]["get"]
    timeline["responses"]["200"]["content"] = {"application/json": {"schema": TIMELINE}}
    add_problems(timeline, 400, 404, 410, 503)
    log = paths["/status/{job_id}/log"]["get"]
    log["responses"]["200"]["content"] = {"application/json": {"schema": LOG}}
    log["parameters"] += [query("after", "Only lines behind this one.", type="string", pattern=r"^\d{1,15}-\d{1,9}$")]
    add_problems(log, 400, 404, 410, 503)
    add_problems(listing, 400, 503)
    add_problems(one, 400, 404, 410, 429, 503)
    add_problems(many, 400, 406, 429, 503)
    add_problems(single, 400, 404, 406, 410, 429, 503)
    add_problems(paths["/status/{job_id}/result"]["get"], 400, 404, 409, 410, 503)
    return spec
