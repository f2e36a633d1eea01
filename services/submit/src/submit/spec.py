"""What the OpenAPI document says beyond the routes: the request's schema, its headers, the errors."""

from __future__ import annotations

from typing import Any

from chassis.openapi import add_problems, header
from headway.job import State
from submit.job_request import CancelManyRequest, CancelRequest, JobRequest, RetryManyRequest

IDEMPOTENCY_KEY = header("Idempotency-Key", "The same key and request never make a second job (kept for 24 h).")

RESULT = {
    "type": "object",
    "required": ["id", "status", "state", "detail"],
    "properties": {
        "id": {"type": "string"},
        "status": {"enum": [200, 202, 404, 409, 410, 500], "description": "What the job alone would have answered."},
        "state": {"enum": [*(state.value for state in State), None], "description": "Of the job, where it is known."},
        "detail": {"type": ["string", "null"], "description": "Why it was refused."},
    },
}
RESULTS = {
    "type": "object",
    "required": ["results"],
    "properties": {"results": {"type": "array", "items": RESULT}},
}


def describe(spec: dict[str, Any]) -> dict[str, Any]:
    """Complete the document that was read off the routes."""
    paths = spec["paths"]
    paths["/jobs"]["post"]["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": JobRequest.model_json_schema()}},
    }
    cancel, retry = paths["/jobs/{job_id}/cancel"]["post"], paths["/jobs/{job_id}/retry"]["post"]
    cancel["requestBody"] = {
        "required": False,
        "content": {"application/json": {"schema": CancelRequest.model_json_schema()}},
    }
    for path, model in (("/jobs/cancel", CancelManyRequest), ("/jobs/retry", RetryManyRequest)):
        many = paths[path]["post"]
        many["requestBody"] = {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}
        many["responses"]["200"]["content"] = {"application/json": {"schema": RESULTS}}
        add_problems(many, 400, 403, 413, 415, 422, 503)
    for path in ("/jobs", "/longtask"):
        paths[path]["post"]["parameters"] = [IDEMPOTENCY_KEY]
    add_problems(paths["/jobs"]["post"], 400, 403, 409, 410, 413, 415, 422, 503)
    add_problems(paths["/longtask"]["post"], 400, 403, 410, 422, 503)
    add_problems(cancel, 400, 403, 404, 409, 410, 413, 415, 422, 503)
    add_problems(retry, 400, 403, 404, 409, 410, 503)
    add_problems(paths["/tasks"]["get"], 400, 503)
    add_problems(paths["/tasks/{name}"]["get"], 400, 404, 503)
    add_problems(paths["/problems/{slug}"]["get"], 400, 404)
    return spec
