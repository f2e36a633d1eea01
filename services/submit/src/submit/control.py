"""The routes that change a job: cancel it, or give it another attempt."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request

from chassis.logs import get_logger
from chassis.web import json_response, single_parameters
from headway.document import document_of
from headway.job import Job, is_job_id
from headway.problem import job_not_found
from headway.store import JobStore, Place
from submit.announced import Announced
from submit.body import read_json
from submit.job_request import CancelRequest, read_body

log = get_logger(__name__)


def control_routes(store: JobStore, announced: Announced, root: str = "") -> APIBlueprint:
    """Cancel and retry; links begin with `root`."""
    routes = APIBlueprint("control", __name__, tag="Control")

    @routes.post("/jobs/<job_id>/cancel")
    @routes.doc(summary="Cancel a job", responses={200: "It had not started.", 202: "It runs and is asked to stop."})
    def cancel_job(job_id: str) -> Response:
        """A job that waits never starts; one that runs is asked to stop, and ended after a grace. Needs no body."""
        _check(job_id)
        job, status = cancel(store, job_id, _read_cancel_request().reason)
        return _answer(job, Place(), status, root)

    @routes.post("/jobs/<job_id>/retry")
    @routes.doc(summary="Retry a job", responses={202: "It will run again under the same id."})
    def retry_job(job_id: str) -> Response:
        """Only for a job that ended in FAILURE or REVOKED. It goes on from its checkpoint, if it saved one."""
        _check(job_id)
        job, status = retry(store, job_id)
        return _answer(job, announced.place(job), status, root)

    return routes


def cancel(store: JobStore, job_id: str, reason: str) -> tuple[Job, int]:
    """The job and the status to answer with. Raises why it is refused."""
    _check_id(job_id)
    job = store.cancel(job_id, reason)
    log.info("job cancelled" if job.state.is_final else "job asked to stop", job_id=job.id, task=job.task)
    return job, 200 if job.state.is_final else 202


def retry(store: JobStore, job_id: str) -> tuple[Job, int]:
    """The job and the status to answer with. Raises why it is refused."""
    _check_id(job_id)
    job = store.retry(job_id)
    log.info("job restarted", job_id=job.id, task=job.task)
    return job, 202


def _check(job_id: str) -> None:
    """Before a body is looked at."""
    single_parameters()
    _check_id(job_id)


def _check_id(job_id: str) -> None:
    if not is_job_id(job_id):
        raise job_not_found(job_id)


def _read_cancel_request() -> CancelRequest:
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    return read_body(CancelRequest, read_json(request, CancelRequest.example)) if has_body else CancelRequest()


def _answer(job: Job, place: Place, status: int, root: str) -> Response:
    headers = {"Location": f"{root}/status/{job.id}"} | ({} if job.state.is_final else {"Retry-After": "1"})
    return json_response(document_of(job, place, root=root), status, headers)
