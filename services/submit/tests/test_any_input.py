"""Nothing that can be sent makes the service stumble: hypothesis and schemathesis look for what would."""

from __future__ import annotations

import json
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

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
FEWER = settings(FEW, max_examples=15)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]
ROUTES = {
    "/longtask": "post",
    "/jobs": "post",
    "/jobs/cancel": "post",
    "/jobs/retry": "post",
    "/jobs/{job_id}/cancel": "post",
    "/jobs/{job_id}/retry": "post",
    "/tasks": "get",
    "/tasks/{name}": "get",
    "/problems/{slug}": "get",
}

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
FIELDS = ["task", "args", "countdown", "eta", "expires_in", "timeout", "priority", "queue", "max_retries", "tags", "id"]

REASONS = st.fixed_dictionaries({"reason": st.text(max_size=600) | VALUES})


def _as_json(value: Any) -> bytes:
    """As JSON, even when it holds what JSON has no words for."""
    return json.dumps(value).encode()


def _check_calm(response: Any) -> None:
    assert response.status_code < 500
    assert response.mimetype in ("application/json", "application/problem+json")
    orjson.loads(response.get_data())


@FEW
@given(body=st.binary(max_size=200))
def test_any_bytes_get_a_calm_answer(client: FlaskClient, body: bytes) -> None:
    _check_calm(client.post("/jobs", data=body, content_type="application/json"))


@FEW
@given(body=st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), VALUES, max_size=5))
def test_any_json_gets_a_calm_answer(client: FlaskClient, body: dict[str, Any]) -> None:
    for task in ({}, {"task": "anything"}, {"task": "count_primes"}):
        _check_calm(client.post("/jobs", json=body | task))


@FEW
@given(body=st.binary(max_size=200) | VALUES.map(_as_json) | REASONS.map(_as_json))
def test_any_body_of_a_cancel_gets_a_calm_answer(client: FlaskClient, body: bytes) -> None:
    job_id = client.post("/jobs", json={"task": "anything"}).get_json()["id"]

    _check_calm(client.post(f"/jobs/{job_id}/cancel", data=body, content_type="application/json"))


@FEW
@given(ids=VALUES | st.lists(st.text(max_size=40) | VALUES, max_size=110), reason=VALUES)
def test_any_list_of_jobs_gets_a_calm_answer(client: FlaskClient, ids: Any, reason: Any) -> None:
    for action, body in (("cancel", {"ids": ids, "reason": reason}), ("cancel", {"ids": ids}), ("retry", {"ids": ids})):
        answer = client.post(f"/jobs/{action}", data=_as_json(body), content_type="application/json")
        _check_calm(answer)


@FEW
@given(path=st.text(max_size=30), query=st.text(max_size=30))
def test_any_address_gets_a_calm_answer(client: FlaskClient, path: str, query: str) -> None:
    for folder in ("/", "/tasks/", "/problems/"):
        _check_calm(client.get(folder + quote(path, safe=""), query_string=query))
    for action in ("cancel", "retry"):
        _check_calm(client.post(f"/jobs/{quote(path, safe='')}/{action}", query_string=query))


@pytest.fixture
def document(client: FlaskClient) -> Any:
    return client.get("/openapi.json").get_json()


def test_the_document_names_every_route(app: Any, document: Any) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith("openapi.")}

    assert {path: next(iter(methods)) for path, methods in document["paths"].items()} == ROUTES
    assert {rule.replace("<", "{").replace(">", "}") for rule in rules} == set(ROUTES)


def test_the_document_is_valid(client: FlaskClient, app: Any) -> None:
    schemathesis.openapi.from_wsgi("/openapi.json", app).validate()


@pytest.mark.parametrize("path", ROUTES)
def test_the_answers_are_as_the_document_says(client: FlaskClient, app: Any, path: str) -> None:
    operation = schemathesis.openapi.from_wsgi("/openapi.json", app)[path][ROUTES[path].upper()]

    @FEWER
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    run()
