"""What the submit service answers to requests that are right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from headway.catalogue import TaskEntry, Worker
from headway.job import Priority, State, is_job_id
from headway.memory import MemoryJobStore
from headway.problem import KINDS, StoreUnavailable
from headway.redis_store import RedisJobStore
from headway.store import Settlement
from submit.app import create_app
from submit.settings import SubmitSettings

Refused = Callable[..., dict[str, Any]]
Submitted = Callable[..., Any]


def test_the_seeds_route_answers_202_with_an_empty_object_and_the_place_of_the_status(
    client: FlaskClient, store: MemoryJobStore
) -> None:
    response = client.post("/longtask")

    assert response.status_code == 202
    assert response.get_data() == b"{}"
    folder, job_id = response.headers["Location"].rsplit("/", 1)
    assert (folder, is_job_id(job_id)) == ("/status", True)
    assert store.fetch(job_id).task == "long_task"


def test_the_seeds_route_needs_no_content_type_and_takes_any_body(client: FlaskClient) -> None:
    response = client.post("/longtask", data="a=b", content_type="application/x-www-form-urlencoded")

    assert response.status_code == 202


def test_a_submitted_job_is_answered_with_its_document(client: FlaskClient) -> None:
    response = client.post("/jobs", json={"task": "count_primes", "args": {"limit": 10}})

    document = response.get_json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"/status/{document['id']}"
    assert response.headers["Retry-After"] == "1"
    assert list(document)[:4] == ["state", "current", "total", "status"]
    assert [document[name] for name in ("state", "current", "total", "status")] == ["PENDING", 0, 1, "Pending..."]
    assert document["args"] == {"limit": 10}
    assert document["links"]["events"] == f"/status/{document['id']}/events"


def test_what_the_request_leaves_out_comes_from_the_task(submitted: Submitted) -> None:
    job = submitted(task="count_primes", args={"limit": 10})

    assert (job.queue, job.max_retries, job.timeout_seconds, job.retention_seconds) == ("numbers", 2, 30.0, 3600)
    assert (job.priority, job.tags, job.scheduled_for) == (Priority.NORMAL, (), None)


def test_what_the_request_says_goes_before_the_tasks_defaults(submitted: Submitted) -> None:
    job = submitted(
        task="count_primes",
        args={"limit": 10},
        queue="default",
        max_retries=0,
        timeout=1.5,
        priority="high",
        tags=["monthly", "<script>alert(1)</script>", "\u001b[31mred"],
    )

    assert (job.queue, job.max_retries, job.timeout_seconds) == ("default", 0, 1.5)
    assert job.priority is Priority.HIGH
    assert job.tags == ("monthly", "<script>alert(1)</script>", "\u001b[31mred")


def test_arguments_are_kept_to_the_letter(submitted: Submitted) -> None:
    args = {"text": "ä\u0000\u001b[0m😀", "big": 2**64 - 1, "small": -(2**63), "half": 0.5, "none": None, "": [{}]}

    job = submitted(task="anything", args=args)

    assert job.args == args


def test_a_countdown_puts_the_start_off(submitted: Submitted) -> None:
    job = submitted(task="anything", countdown=90)

    assert job.scheduled_for - job.created_at == timedelta(seconds=90)


def test_an_eta_names_the_moment_of_the_start(submitted: Submitted) -> None:
    moment = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)

    job = submitted(task="anything", eta=moment.isoformat())

    assert job.scheduled_for == moment


def test_an_eta_of_just_now_is_taken_because_clocks_differ(submitted: Submitted) -> None:
    moment = datetime.now(UTC) - timedelta(seconds=30)

    job = submitted(task="anything", eta=moment.isoformat())

    assert job.state is State.PENDING


def test_a_client_is_asked_to_come_back_when_a_put_off_job_is_due_but_within_half_a_minute(client: FlaskClient) -> None:
    soon = client.post("/jobs", json={"task": "anything", "countdown": 7.2})
    late = client.post("/jobs", json={"task": "anything", "countdown": 7000})

    assert (soon.headers["Retry-After"], late.headers["Retry-After"]) == ("8", "30")
    assert late.get_json()["waiting_for"] == "schedule"


def test_expires_in_counts_from_the_moment_the_job_is_due(submitted: Submitted) -> None:
    job = submitted(task="anything", countdown=60, expires_in=30)

    assert job.start_before_at - job.created_at == timedelta(seconds=90)


def test_a_job_that_no_live_worker_serves_says_so(client: FlaskClient) -> None:
    served = client.post("/jobs", json={"task": "anything"}).get_json()
    unserved = client.post("/jobs", json={"task": "anything", "queue": "nobody"}).get_json()

    assert (served["waiting_for"], unserved["waiting_for"]) == ("slot", "worker")


def test_json_is_answered_whatever_accept_says(client: FlaskClient, refused: Refused) -> None:
    accepted = client.post("/longtask", headers={"Accept": "text/html"})
    problem = client.post("/jobs", headers={"Accept": "text/html"})

    assert accepted.mimetype == "application/json"
    refused(problem, 415, "unsupported-media-type")


def test_the_same_key_and_request_never_make_a_second_job(client: FlaskClient, store: MemoryJobStore) -> None:
    first, again = (
        client.post("/jobs", json={"task": "anything", "args": {"a": 1, "b": 2}}, headers={"Idempotency-Key": "k-1"})
        for _ in range(2)
    )

    assert again.status_code == 202
    assert again.get_json()["id"] == first.get_json()["id"]
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert sum(store.totals().values()) == 1


def test_a_replay_shows_how_far_the_job_is(client: FlaskClient, store: MemoryJobStore) -> None:
    headers = {"Idempotency-Key": "k-1"}
    job_id = client.post("/jobs", json={"task": "anything"}, headers=headers).get_json()["id"]
    job = store.claim(job_id, "worker")
    assert job
    store.settle(job_id, job.fence, Settlement(State.SUCCESS, result_json="42"))

    document = client.post("/jobs", json={"task": "anything"}, headers=headers).get_json()

    assert (document["state"], document["result"], document["waiting_for"]) == ("SUCCESS", 42, None)


def test_a_key_means_the_same_with_and_without_quotes(client: FlaskClient) -> None:
    ids = {
        client.post("/jobs", json={"task": "anything"}, headers={"Idempotency-Key": key}).get_json()["id"]
        for key in ("8e03978e", '"8e03978e"')
    }

    assert len(ids) == 1


def test_the_order_of_a_requests_members_does_not_matter_to_its_key(client: FlaskClient) -> None:
    bodies = (b'{"task": "anything", "args": {"a": 1, "b": 2}}', b'{"args": {"b": 2, "a": 1}, "task": "anything"}')
    headers = {"Idempotency-Key": "k-1"}

    answers = [client.post("/jobs", data=body, content_type="application/json", headers=headers) for body in bodies]

    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_a_key_for_another_request_is_refused(client: FlaskClient, store: MemoryJobStore, refused: Refused) -> None:
    headers = {"Idempotency-Key": "k-1"}
    job_id = client.post("/jobs", json={"task": "anything", "args": {"a": 1}}, headers=headers).get_json()["id"]

    response = client.post("/jobs", json={"task": "anything", "args": {"a": 2}}, headers=headers)

    assert job_id in refused(response, 422, "idempotency-mismatch")["detail"]
    assert sum(store.totals().values()) == 1


def test_the_two_routes_have_keys_of_their_own(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "k-1"}

    first, again = (client.post("/longtask", headers=headers) for _ in range(2))
    other = client.post("/jobs", json={"task": "long_task"}, headers=headers)

    assert first.headers["Location"] == again.headers["Location"] != other.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"


def test_the_catalogue_lists_every_announced_task(client: FlaskClient) -> None:
    tasks = client.get("/tasks").get_json()["tasks"]

    assert [task["name"] for task in tasks] == ["anything", "count_primes", "long_task"]
    assert tasks[1]["schema"]["required"] == ["limit"]
    assert {name: tasks[1][name] for name in ("description", "queue", "max_retries", "timeout_seconds")} == {
        "description": "Count the primes.",
        "queue": "numbers",
        "max_retries": 2,
        "timeout_seconds": 30.0,
    }
    assert (tasks[1]["retention_seconds"], tasks[1]["live_workers"]) == (3600, 1)


def test_a_single_task_can_be_read(client: FlaskClient) -> None:
    task = client.get("/tasks/long_task").get_json()

    assert task["description"] == "Pretend to work."


def test_the_list_of_tasks_is_empty_before_the_first_worker(bare_client: FlaskClient) -> None:
    response = bare_client.get("/tasks")

    assert (response.status_code, response.get_json()) == (200, {"tasks": []})


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.post("/longtask"),
        lambda client: client.post("/jobs", json={"task": "anything"}),
        lambda client: client.get("/tasks/anything"),
    ],
    ids=["longtask", "jobs", "task"],
)
def test_before_the_first_worker_a_task_cannot_be_checked_so_the_client_waits(
    bare_client: FlaskClient, ask: Callable[[FlaskClient], Any], refused: Refused
) -> None:
    response = ask(bare_client)

    refused(response, 503, "no-tasks-announced")
    assert response.headers["Retry-After"] == "2"


def test_a_task_announced_after_the_start_is_found_at_once(
    client: FlaskClient, store: MemoryJobStore, refused: Refused
) -> None:
    refused(client.post("/jobs", json={"task": "new"}), 422, "unknown-task")
    entry = TaskEntry("new", "", {"type": "object"}, "default", 0, None, 60)
    store.announce(Worker("host:2", 1, ("default",), ("new",)), [entry])

    response = client.post("/jobs", json={"task": "new"})

    assert response.status_code == 202


def test_a_task_that_is_announced_anew_is_checked_by_its_new_schema(
    client: FlaskClient, store: MemoryJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/jobs", json={"task": "anything", "args": {"a": 1}})
    strict = TaskEntry("anything", "", {"type": "object", "additionalProperties": False}, "default", 0, None, 60)
    store.announce(Worker("host:2", 1, ("default",), ("anything",)), [strict])
    monkeypatch.setattr("submit.announced.FRESH_SECONDS", 0)

    response = client.post("/jobs", json={"task": "anything", "args": {"a": 1}})

    assert response.status_code == 422


@pytest.mark.parametrize("slug", KINDS)
def test_every_problem_type_is_an_address_that_explains_it(client: FlaskClient, slug: str) -> None:
    response = client.get(f"/problems/{slug}")

    assert response.status_code == 200
    assert response.get_json() == {
        "type": f"/problems/{slug}",
        "title": KINDS[slug].title,
        "status": KINDS[slug].status,
    }


def test_answers_are_not_cached_and_not_sniffed(client: FlaskClient) -> None:
    response = client.get("/tasks")

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_head_request_answers_like_get_without_a_body(client: FlaskClient) -> None:
    response = client.head("/tasks")

    assert (response.status_code, response.get_data()) == (200, b"")


def test_the_store_away_is_answered_with_503_and_when_to_come_back(redis_away: RedisJobStore, refused: Refused) -> None:
    client = create_app(SubmitSettings(), redis_away, CollectorRegistry()).test_client()

    response = client.post("/longtask")

    refused(response, 503, "backend-unavailable")
    assert response.headers["Retry-After"] == "2"


def test_the_known_tasks_outlive_the_store_but_nothing_is_accepted_without_it(
    redis_store: RedisJobStore, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("submit.announced.FRESH_SECONDS", 0)
    store = _Failing(redis_store)
    redis_store.announce(
        Worker("host:1", 1, ("default",), ("anything",)),
        [TaskEntry("anything", "", {"type": "object"}, "default", 0, None, 60)],
    )
    client = create_app(SubmitSettings(), store, CollectorRegistry()).test_client()
    assert len(client.get("/tasks").get_json()["tasks"]) == 1

    store.is_away = True

    assert len(client.get("/tasks").get_json()["tasks"]) == 1
    refused(client.post("/jobs", json={"task": "anything"}), 503, "backend-unavailable")


class _Failing:
    """A store that can be taken away."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.is_away = False

    def __getattr__(self, name: str) -> Any:
        if self.is_away:
            raise StoreUnavailable("The job store does not answer.")
        return getattr(self._store, name)


def test_a_chunked_body_up_to_the_limit_is_taken(service: Any) -> None:
    job = b'{"task": "anything"}'
    body = job + b" " * (20_000 - len(job))

    status, _, answer = service.exchange(
        b"POST /jobs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
    )

    assert status == 202, answer
