"""The routes that accept work: each reads the request, asks the store once and answers."""

from __future__ import annotations

from math import ceil
from typing import Any

import orjson
from apiflask import APIBlueprint
from flask import Response, g, request

from chassis.logs import get_logger
from chassis.web import json_response, single_parameters
from headway.catalogue import TaskEntry
from headway.document import document_of
from headway.job import Priority, new_job_id
from headway.problem import KINDS, Problem, clip
from headway.store import Idempotency, JobStore, NewJob, Place, Submitted, WaitingFor
from submit.announced import Announced
from submit.body import read_json
from submit.idempotency import read_idempotency
from submit.job_request import JobRequest, read_job_request
from submit.metrics import Submission, SubmitMetrics

log = get_logger(__name__)

LONG_TASK = JobRequest(task="long_task")
"""The request behind the seed's own route."""
OWN_TASKS = "headway."
"""What the names of Headway's own tasks begin with. They can be asked for, but are nobody's choice."""


def submit_routes(store: JobStore, announced: Announced, metrics: SubmitMetrics, root: str = "") -> APIBlueprint:
    """The routes that make jobs, and the catalogue; links begin with `root`."""
    routes = APIBlueprint("submit", __name__, tag="Submit")

    def submit(submission: Submission, new: NewJob, idempotency: Idempotency | None) -> Submitted:
        submitted = submission.submitted = store.submit(new, idempotency)
        job, words = submitted.job, "job replayed" if submitted.is_replay else "job accepted"
        log.info(words, job_id=job.id, task=job.task, queue=job.queue)
        return submitted

    @routes.post("/longtask")
    @routes.doc(summary="Start the long task", responses={202: "Accepted; Location names the job."})
    def start_long_task() -> Response:
        """The tutorial's route: no body is needed, and the answer's body is an empty object."""
        with metrics.submission() as submission:
            single_parameters()
            entry = announced.entry(LONG_TASK.task)
            new = submission.is_for(_new_job(LONG_TASK, entry))
            submitted = submit(submission, new, _idempotency(LONG_TASK.task, {}))
        return json_response({}, 202, _accepted(submitted, root))

    @routes.post("/jobs")
    @routes.doc(summary="Submit a job", responses={202: "Accepted; the body is the job document."})
    def submit_job() -> Response:
        """Run a task with arguments. Errors name every field that is wrong."""
        with metrics.submission() as submission:
            single_parameters()
            body = read_json(request, JobRequest.example)
            wanted = read_job_request(body)
            entry = announced.entry(wanted.task)
            new = submission.is_for(_new_job(wanted, entry))
            announced.check_args(entry, wanted.args)
            submitted = submit(submission, new, _idempotency("jobs", body))
        place = _place(submitted, announced)
        return json_response(document_of(submitted.job, place, root=root), 202, _accepted(submitted, root))

    @routes.get("/tasks")
    @routes.doc(summary="List the tasks", responses={200: "Every task that workers have announced."})
    def list_tasks() -> Response:
        """The catalogue: what can be submitted, and how many live workers serve it."""
        single_parameters()
        entries = [entry for name, entry in announced.entries().items() if not name.startswith(OWN_TASKS)]
        tasks = [_task_document(entry, announced) for entry in entries]
        return json_response({"tasks": tasks})

    @routes.get("/tasks/<name>")
    @routes.doc(summary="Read one task", responses={200: "The task.", 404: "No such task."})
    def read_task(name: str) -> Response:
        single_parameters()
        return json_response(_task_document(announced.entry(name, slug="task-not-found"), announced))

    @routes.get("/problems/<slug>")
    @routes.doc(summary="Explain a problem type", responses={200: "What the type means."})
    def read_problem(slug: str) -> Response:
        """Every `type` of an error is an address; this is what stands there."""
        single_parameters()
        if slug not in KINDS:
            raise Problem("not-found", f"There is no problem type {clip(slug, 100)!r}.")
        kind = KINDS[slug]
        return json_response({"type": f"/problems/{slug}", "title": kind.title, "status": kind.status})

    return routes


def _new_job(wanted: JobRequest, entry: TaskEntry) -> NewJob:
    """The request with the task's defaults where it is silent."""
    return NewJob(
        id=new_job_id(),
        task=entry.name,
        args_json=orjson.dumps(wanted.args).decode(),
        queue=wanted.queue or entry.queue,
        retention_seconds=entry.retention_seconds,
        priority=Priority(wanted.priority),
        tags=tuple(wanted.tags),
        max_retries=entry.max_retries if wanted.max_retries is None else wanted.max_retries,
        timeout_seconds=wanted.timeout or entry.timeout_seconds,
        delay_seconds=wanted.countdown,
        due_at=wanted.eta,
        expires_in_seconds=wanted.expires_in,
        request_id=g.request_id,
        traceparent=g.span.traceparent,
    )


def _idempotency(route: str, body: Any) -> Idempotency | None:
    return read_idempotency(request.headers.get("Idempotency-Key"), route, body)


def _accepted(submitted: Submitted, root: str) -> dict[str, str]:
    job = submitted.job
    wait_seconds = (job.scheduled_for - job.created_at).total_seconds() if job.scheduled_for else 1
    headers = {"Location": f"{root}/status/{job.id}", "Retry-After": str(max(1, min(ceil(wait_seconds), 30)))}
    return headers | ({"Idempotent-Replayed": "true"} if submitted.is_replay else {})


def _place(submitted: Submitted, announced: Announced) -> Place:
    job = submitted.job
    if job.version > 1:
        return Place()  # a replay: the job has moved on, its status tells
    if job.scheduled_for:
        return Place(None, WaitingFor.SCHEDULE)
    return announced.place(job)


def _task_document(entry: TaskEntry, announced: Announced) -> dict[str, Any]:
    return {
        "name": entry.name,
        "description": entry.description,
        "schema": entry.schema,
        "queue": entry.queue,
        "max_retries": entry.max_retries,
        "timeout_seconds": entry.timeout_seconds,
        "retention_seconds": entry.retention_seconds,
        "live_workers": announced.live_workers(entry.name, entry.queue),
    }
