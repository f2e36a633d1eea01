"""What gunicorn itself refuses, before there is a request for Flask: answered as problems too, never as HTML."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import Any

import orjson
from gunicorn import util
from gunicorn.http import errors

from chassis.logs import get_logger
from headway.problem import Problem, clip

log = get_logger(__name__)

_REFUSALS = {
    errors.LimitRequestLine: ("uri-too-long", 414, "The request line is too long. Shorten the URL."),
    errors.LimitRequestHeaders: (
        "headers-too-large",
        431,
        "There are too many header fields, or one is too long. Send fewer and shorter ones.",
    ),
    errors.ExpectationFailed: ("bad-request", 417, "Only Expect: 100-continue is understood. Leave the header out."),
    errors.UnsupportedTransferCoding: (
        "bad-request",
        501,
        "Only the transfer coding chunked is understood. Send the body so, or with its length.",
    ),
}
_OURS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


def answering_problems(worker_class: type[Any]) -> type[Any]:
    """The same gunicorn worker, but what it refuses is answered as `application/problem+json`."""

    class Worker(worker_class):  # type: ignore[misc]
        def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
            problem, request_id = refusal_of(exc), os.urandom(16).hex()
            if problem.slug == "internal-error":
                self.log.exception("Error handling request")
            else:
                cause = clip(str(exc), 200)
                log.info("request refused", request_id=request_id, status=problem.status, cause=cause)
            try:
                util.write_nonblock(client, _message(problem, request_id))
            except Exception:  # whoever cannot be told has gone
                log.debug("refusal not sent")

    return Worker


def refusal_of(error: BaseException) -> Problem:
    """The problem that an exception of gunicorn's parser stands for."""
    if not isinstance(error, errors.ParseException) or isinstance(error, _OURS):
        return Problem("internal-error", "This is a mistake of the service, not of the request. Its log has more.")
    unreadable = f"The request cannot be read: {clip(str(error), 200)}. Send it as RFC 9112 describes."
    slug, status, detail = _REFUSALS.get(type(error), ("bad-request", 400, unreadable))
    return Problem(slug, detail, status=status)


def _message(problem: Problem, request_id: str) -> bytes:
    """The whole answer. Whatever id the client sent could not be read, so this is always a new one."""
    body = orjson.dumps(problem.body() | {"instance": f"urn:request:{request_id}"})
    head = (
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
        "Connection: close\r\n"
        f"X-Request-ID: {request_id}\r\n"
        "Content-Type: application/problem+json\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Cache-Control: no-store\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
