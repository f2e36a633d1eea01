"""The routes that change many jobs at once: each job has an outcome of its own, and none stops the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from chassis.web import json_response, single_parameters
from headway.job import Job
from headway.problem import Problem, StoreUnavailable
from headway.store import JobStore
from submit.body import read_json
from submit.control import cancel, retry
from submit.job_request import CancelManyRequest, RetryManyRequest, read_body


def many_routes(store: JobStore) -> APIBlueprint:
    """Cancel and retry up to 100 jobs."""
    routes = APIBlueprint("many", __name__, tag="Control")

    @routes.post("/jobs/cancel")
    @routes.doc(summary="Cancel many jobs", responses={200: "What became of each, in the order asked."})
    def cancel_jobs() -> Response:
        """Does for each job what `POST /jobs/{job_id}/cancel` does, and tells what that would have answered."""
        single_parameters()
        wanted = read_body(CancelManyRequest, read_json(request, CancelManyRequest.example))
        return _answer(wanted.ids, partial(cancel, store, reason=wanted.reason))

    @routes.post("/jobs/retry")
    @routes.doc(summary="Retry many jobs", responses={200: "What became of each, in the order asked."})
    def retry_jobs() -> Response:
        """Does for each job what `POST /jobs/{job_id}/retry` does, and tells what that would have answered."""
        single_parameters()
        wanted = read_body(RetryManyRequest, read_json(request, RetryManyRequest.example))
        return _answer(wanted.ids, partial(retry, store))

    return routes


def _answer(job_ids: Sequence[str], change: Callable[[str], tuple[Job, int]]) -> Response:
    return json_response({"results": [_result(job_id, change) for job_id in job_ids]})


def _result(job_id: str, change: Callable[[str], tuple[Job, int]]) -> dict[str, Any]:
    """Raises `StoreUnavailable`: each of the others would wait for a time-out, and asking again for all is harmless."""
    try:
        job, status = change(job_id)
    except StoreUnavailable:
        raise
    except Problem as problem:
        return {"id": job_id, "status": problem.status, "state": problem.more.get("state"), "detail": problem.detail}
    return {"id": job_id, "status": status, "state": job.state.value, "detail": None}
