"""What every web service has: problem answers, request ids, safe headers, metrics.

Whatever goes wrong, the client gets `application/problem+json` (RFC 9457) that
says what to do; never HTML, never a traceback.
"""

from __future__ import annotations

import os
import re
import time
from functools import partial
from typing import Any

import orjson
import structlog
from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, g, request
from gunicorn.http.errors import ParseException
from prometheus_client import CollectorRegistry
from werkzeug.exceptions import HTTPException

from chassis.logs import get_logger
from chassis.metrics import HttpMetrics
from chassis.senders import refuse_other_sites
from chassis.tracing import NO_TRACES, Traces
from headway.document import encode
from headway.problem import Problem, clip

log = get_logger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SECRET_PARAMETERS = frozenset({"api_key", "apikey", "access_token", "token", "password"})
_SLUGS = {404: "not-found", 405: "method-not-allowed", 406: "not-acceptable", 413: "payload-too-large"}
_DETAILS = {
    404: "Nothing is served at {path}. The addresses are listed in {documents}.",
    405: "{method} is not possible at {path}; it takes {allowed}.",
    413: "The body is larger than the limit of {limit} bytes. Send less, or send a reference to the data.",
}


def create_web_app(
    name: str, title: str, registry: CollectorRegistry, *, documents: str = "", traces: Traces = NO_TRACES
) -> APIFlask:
    """An application with the manners above, but no routes of its own.

    It has an OpenAPI document, unless it names the documents of others.
    """
    app = APIFlask(
        name,
        title=title,
        version="1",
        spec_path=None if documents else "/openapi.json",
        docs_path=None,
        json_errors=False,
        static_folder=None,  # type: ignore[arg-type]
    )
    app.config["OPENAPI_VERSION"] = "3.1.0"
    app.config["OPENAPI_DOCUMENTS"] = documents or f"/openapi/{name}.json"
    if not documents:
        # Behind one origin with others: the address that a problem names must work there too.
        app.add_url_rule(f"/openapi/{name}.json", endpoint="openapi.spec")
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # it would redirect, with an answer in HTML
    metrics = HttpMetrics(registry)
    app.before_request(partial(_begin, metrics, traces))
    app.after_request(partial(_finish, metrics))
    app.teardown_request(partial(_end, metrics))
    app.extensions["http-metrics"] = metrics
    app.register_error_handler(Problem, problem_response)
    app.register_error_handler(HTTPException, _from_http_error)
    app.register_error_handler(ParseException, _from_unreadable_body)
    app.register_error_handler(TimeoutError, _from_slow_client)
    app.register_error_handler(Exception, _from_bug)
    return app


def register_routes(app: APIFlask, *routes: APIBlueprint) -> None:
    """Give the application its routes; each is counted from the start."""
    for each in routes:
        app.register_blueprint(each)
    app.extensions["http-metrics"].foresee(app)


def json_response(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode(document), status, headers, mimetype="application/json")


def problem_response(problem: Problem) -> Response:
    body = problem.body() | {"instance": f"urn:request:{g.get('request_id', 'none')}"}
    if problem.status >= 500:
        # Its text: the `repr` of redis-py's errors names only their class.
        cause = str(problem.__cause__ or "") or None
        log.warning("request refused", problem=problem.slug, detail=problem.detail, cause=cause)
    return Response(orjson.dumps(body), problem.status, problem.headers, mimetype="application/problem+json")


def single_parameters(*known: str) -> dict[str, str]:
    """The query's parameters; raises for one that is unknown or given twice."""
    for name in request.args:
        if name not in known:
            detail = f"The parameter {clip(name, 100)!r} is not known here. Known are: {', '.join(known) or 'none'}."
            raise Problem("unknown-parameter", detail)
        if len(request.args.getlist(name)) > 1:
            raise Problem("invalid-parameter", f"The parameter {name!r} is given more than once. Give it once.")
    return request.args.to_dict()


def _begin(metrics: HttpMetrics, traces: Traces) -> None:
    metrics.in_progress.inc()
    g.began = time.perf_counter()
    sent = request.environ.get("HTTP_X_REQUEST_ID")
    g.request_id = sent if sent and REQUEST_ID.fullmatch(sent) else os.urandom(16).hex()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    route = request.url_rule.rule if request.url_rule else "unknown"
    g.span = traces.begin(f"{request.method} {route}", "server", request.headers.get("traceparent", ""))
    if g.span.trace_id:
        structlog.contextvars.bind_contextvars(trace_id=g.span.trace_id)
    _check_target()
    refuse_other_sites(request)
    if request.query_string and SECRET_PARAMETERS & {name.lower() for name in request.args}:
        raise Problem("credential-in-url", "Credentials in a URL end up in logs. Send them in a header.")


def _check_target() -> None:
    """What HTTP/1.1 asks of a request's target and gunicorn lets through."""
    if request.method == "CONNECT":
        raise Problem("method-not-allowed", "This is no proxy: CONNECT is not taken.", headers={"Allow": "GET, POST"})
    if not request.environ.get("RAW_URI", "/").startswith(("/", "*")):
        raise Problem("bad-request", "This is no proxy: ask for a path such as /tasks, not for a whole URL.")
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and not request.environ.get("HTTP_HOST"):
        raise Problem("bad-request", "The Host header is missing. HTTP/1.1 asks for it.")


def _finish(metrics: HttpMetrics, response: Response) -> Response:
    headers = response.headers
    headers.add("X-Request-ID", g.get("request_id", ""))
    headers.set("X-Content-Type-Options", "nosniff")
    if "Cache-Control" not in headers:
        headers.add("Cache-Control", "no-store")
    if request.method == "OPTIONS" and response.status_code == 200:
        response.status_code = 204  # Flask's answer is Allow and an empty page of HTML
        headers.remove("Content-Type")
    if "span" in g:
        problem = response.status if response.status_code >= 500 else ""
        g.span.end(problem, **{"http.response.status_code": response.status_code, "headway.request_id": g.request_id})
    metrics.count(request, response, time.perf_counter() - g.get("began", 0.0))
    return response


def _end(metrics: HttpMetrics, error: BaseException | None) -> None:
    """Also of a request that nobody answers any more."""
    if "began" in g:
        metrics.in_progress.dec()


def _from_http_error(error: HTTPException) -> Response:
    """Werkzeug's errors, in our words and our format."""
    code = error.code or 500
    if code < 400 and error.response is not None:
        return error.get_response()  # type: ignore[return-value]
    words = {
        "path": clip(request.path, 200),
        "method": request.method,
        "allowed": ", ".join(sorted(getattr(error, "valid_methods", None) or [])),
        "limit": str(request.max_content_length),
        "documents": current_app.config["OPENAPI_DOCUMENTS"],
    }
    slug = _SLUGS.get(code, "bad-request" if code < 500 else "internal-error")
    detail = _DETAILS.get(code, error.description or "").format(**words)
    headers = {"Allow": words["allowed"]} if words["allowed"] else {}
    return problem_response(Problem(slug, detail, status=code, headers=headers))


def _from_unreadable_body(error: ParseException) -> Response:
    """Gunicorn reads a chunked body only when it is asked for, so its complaint comes here."""
    detail = f"The body cannot be read: {clip(str(error), 200)}. Send its chunks as RFC 9112 describes."
    return problem_response(Problem("bad-request", detail))


def _from_slow_client(error: TimeoutError) -> Response:
    """The connection's own limit (see `chassis.serve`): the store's time-outs are problems of their own."""
    return problem_response(
        Problem("bad-request", "The body did not come in time. Send it without a pause.", status=408)
    )


def _from_bug(error: Exception) -> Response:
    log.exception("request failed", path=request.path)
    detail = f"This is a mistake of the service, not of the request. Its log has more under the id {g.request_id}."
    return problem_response(Problem("internal-error", detail))
