"""What the tests of the chassis share: a web application with a few routes, and its answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import structlog
from flask import Response, request
from flask.testing import FlaskClient
from gunicorn.http.errors import InvalidChunkSize
from prometheus_client import CollectorRegistry
from werkzeug.exceptions import RequestEntityTooLarge

from chassis.logs import configure_logs
from chassis.web import create_web_app, json_response, single_parameters
from headway.problem import Problem, StoreUnavailable


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def client(registry: CollectorRegistry) -> FlaskClient:
    app = create_web_app("sample", "Sample", registry)
    app.config["MAX_CONTENT_LENGTH"] = 10

    @app.get("/fine/<name>")
    def fine(name: str) -> Response:
        single_parameters("a", "b")
        return json_response({"name": name})

    @app.post("/fine")
    def take() -> Response:
        return json_response({"bytes": len(request.get_data())})

    @app.get("/bug")
    def bug() -> Response:
        raise RuntimeError("the password is s3cret")

    @app.get("/refused")
    def refuse() -> Response:
        raise Problem("no-tasks-announced", "Nobody is there. Come again.", headers={"Retry-After": "2"})

    @app.get("/away")
    def away() -> Response:
        raise StoreUnavailable("The job store does not answer.") from redis.ResponseError("MISCONF No space left")

    @app.get("/chunks")
    def chunks() -> Response:
        raise InvalidChunkSize(b"ZZ")

    @app.get("/slow")
    def slow() -> Response:
        raise TimeoutError("timed out")

    @app.get("/large")
    def large() -> Response:
        raise RequestEntityTooLarge

    return app.test_client()


@pytest.fixture
def begin_logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Callable[[], list[Any]]]]:
    """Send the logs to standard error as a service does; what comes back reads the lines that came since."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def begin(log_format: Any = "json", level: str = "info") -> Callable[[], list[Any]]:
        configure_logs("sample", log_format, level)
        structlog.contextvars.clear_contextvars()
        return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    yield begin
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
