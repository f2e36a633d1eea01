"""The manners of every web service: problems, request ids, safe headers, metrics."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIBlueprint
from flask.testing import FlaskClient
from gunicorn.http import errors
from prometheus_client import CollectorRegistry

from chassis.refusals import refusal_of
from chassis.web import create_web_app, register_routes


def test_an_answer_carries_the_request_id_that_was_sent(client: FlaskClient) -> None:
    response = client.get("/fine/a", headers={"X-Request-ID": "abc.DEF_1-2"})

    assert response.headers["X-Request-ID"] == "abc.DEF_1-2"


@pytest.mark.parametrize("sent", ["", " ", "a b", "a" * 65, "<b>", "ä", "a,b"])
def test_an_id_that_could_hurt_is_replaced(client: FlaskClient, sent: str) -> None:
    response = client.get("/fine/a", environ_overrides={"HTTP_X_REQUEST_ID": sent})

    assert UUID(response.headers["X-Request-ID"]).hex == response.headers["X-Request-ID"]


def test_a_problem_names_the_request_that_it_belongs_to(client: FlaskClient) -> None:
    response = client.get("/refused", headers={"X-Request-ID": "r-1"})

    assert (response.status_code, response.mimetype) == (503, "application/problem+json")
    assert response.headers["Retry-After"] == "2"
    assert response.get_json() == {
        "type": "/problems/no-tasks-announced",
        "title": "No worker has announced any task yet",
        "status": 503,
        "detail": "Nobody is there. Come again.",
        "instance": "urn:request:r-1",
    }


def test_a_bug_is_a_problem_that_gives_nothing_away_but_its_id(client: FlaskClient, begin_logs: Any) -> None:
    log_lines = begin_logs()
    response = client.get("/bug", headers={"X-Request-ID": "r-1"})

    problem = response.get_json()
    assert (response.status_code, problem["type"]) == (500, "/problems/internal-error")
    assert "r-1" in problem["detail"]
    assert "s3cret" not in response.get_data(as_text=True)
    failed = next(line for line in log_lines() if line["event"] == "request failed")
    assert failed["request_id"] == "r-1"
    assert "s3cret" in failed["exception"]


def test_the_log_of_a_refusal_says_what_lies_behind_it_and_the_answer_does_not(
    client: FlaskClient, begin_logs: Any
) -> None:
    log_lines = begin_logs()

    response = client.get("/away")

    assert "MISCONF" not in response.get_data(as_text=True)
    assert [line["cause"] for line in log_lines()] == ["MISCONF No space left"]


def test_the_log_of_one_request_does_not_name_the_one_before(client: FlaskClient, begin_logs: Any) -> None:
    log_lines = begin_logs()
    for request_id in ("r-1", "r-2"):
        client.get("/refused", headers={"X-Request-ID": request_id})

    assert [line["request_id"] for line in log_lines()] == ["r-1", "r-2"]


@pytest.mark.parametrize("path", ["/fine/a", "/nothing", "/bug", "/refused"])
def test_every_answer_is_safe_to_show_in_a_browser(client: FlaskClient, path: str) -> None:
    response = client.get(path)

    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.mimetype in ("application/json", "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/fine//a", 404, "not-found"),
        ("DELETE", "/fine/a", 405, "method-not-allowed"),
        ("CONNECT", "/fine/a", 405, "method-not-allowed"),
        ("GET", "/chunks", 400, "bad-request"),
        ("GET", "/large", 413, "payload-too-large"),
        ("GET", "/fine/a?c=1", 400, "unknown-parameter"),
        ("GET", "/fine/a?a=1&a=2", 400, "invalid-parameter"),
        ("GET", "/fine/a?Api_Key=1", 400, "credential-in-url"),
    ],
)
def test_whatever_goes_wrong_is_a_problem(client: FlaskClient, method: str, path: str, status: int, slug: str) -> None:
    response = client.open(path, method=method)

    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert response.get_json()["type"] == f"/problems/{slug}"


def test_braces_in_an_address_are_only_braces(client: FlaskClient) -> None:
    assert "/{limit}" in client.get("/{limit}").get_json()["detail"]


def test_a_body_above_the_limit_is_told_the_limit(client: FlaskClient) -> None:
    response = client.post("/fine", data=b"a" * 11)

    assert (response.status_code, "10 bytes" in response.get_json()["detail"]) == (413, True)


def test_options_are_told_without_a_body_or_its_type(client: FlaskClient) -> None:
    response = client.options("/fine")

    assert (response.status_code, response.get_data()) == (204, b"")
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert "Content-Type" not in response.headers


def test_an_unknown_address_is_told_where_the_known_ones_are(client: FlaskClient) -> None:
    detail = client.get("/nothing").get_json()["detail"]

    assert "listed in /openapi/sample.json" in detail
    assert client.get("/openapi/sample.json").get_json() == client.get("/openapi.json").get_json()


def test_the_documents_of_others_are_named_in_place_of_an_own_one() -> None:
    client = create_web_app("page", "Page", CollectorRegistry(), documents="/openapi/a.json").test_client()

    detail = client.get("/nothing").get_json()["detail"]

    assert "listed in /openapi/a.json" in detail
    assert client.get("/openapi.json").status_code == client.get("/openapi/page.json").status_code == 404


def test_a_body_that_does_not_come_is_the_clients_matter(client: FlaskClient) -> None:
    response = client.get("/slow")

    assert (response.status_code, response.get_json()["type"]) == (408, "/problems/bad-request")


def test_requests_are_counted_by_route_and_never_by_id(client: FlaskClient, registry: CollectorRegistry) -> None:
    for path in ("/fine/a", "/fine/b", "/nothing-1", "/nothing-2"):
        client.get(path)
    client.open("/fine/a", method="BREW")

    def counted(method: str, route: str, status: str) -> float | None:
        return registry.get_sample_value("http_requests_total", {"method": method, "route": route, "status": status})

    assert counted("GET", "/fine/<name>", "200") == 2
    assert counted("GET", "unknown", "404") == 2
    assert counted("other", "unknown", "405") == 1


def test_a_request_is_in_progress_until_it_is_answered(client: FlaskClient, registry: CollectorRegistry) -> None:
    for path in ("/fine/a", "/nothing", "/slow"):
        client.get(path)

    assert registry.get_sample_value("http_requests_in_progress") == 0


def test_a_route_can_be_seen_before_it_is_asked_for(registry: CollectorRegistry) -> None:
    app, routes = create_web_app("sample", "Sample", registry), APIBlueprint("more", __name__)
    routes.get("/more")(lambda: "")

    register_routes(app, routes)

    failures = {"method": "GET", "route": "/more", "status": "503"}
    assert registry.get_sample_value("http_requests_total", failures) == 0


def test_answers_are_timed(client: FlaskClient, registry: CollectorRegistry) -> None:
    client.get("/fine/a")

    labels = {"method": "GET", "route": "/fine/<name>"}
    assert registry.get_sample_value("http_request_duration_seconds_count", labels) == 1


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (errors.InvalidHeader("a"), 400, "bad-request"),
        (errors.InvalidRequestMethod("get"), 400, "bad-request"),
        (errors.InvalidRequestLine("a" * 10_000), 400, "bad-request"),
        (errors.LimitRequestLine(1, 1), 414, "uri-too-long"),
        (errors.LimitRequestHeaders("a"), 431, "headers-too-large"),
        (errors.ExpectationFailed("a"), 417, "bad-request"),
        (errors.UnsupportedTransferCoding("a"), 501, "bad-request"),
        (errors.InvalidResponseHeader("a"), 500, "internal-error"),
        (RuntimeError("s3cret"), 500, "internal-error"),
    ],
)
def test_what_gunicorn_refuses_becomes_a_problem(error: Exception, status: int, slug: str) -> None:
    problem = refusal_of(error)

    assert (problem.status, problem.slug) == (status, slug)
    assert "s3cret" not in problem.detail
    assert len(problem.detail) < 400
