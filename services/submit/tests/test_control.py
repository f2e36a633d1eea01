"""What the submit service answers to whoever cancels a job or wants another attempt of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from headway.job import Job, State
from headway.memory import MemoryJobStore
from headway.redis_store import RedisJobStore
from headway.store import Report, Settlement
from submit.app import create_app
from submit.settings import SubmitSettings

Refused = Callable[..., dict[str, Any]]
InState = Callable[..., Job]

OWNER = "host:1:1/2"
NOBODY = "fb6817a3-2b14-458b-ae92-7a6681cde8f4"
ACTIONS = ("cancel", "retry")


class Clock:
    """The store's clock, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryJobStore:
    return MemoryJobStore(clock=clock)


@pytest.fixture
def in_state(store: MemoryJobStore, client: FlaskClient) -> InState:
    """A job that was submitted over HTTP and got to that state the usual way."""

    def make(state: State, **body: Any) -> Job:
        job_id = client.post("/jobs", json={"task": "anything"} | body).get_json()["id"]
        if state is not State.PENDING:
            store.claim(job_id, OWNER)
        if state is State.PROGRESS:
            store.report(job_id, 1, Report(3, 12, "Booting", checkpoint_json="3"))
        elif state not in (State.PENDING, State.STARTED):
            result = "42" if state is State.SUCCESS else None
            store.settle(job_id, 1, Settlement(state, result_json=result, delay_seconds=60))
        return store.fetch(job_id)

    return make


# Cancel


@pytest.mark.parametrize("state", [State.PENDING, State.RETRY])
def test_a_job_that_waits_ends_with_200(
    client: FlaskClient, store: MemoryJobStore, in_state: InState, state: State
) -> None:
    job = in_state(state)

    response = client.post(f"/jobs/{job.id}/cancel")

    document = response.get_json()
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert response.headers["Location"] == f"/status/{job.id}"
    assert "Retry-After" not in response.headers
    assert (document["state"], document["version"]) == ("REVOKED", store.fetch(job.id).version)
    assert (document["error"]["type"], document["error"]["ended_by"]) == ("/problems/cancelled", "client")
    assert document["status"] == document["error"]["detail"]
    assert (document["waiting_for"], document["queue_position"]) == (None, None)


def test_a_scheduled_job_ends_with_200(client: FlaskClient, in_state: InState) -> None:
    job = in_state(State.PENDING, countdown=60)

    response = client.post(f"/jobs/{job.id}/cancel")

    assert (response.status_code, response.get_json()["state"]) == (200, "REVOKED")


@pytest.mark.parametrize("state", [State.STARTED, State.PROGRESS])
def test_a_job_that_runs_is_asked_to_stop_with_202(
    client: FlaskClient, store: MemoryJobStore, in_state: InState, state: State
) -> None:
    job = in_state(state)

    response = client.post(f"/jobs/{job.id}/cancel", json={"reason": "wrong month"})

    document = response.get_json()
    assert response.status_code == 202
    assert (response.headers["Location"], response.headers["Retry-After"]) == (f"/status/{job.id}", "1")
    assert (document["state"], document["error"]) == (state, None)
    assert document["cancel_requested_at"]
    assert store.fetch(job.id).cancel_reason == "wrong month"


def test_a_cancel_that_is_repeated_is_answered_in_the_same_way(client: FlaskClient, in_state: InState) -> None:
    job = in_state(State.STARTED)

    answers = [client.post(f"/jobs/{job.id}/cancel", json={"reason": reason}) for reason in ("first", "second")]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].get_json() == answers[1].get_json()


def test_the_reason_stands_in_the_outcome(client: FlaskClient, in_state: InState) -> None:
    reason = 'say "no" to a/b\\c\n😀 \u2028'

    document = client.post(f"/jobs/{in_state(State.PENDING).id}/cancel", json={"reason": reason}).get_json()

    assert document["error"]["reason"] == reason
    assert document["status"] == f"A client cancelled the job before it started. The reason given: {reason}"


@pytest.mark.parametrize("body", [{}, {"reason": ""}], ids=str)
def test_no_reason_need_be_given(client: FlaskClient, in_state: InState, body: dict[str, str]) -> None:
    response = client.post(f"/jobs/{in_state(State.PENDING).id}/cancel", json=body)

    assert response.status_code == 200
    assert "reason" not in response.get_json()["error"]


def test_no_body_need_be_sent_whatever_its_type_would_be(client: FlaskClient, in_state: InState) -> None:
    jobs = [in_state(State.PENDING) for _ in range(2)]

    answers = [
        client.post(f"/jobs/{job.id}/cancel", content_type=content_type)
        for job, content_type in zip(jobs, ("application/json", "text/plain"), strict=True)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("state", [State.SUCCESS, State.FAILURE, State.REVOKED])
def test_a_job_that_has_ended_is_not_cancelled(
    client: FlaskClient, store: MemoryJobStore, in_state: InState, refused: Refused, state: State
) -> None:
    job = in_state(state)

    problem = refused(client.post(f"/jobs/{job.id}/cancel"), 409, "already-finished")

    assert state in problem["detail"]
    assert f"/status/{job.id}" in problem["detail"]
    assert store.fetch(job.id) == job


# The body of a cancel


@pytest.mark.parametrize("length", [500, 501])
def test_a_reason_has_a_limit(client: FlaskClient, in_state: InState, refused: Refused, length: int) -> None:
    job = in_state(State.PENDING)

    response = client.post(f"/jobs/{job.id}/cancel", json={"reason": "😀" * length})

    if length == 500:
        assert response.get_json()["error"]["reason"] == "😀" * length
    else:
        (error,) = refused(response, 422, "limit-exceeded")["errors"]
        assert (error["pointer"], "500" in error["detail"]) == ("/reason", True)


@pytest.mark.parametrize(
    ("body", "slug", "pointer"),
    [
        (b'{"reason": null}', "validation-failed", "/reason"),
        (b'{"reason": 5}', "validation-failed", "/reason"),
        (b'{"reason": ["a"]}', "validation-failed", "/reason"),
        (b'{"why": "a"}', "validation-failed", "/why"),
        (b'{"reason": "a", "force": true}', "validation-failed", "/force"),
        (b'{"state": "REVOKED"}', "read-only-field", "/state"),
        (b"[]", "validation-failed", ""),
        (b'"because"', "validation-failed", ""),
        (b"null", "validation-failed", ""),
    ],
)
def test_a_body_that_does_not_fit_is_refused_and_the_job_goes_on(
    client: FlaskClient,
    store: MemoryJobStore,
    in_state: InState,
    refused: Refused,
    body: bytes,
    slug: str,
    pointer: str,
) -> None:
    job = in_state(State.PENDING)

    response = client.post(f"/jobs/{job.id}/cancel", data=body, content_type="application/json")

    (error,) = refused(response, 422, slug)["errors"]
    assert error["pointer"] == pointer
    assert store.fetch(job.id) == job


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b"  \n", "empty-body"),
        (b"{", "invalid-json"),
        (b"reason=a", "invalid-json"),
        (b'{"reason": "\xff"}', "invalid-encoding"),
        (b'\xef\xbb\xbf{"reason": "a"}', "invalid-encoding"),
        (b'{"reason": "\\ud800"}', "invalid-string"),
        (b'{"reason": "a", "reason": "b"}', "duplicate-key"),
        (b'{"reason": NaN}', "invalid-number"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_the_job_goes_on(
    client: FlaskClient, store: MemoryJobStore, in_state: InState, refused: Refused, body: bytes, slug: str
) -> None:
    job = in_state(State.PENDING)

    response = client.post(f"/jobs/{job.id}/cancel", data=body, content_type="application/json")

    refused(response, 400, slug)
    assert store.fetch(job.id) == job


@pytest.mark.parametrize("body", [b" ", b"[]"])
def test_whoever_sends_another_body_is_shown_one_that_fits(client: FlaskClient, in_state: InState, body: bytes) -> None:
    job = in_state(State.PENDING)

    problem = client.post(f"/jobs/{job.id}/cancel", data=body, content_type="application/json").get_json()

    assert '{"reason": "no longer needed"}' in problem["detail"]
    assert "task" not in problem["detail"]


def test_unknown_fields_are_told_the_known_one(client: FlaskClient, in_state: InState) -> None:
    response = client.post(f"/jobs/{in_state(State.PENDING).id}/cancel", json={"why": "a"})

    assert "Known are: reason." in response.get_json()["detail"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_of_another_type_is_refused(
    client: FlaskClient, in_state: InState, refused: Refused, content_type: str | None
) -> None:
    job = in_state(State.PENDING)

    response = client.post(f"/jobs/{job.id}/cancel", data=b'{"reason": "a"}', content_type=content_type)

    refused(response, 415, "unsupported-media-type")


def test_a_body_above_the_limit_is_refused(client: FlaskClient, in_state: InState, refused: Refused) -> None:
    response = client.post(f"/jobs/{in_state(State.PENDING).id}/cancel", json={"reason": "a" * 30_000})

    refused(response, 413, "payload-too-large")


# Retry


@pytest.mark.parametrize("state", [State.FAILURE, State.REVOKED])
def test_a_job_without_a_result_gets_another_chance_with_202(
    client: FlaskClient, store: MemoryJobStore, in_state: InState, state: State
) -> None:
    job = in_state(state)

    response = client.post(f"/jobs/{job.id}/retry")

    document = response.get_json()
    assert (response.status_code, response.mimetype) == (202, "application/json")
    assert (response.headers["Location"], response.headers["Retry-After"]) == (f"/status/{job.id}", "1")
    assert (document["id"], document["state"], document["attempt"]) == (job.id, "RETRY", 1)
    assert (document["error"], document["finished_at"], document["expires_at"]) == (None, None, None)
    assert document["status"] == "A client asked for another attempt."
    assert document["version"] == store.fetch(job.id).version


def test_a_retried_job_says_whether_somebody_serves_it(
    client: FlaskClient, store: MemoryJobStore, in_state: InState
) -> None:
    served, unserved = in_state(State.FAILURE), in_state(State.FAILURE, queue="nobody")

    shown = [client.post(f"/jobs/{job.id}/retry").get_json()["waiting_for"] for job in (served, unserved)]

    assert shown == ["slot", "worker"]


def test_a_retried_job_shows_its_bar_where_its_checkpoint_is(
    client: FlaskClient, store: MemoryJobStore, in_state: InState
) -> None:
    job = in_state(State.PROGRESS)
    store.settle(job.id, 1, Settlement(State.FAILURE))

    document = client.post(f"/jobs/{job.id}/retry").get_json()

    assert (document["current"], document["total"], document["percent"]) == (3, 12, 25)


@pytest.mark.parametrize("state", [State.PENDING, State.STARTED, State.PROGRESS, State.RETRY, State.SUCCESS])
def test_any_other_job_is_not_retried(
    client: FlaskClient, store: MemoryJobStore, in_state: InState, refused: Refused, state: State
) -> None:
    job = in_state(state)

    problem = refused(client.post(f"/jobs/{job.id}/retry"), 409, "not-retryable")

    assert f"is in {state}; only FAILURE and REVOKED" in problem["detail"]
    assert store.fetch(job.id) == job


def test_a_retry_sent_twice_starts_one_attempt(client: FlaskClient, in_state: InState, refused: Refused) -> None:
    job = in_state(State.FAILURE)
    client.post(f"/jobs/{job.id}/retry")

    again = client.post(f"/jobs/{job.id}/retry")

    refused(again, 409, "not-retryable")


def test_a_retry_takes_no_notice_of_a_body(client: FlaskClient, in_state: InState) -> None:
    response = client.post(f"/jobs/{in_state(State.FAILURE).id}/retry", data=b"\xff{", content_type="text/plain")

    assert response.status_code == 202


# Both


def test_the_links_lead_from_one_to_the_other(client: FlaskClient, in_state: InState) -> None:
    job = in_state(State.PENDING)
    links = [client.post("/jobs", json={"task": "anything"}).get_json()["links"]]

    for action in ("cancel", "retry", "cancel"):
        links.append(client.post(f"/jobs/{job.id}/{action}").get_json()["links"])

    offered = [[name for name in ACTIONS if name in each] for each in links]
    assert offered == [["cancel"], ["retry"], ["cancel"], ["retry"]]
    assert (links[1]["retry"], links[2]["cancel"]) == (f"/jobs/{job.id}/retry", f"/jobs/{job.id}/cancel")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("job_id", [NOBODY, "x", NOBODY.upper(), NOBODY.replace("-", ""), "a" * 500, "%00", "..%2e"])
def test_a_job_that_is_not_there_is_not_found(client: FlaskClient, refused: Refused, action: str, job_id: str) -> None:
    refused(client.post(f"/jobs/{job_id}/{action}"), 404, "job-not-found")


@pytest.mark.parametrize("action", ACTIONS)
def test_a_job_whose_record_was_dropped_is_gone(
    client: FlaskClient, in_state: InState, clock: Clock, refused: Refused, action: str
) -> None:
    job = in_state(State.FAILURE)
    clock.ahead = timedelta(minutes=2)

    refused(client.post(f"/jobs/{job.id}/{action}"), 410, "job-expired")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
def test_another_method_is_refused_and_told_the_right_one(
    client: FlaskClient, store: MemoryJobStore, in_state: InState, action: str, method: str
) -> None:
    job = in_state(State.FAILURE if action == "retry" else State.PENDING)

    response = client.open(f"/jobs/{job.id}/{action}", method=method)

    assert (response.status_code, response.mimetype) == (405, "application/problem+json")
    assert "POST" in response.headers["Allow"]
    assert store.fetch(job.id) == job


@pytest.mark.parametrize("action", ACTIONS)
def test_parameters_are_refused(client: FlaskClient, store: MemoryJobStore, in_state: InState, action: str) -> None:
    job = in_state(State.FAILURE if action == "retry" else State.PENDING)

    answers = [client.post(f"/jobs/{job.id}/{action}?{query}").get_json() for query in ("force=1", "token=s3cret")]

    assert [answer["type"] for answer in answers] == ["/problems/unknown-parameter", "/problems/credential-in-url"]
    assert store.fetch(job.id) == job


@pytest.mark.parametrize("action", ACTIONS)
def test_while_the_store_is_away_the_client_is_told_when_to_come_again(
    redis_away: RedisJobStore, refused: Refused, action: str
) -> None:
    client = create_app(SubmitSettings(), redis_away, CollectorRegistry()).test_client()

    response = client.post(f"/jobs/{uuid4()}/{action}")

    refused(response, 503, "backend-unavailable")
    assert response.headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("action", "statuses"),
    [
        ("cancel", {"200", "202", "400", "403", "404", "409", "410", "413", "415", "422", "503"}),
        ("retry", {"202", "400", "403", "404", "409", "410", "503"}),
    ],
)
def test_the_document_tells_of_every_answer(client: FlaskClient, action: str, statuses: set[str]) -> None:
    operation = client.get("/openapi.json").get_json()["paths"][f"/jobs/{{job_id}}/{action}"]["post"]

    assert set(operation["responses"]) == statuses
    assert operation["summary"]
    assert operation["tags"] == ["Control"]


def test_the_document_tells_of_the_reason(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]

    body = paths["/jobs/{job_id}/cancel"]["post"]["requestBody"]
    assert body["required"] is False
    schema = body["content"]["application/json"]["schema"]
    assert schema["properties"]["reason"]["maxLength"] == 500
    assert "required" not in schema
    assert "requestBody" not in paths["/jobs/{job_id}/retry"]["post"]


# The service as it runs


def _post(service: Any, path: str, *rest: bytes) -> tuple[int, Any]:
    status, _, body = service.exchange(f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".encode(), *rest)
    return status, orjson.loads(body)


def _submit(service: Any) -> str:
    body = b'{"task": "anything"}'
    head = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    job_id: str = _post(service, "/jobs", head, body)[1]["id"]
    return job_id


def test_a_job_is_cancelled_and_retried_over_http(service: Any) -> None:
    job_id = _submit(service)

    cancelled = _post(service, f"/jobs/{job_id}/cancel", b"\r\n")
    retried = _post(service, f"/jobs/{job_id}/retry", b"Content-Length: 0\r\n\r\n")

    assert [(status, document["state"]) for status, document in (cancelled, retried)] == [
        (200, "REVOKED"),
        (202, "RETRY"),
    ]
    assert service.store.fetch(job_id).state is State.RETRY


def test_a_chunked_reason_is_read(service: Any) -> None:
    body = orjson.dumps({"reason": 'say "no"/ü'})
    head = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

    status, document = _post(
        service, f"/jobs/{_submit(service)}/cancel", head, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    )

    assert (status, document["error"]["reason"]) == (200, 'say "no"/ü')
