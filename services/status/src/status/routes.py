"""The routes that read: one job, its result, its events, many jobs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import partial

from apiflask import APIBlueprint
from flask import Response, request

from chassis.web import json_response, single_parameters
from headway.document import document_of, log_document, move_document
from headway.job import Job, is_job_id
from headway.problem import Problem, StoreUnavailable, clip, job_not_found
from headway.store import LOG_LINES_KEPT, JobStore, Place
from status.finished import Finished
from status.hub import Hub
from status.listing import read_listing
from status.metrics import StreamMetrics
from status.settings import StatusSettings
from status.stream import Cursor, Stream, read_cursors

MAX_WAIT_SECONDS = 30
MAX_STREAM_JOBS = 100
_LINE = re.compile(r"\d{1,15}-\d{1,9}", re.ASCII)
_WAIT = re.compile(r'(?:^|[,;\s])wait="?(\d{1,9})"?(?:$|[,;\s])')


def status_routes(settings: StatusSettings, store: JobStore, hub: Hub, metrics: StreamMetrics) -> APIBlueprint:
    """All routes of the status service."""
    routes = APIBlueprint("status", __name__, tag="Status")
    root, finished = settings.path_prefix, Finished()
    stream = partial(_stream, settings, hub, metrics)

    @routes.get("/status")
    @routes.doc(summary="List jobs", responses={200: "Newest first, with totals by state."})
    def list_jobs() -> Response:
        """Filters by state, task and tag, and a search; `next_page_token` leads to the next page while there is one.

        Arguments and results of more than 1 KiB are null here: read the job itself.
        """
        filters = single_parameters("state", "task", "tag", "q", "page_size", "page_token")
        return json_response(read_listing(store, filters, root))

    @routes.get("/stats")
    @routes.doc(summary="Read the figures of all jobs", responses={200: "Jobs by state, queue and task, and counters."})
    def read_stats() -> Response:
        """At most a second old. Counters are since ever: take the difference of two answers for a rate."""
        single_parameters()
        return json_response(hub.stats.read())

    @routes.get("/status/events")
    @routes.doc(summary="Follow many jobs", responses={200: "A stream of events."})
    def follow_jobs() -> Response:
        """One stream for up to 100 jobs: `?id=…&id=…`. It ends when all of them have ended.

        With `stats=1` the figures of all jobs come too, when they change; then no id is needed, and no end comes.
        """
        with_stats = _wants_stats()
        return stream(_job_ids(at_least=0 if with_stats else 1), partial(_find, store), with_stats=with_stats)

    @routes.get("/status/<job_id>")
    @routes.doc(summary="Read a job", responses={200: "The job document, in every state.", 304: "Not changed."})
    def read_status(job_id: str) -> Response:
        """With `Prefer: wait=N` (at most 30 s) the answer comes as soon as the job changes."""
        single_parameters()
        wait_seconds = _wait_seconds()
        done = finished.find(job_id)
        if done is not None:
            return _status_response(done, Place(), 0, root)
        job, place = _look(store, job_id)
        if wait_seconds and not job.state.is_final and _is_current(job, place):
            _check_room(settings, hub, metrics)
            known = job.version
            _wait_for_change(hub, job, wait_seconds)
            job, place = _look(store, job_id)
            if job.version > known:
                metrics.told("poll", job.id, job.updated_at)
        finished.keep(job)
        return _status_response(job, place, wait_seconds, root)

    @routes.get("/status/<job_id>/events")
    @routes.doc(summary="Follow a job", responses={200: "A stream of events.", 204: "Everything was sent before."})
    def follow_job(job_id: str) -> Response:
        """Server-sent events: snapshot, update, log, end. Reconnect with `Last-Event-ID` to go on."""
        single_parameters()
        job = _fetch(store, job_id)
        return stream([job_id], lambda _: job)

    @routes.get("/status/<job_id>/timeline")
    @routes.doc(summary="Read a job's story", responses={200: "Its moves, oldest first."})
    def read_timeline(job_id: str) -> Response:
        """When the job changed its state, why, and with which worker. 100 moves are kept: the first and the newest."""
        single_parameters()
        _check_id(job_id)
        return json_response({"moves": [move_document(move) for move in store.story(job_id)]})

    @routes.get("/status/<job_id>/log")
    @routes.doc(summary="Read a job's log lines", responses={200: "Up to 1,000 lines, oldest first."})
    def read_log(job_id: str) -> Response:
        """The newest lines, or the first behind the line `after`; `lines_total` counts all that were ever written."""
        after = _line_id(single_parameters("after").get("after", ""))
        _check_id(job_id)
        # Redis keeps a few more. Who goes on from a line must not miss one; who begins wants the newest.
        lines = store.log(job_id, after or "0-0")
        lines = lines[:LOG_LINES_KEPT] if after else lines[-LOG_LINES_KEPT:]
        # The record afterwards: so its total counts every line that is told.
        total = store.fetch(job_id).lines
        return json_response({"lines": [log_document(job_id, line) for line in lines], "lines_total": total})

    @routes.get("/status/<job_id>/result")
    @routes.doc(summary="Read a job's result", responses={200: "The result as the task returned it."})
    def read_result(job_id: str) -> Response:
        single_parameters()
        job = _fetch(store, job_id)
        if not job.state.is_final:
            detail = f"The job is {job.state}. Read /status/{job.id} until it has ended."
            raise Problem("not-finished", detail, headers={"Retry-After": "2"}, state=job.state.value)
        if job.result_json is None:
            detail = f"The job ended as {job.state}: {job.message or 'it returned nothing'}."
            raise Problem("no-result", detail, state=job.state.value)
        return Response(job.result_json, mimetype="application/json")

    return routes


def _check_id(job_id: str) -> None:
    """What cannot be an id is not worth a question to the store."""
    if not is_job_id(job_id):
        raise job_not_found(job_id)


def _look(store: JobStore, job_id: str) -> tuple[Job, Place]:
    _check_id(job_id)
    return store.look(job_id)


def _fetch(store: JobStore, job_id: str) -> Job:
    _check_id(job_id)
    return store.fetch(job_id)


def _find(store: JobStore, job_id: str) -> Job | None:
    """None for an id without a job that can be read: a stream of many tells of it as `missing`."""
    try:
        return _fetch(store, job_id)
    except StoreUnavailable:
        raise
    except Problem:
        return None


def _status_response(job: Job, place: Place, wait_seconds: int, root: str) -> Response:
    tag = _tag(job, place)
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        response = json_response(document_of(job, place, root=root))
    response.set_etag(tag)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Prefer"
    if wait_seconds:
        response.headers["Preference-Applied"] = f"wait={wait_seconds}"
    if not job.state.is_final:
        response.headers["Retry-After"] = "2"
    if job.state.is_retryable:
        # nginx keeps answers for a second, but after a retry nobody must be told of this end again.
        response.headers["X-Accel-Expires"] = "0"
    return response


def _tag(job: Job, place: Place) -> str:
    """The version; a waiting job's place is part of it, because it changes without a new version."""
    if place.waiting_for is None:
        return str(job.version)
    return f"{job.version}.{place.waiting_for.value}.{place.queue_position or 0}"


def _is_current(job: Job, place: Place) -> bool:
    """Whether the client has this very state; without an `If-None-Match` it means the present one."""
    return not request.if_none_match or request.if_none_match.contains_weak(_tag(job, place))


def _wait_seconds() -> int:
    """`Prefer: wait=N` (RFC 7240); a preference that is not understood is ignored, as the RFC asks."""
    match = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(match[1]), MAX_WAIT_SECONDS) if match else 0


def _wait_for_change(hub: Hub, job: Job, wait_seconds: int) -> None:
    deadline = time.monotonic() + wait_seconds
    with hub.watch([job.id]) as (watcher, topics):
        while not hub.is_stopping and (left := deadline - time.monotonic()) > 0:
            watcher.is_changed.clear()
            if topics[0].problem or (topics[0].job and topics[0].job.version > job.version):
                return
            watcher.is_changed.wait(min(left, 1.0))


def _stream(
    settings: StatusSettings,
    hub: Hub,
    metrics: StreamMetrics,
    job_ids: Sequence[str],
    find: Callable[[str], Job | None],
    *,
    with_stats: bool = False,
) -> Response:
    _check_stream_request()
    told = read_cursors(request.headers.get("Last-Event-ID", ""), len(job_ids))
    cursors = [_checked(cursor, job_id, find) for cursor, job_id in zip(told, job_ids, strict=True)]
    if not with_stats and all(cursor.is_over for cursor in cursors):
        return Response(status=204)  # tells an EventSource to stop connecting
    _check_room(settings, hub, metrics)
    is_resumed, is_continued = any(each != Cursor() for each in told), cursors == told
    quiet_seconds = settings.keep_alive_seconds
    stream = Stream(hub, job_ids, cursors, metrics=metrics, keep_alive_seconds=quiet_seconds, with_stats=with_stats)
    events = stream.events(is_resumed=is_resumed, is_continued=is_continued)
    headers = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
    return Response(events, mimetype="text/event-stream", headers=headers)


def _checked(cursor: Cursor, job_id: str, find: Callable[[str], Job | None]) -> Cursor:
    """The cursor, if the job can have got so far; else the id is of another stream, and all is told from the start."""
    if cursor == Cursor():
        return cursor  # from the start anyway: not worth a question to the store
    job = find(job_id)
    return cursor if job is None or _can_be_of(job, cursor) else Cursor()


def _can_be_of(job: Job, cursor: Cursor) -> bool:
    if cursor.is_over and not job.state.is_final:
        return False
    return cursor.version == job.version if cursor.is_over else cursor.version <= job.version


def _check_stream_request() -> None:
    if request.method == "HEAD":
        raise Problem("method-not-allowed", "A stream has no head. Use GET.", headers={"Allow": "GET"})
    if request.accept_mimetypes and not request.accept_mimetypes["text/event-stream"]:
        raise Problem("not-acceptable", "Events come as text/event-stream. Send Accept: text/event-stream or */*.")


def _check_room(settings: StatusSettings, hub: Hub, metrics: StreamMetrics) -> None:
    if hub.watcher_count >= settings.max_streams:
        metrics.refused.inc()
        detail = f"{settings.max_streams} streams are open on this replica. Poll /status/<id>, or try again shortly."
        raise Problem("too-many-streams", detail, headers={"Retry-After": "5"})


def _line_id(text: str) -> str:
    if text and not _LINE.fullmatch(text):
        wanted = "the line of an earlier answer or event, such as 12-1"
        raise Problem("invalid-parameter", f"after={clip(text, 80)!r} is not usable: it should be {wanted}.")
    return text


def _wants_stats() -> bool:
    values = request.args.getlist("stats")
    if values not in ([], ["1"]):
        detail = f"stats={clip(values[0], 80)!r} is not usable: it should be 1, and given once."
        raise Problem("invalid-parameter", detail)
    return bool(values)


def _job_ids(*, at_least: int) -> list[str]:
    unknown = [name for name in request.args if name not in ("id", "stats")]
    if unknown:
        detail = f"The parameter {clip(unknown[0], 100)!r} is not known here. Known are: id, stats."
        raise Problem("unknown-parameter", detail)
    job_ids = list(dict.fromkeys(request.args.getlist("id")))
    if not at_least <= len(job_ids) <= MAX_STREAM_JOBS:
        detail = f"{len(job_ids)} ids are given. Name {at_least} to {MAX_STREAM_JOBS} jobs: ?id=…&id=…"
        raise Problem("invalid-parameter", detail)
    return job_ids
