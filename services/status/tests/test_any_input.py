"""Nothing that can be sent makes the service stumble: hypothesis and schemathesis look for what would."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson
import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from headway.job import State

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
FEWER = settings(FEW, max_examples=15)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]
ROUTES = [
    "/stats",
    "/status",
    "/status/events",
    "/status/{job_id}",
    "/status/{job_id}/events",
    "/status/{job_id}/log",
    "/status/{job_id}/result",
    "/status/{job_id}/timeline",
]
HEADERS = st.dictionaries(
    st.sampled_from(["HTTP_LAST_EVENT_ID", "HTTP_IF_NONE_MATCH", "HTTP_PREFER", "HTTP_ACCEPT"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20),
)


def _check_calm(response: Any) -> None:
    assert response.status_code < 500
    body = response.get_data()
    if body and response.mimetype != "text/event-stream":
        assert response.mimetype in ("application/json", "application/problem+json")
        orjson.loads(body)


@FEW
@given(path=st.text(max_size=30), query=st.text(max_size=30))
def test_any_address_gets_a_calm_answer(client: FlaskClient, path: str, query: str) -> None:
    for folder in ("/", "/status/"):
        _check_calm(client.get(folder + quote(path, safe=""), query_string=query))


@FEW
@given(headers=HEADERS)
def test_any_headers_get_a_calm_answer(client: FlaskClient, play: Any, headers: dict[str, str]) -> None:
    job_id = play.in_state(State.SUCCESS)

    for path in ("", "/events", "/log", "/result", "/timeline"):
        _check_calm(client.get(f"/status/{job_id}{path}", environ_overrides=headers))


@FEW
@given(
    values=st.fixed_dictionaries(
        {}, optional={name: st.text(max_size=12) for name in ("state", "q", "page_size", "page_token")}
    )
)
def test_any_filter_gets_a_calm_answer(client: FlaskClient, values: dict[str, str]) -> None:
    _check_calm(client.get("/status", query_string=values))


def test_the_document_names_every_route(client: FlaskClient, app: Any) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]

    rules = {rule.rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith("openapi.")}
    assert sorted(paths) == ROUTES
    assert {rule.replace("<", "{").replace(">", "}") for rule in rules} == set(ROUTES)


def test_the_document_is_valid(app: Any) -> None:
    schemathesis.openapi.from_wsgi("/openapi.json", app).validate()


@pytest.mark.parametrize("path", ROUTES)
def test_the_answers_are_as_the_document_says(app: Any, hub: Any, play: Any, path: str) -> None:
    for state in State:
        play.in_state(state)
    if path == "/status/events":
        hub.stop()  # a stream with figures has no other end
    operation = schemathesis.openapi.from_wsgi("/openapi.json", app)[path]["GET"]

    @FEWER
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    run()


@pytest.mark.parametrize("state", State)
def test_the_job_document_is_as_the_document_says(app: Any, client: FlaskClient, play: Any, state: State) -> None:
    operation = schemathesis.openapi.from_wsgi("/openapi.json", app)["/status/{job_id}"]["GET"]

    case = operation.Case(path_parameters={"job_id": play.in_state(state)})

    case.call_and_validate(checks=CHECKS)
