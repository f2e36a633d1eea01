"""What the submit service answers to whoever cancels or retries many jobs with one request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from headway.job import Job, State
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from headway.store import Settlement
from submit.app import create_app
from submit.settings import SubmitSettings

Refused = Callable[..., dict[str, Any]]
InState = Callable[[State], Job]

OWNER = "host:1:1/2"
NOBODY = "fb6817a3-2b14-458b-ae92-7a6681cde8f4"
ACTIONS = ("cancel", "retry")


@pytest.fixture
def in_state(store: Any, submitted: Callable[..., Job]) -> InState:
    """A job that got to that state the usual way."""

    def make(state: State) -> Job:
        job = submitted(task="anything")
        if state is not State.PENDING:
            store.claim(job.id, OWNER)
        if state not in (State.PENDING, State.STARTED):
            store.settle(job.id, 1, Settlement(state))
        return store.fetch(job.id)  # type: ignore[no-any-return]

    return make


def results(response: Any) -> list[tuple[str, int, str | None, bool]]:
    """Of each job: id, status, state, and whether there are words."""
    assert response.status_code == 200, response.get_data()
    found = response.get_json()["results"]
    assert all(set(each) == {"id", "status", "state", "detail"} for each in found)
    return [(each["id"], each["status"], each["state"], bool(each["detail"])) for each in found]


def test_many_jobs_are_cancelled_each_in_its_own_way(
    client: FlaskClient, store: MemoryJobStore, in_state: InState
) -> None:
    waiting, running, ended = (in_state(state) for state in (State.PENDING, State.STARTED, State.SUCCESS))

    response = client.post(
        "/jobs/cancel", json={"ids": [ended.id, NOBODY, waiting.id, "x", running.id], "reason": "wrong month"}
    )

    assert results(response) == [
        (ended.id, 409, "SUCCESS", True),
        (NOBODY, 404, None, True),
        (waiting.id, 200, "REVOKED", False),
        ("x", 404, None, True),
        (running.id, 202, "STARTED", False),
    ]
    assert store.fetch(waiting.id).cancel_reason == store.fetch(running.id).cancel_reason == "wrong month"


def test_many_jobs_get_another_attempt(client: FlaskClient, store: MemoryJobStore, in_state: InState) -> None:
    failed, revoked, running = (in_state(state) for state in (State.FAILURE, State.REVOKED, State.STARTED))

    response = client.post("/jobs/retry", json={"ids": [running.id, failed.id, NOBODY, revoked.id]})

    assert results(response) == [
        (running.id, 409, "STARTED", True),
        (failed.id, 202, "RETRY", False),
        (NOBODY, 404, None, True),
        (revoked.id, 202, "RETRY", False),
    ]
    assert store.fetch(failed.id).state is State.RETRY


def test_a_job_that_is_named_twice_counts_once(client: FlaskClient, in_state: InState) -> None:
    job, other = in_state(State.PENDING), in_state(State.PENDING)

    response = client.post("/jobs/cancel", json={"ids": [job.id, other.id] * 60})

    assert [result[:2] for result in results(response)] == [(job.id, 200), (other.id, 200)]


def test_a_hundred_jobs_are_changed_by_one_request(client: FlaskClient, in_state: InState) -> None:
    ids = [in_state(State.PENDING).id for _ in range(100)]

    response = client.post("/jobs/cancel", json={"ids": ids})

    assert [result[:2] for result in results(response)] == [(job_id, 200) for job_id in ids]


def test_asking_again_is_harmless(client: FlaskClient, store: MemoryJobStore, in_state: InState) -> None:
    job = in_state(State.FAILURE)
    client.post("/jobs/retry", json={"ids": [job.id]})
    version = store.fetch(job.id).version

    again = client.post("/jobs/retry", json={"ids": [job.id]})

    assert results(again) == [(job.id, 409, "RETRY", True)]
    assert store.fetch(job.id).version == version


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("body", "slug", "pointer"),
    [
        ({}, "validation-failed", "/ids"),
        ({"ids": []}, "validation-failed", "/ids"),
        ({"ids": [str(uuid4()) for _ in range(101)]}, "limit-exceeded", "/ids"),
        ({"ids": NOBODY}, "validation-failed", "/ids"),
        ({"ids": None}, "validation-failed", "/ids"),
        ({"ids": [NOBODY, 7]}, "validation-failed", "/ids/1"),
        ({"ids": [NOBODY], "id": NOBODY}, "read-only-field", "/id"),
        ({"ids": [NOBODY], "force": True}, "validation-failed", "/force"),
        ([NOBODY], "validation-failed", ""),
    ],
)
def test_a_body_that_does_not_fit_changes_nothing(
    client: FlaskClient, refused: Refused, action: str, body: Any, slug: str, pointer: str
) -> None:
    problem = refused(client.post(f"/jobs/{action}", json=body), 422, slug)

    assert problem["errors"][0]["pointer"] == pointer


def test_a_retry_has_no_reason(client: FlaskClient, refused: Refused) -> None:
    refused(client.post("/jobs/retry", json={"ids": [NOBODY], "reason": "x"}), 422, "validation-failed")


@pytest.mark.parametrize("action", ACTIONS)
def test_a_body_is_needed_and_must_be_json(client: FlaskClient, refused: Refused, action: str) -> None:
    refused(client.post(f"/jobs/{action}", content_type="application/json"), 400, "empty-body")
    refused(client.post(f"/jobs/{action}", data="{", content_type="application/json"), 400, "invalid-json")
    refused(client.post(f"/jobs/{action}", data="ids=1"), 415, "unsupported-media-type")


@pytest.mark.parametrize("action", ACTIONS)
def test_a_page_of_another_site_changes_nothing(
    client: FlaskClient, store: MemoryJobStore, in_state: InState, refused: Refused, action: str
) -> None:
    job = in_state(State.FAILURE if action == "retry" else State.PENDING)

    answer = client.post(f"/jobs/{action}", json={"ids": [job.id]}, headers={"Origin": "https://elsewhere.example"})

    refused(answer, 403, "cross-site")
    assert store.fetch(job.id) == job


@pytest.mark.parametrize("action", ACTIONS)
def test_without_the_store_nothing_is_told_of_any_job(redis_away: RedisJobStore, refused: Refused, action: str) -> None:
    client = create_app(SubmitSettings(), redis_away, CollectorRegistry()).test_client()

    response = client.post(f"/jobs/{action}", json={"ids": [NOBODY] + [str(uuid4()) for _ in range(50)]})

    refused(response, 503, "backend-unavailable")
    assert response.headers["Retry-After"] == "2"


def test_a_store_that_goes_away_in_the_middle_may_be_asked_again_for_all(
    client: FlaskClient, store: MemoryJobStore, in_state: InState, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = in_state(State.PENDING), in_state(State.PENDING)
    cancel = store.cancel

    def fail_second(job_id: str, reason: str = "") -> Job:
        if job_id == second.id:
            raise StoreUnavailable("The job store does not answer.")
        return cancel(job_id, reason)

    with monkeypatch.context() as outage:
        outage.setattr(store, "cancel", fail_second)
        refused(client.post("/jobs/cancel", json={"ids": [first.id, second.id]}), 503, "backend-unavailable")

    again = client.post("/jobs/cancel", json={"ids": [first.id, second.id]})

    assert results(again) == [(first.id, 409, "REVOKED", True), (second.id, 200, "REVOKED", False)]
