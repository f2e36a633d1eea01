"""What is counted of the requests for a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry, openmetrics

from headway.catalogue import Worker
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from submit.app import create_app
from submit.metrics import UNKNOWN
from submit.settings import SubmitSettings

PRIMES = {"task": "count_primes", "args": {"limit": 10}}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def counted(
    registry: CollectorRegistry, store: MemoryJobStore, announce: Callable[[], None]
) -> tuple[FlaskClient, Callable[..., float | None]]:
    """A client of the service, and how often a request for a job ended so."""
    announce()
    client = create_app(SubmitSettings(), store, registry).test_client()

    def count(outcome: str, task: str = "count_primes", queue: str = "numbers") -> float | None:
        labels = {"task": task, "queue": queue, "outcome": outcome}
        return registry.get_sample_value("headway_submissions_total", labels)

    return client, count


def test_an_accepted_job_is_counted_by_task_and_queue(counted: Any) -> None:
    client, count = counted

    client.post("/jobs", json=PRIMES)
    client.post("/jobs", json=PRIMES | {"queue": "slow"})

    assert (count("accepted"), count("accepted", queue="slow"), count("invalid")) == (1, 1, 0)


def test_a_replay_makes_no_job_and_is_told_apart(counted: Any) -> None:
    client, count = counted

    for _ in range(2):
        client.post("/jobs", json=PRIMES, headers={"Idempotency-Key": "one"})

    assert (count("accepted"), count("replayed")) == (1, 1)


def test_what_cannot_be_read_is_counted_without_its_words(counted: Any) -> None:
    client, count = counted

    client.post("/jobs", data="{", content_type="application/json")
    client.post("/jobs", json={"task": "whatever somebody typed"})
    client.post("/jobs", json={"task": "count_primes", "args": {"limit": -1}})

    assert (count("invalid", UNKNOWN, UNKNOWN), count("invalid")) == (2, 1)


@pytest.mark.parametrize(("slug", "outcome"), [("storage-full", "refused"), ("backend-unavailable", "failed")])
def test_a_store_that_is_full_and_one_that_is_away_are_told_apart(
    counted: Any, store: MemoryJobStore, monkeypatch: pytest.MonkeyPatch, slug: str, outcome: str
) -> None:
    client, count = counted

    def refuse(*_: Any) -> None:
        raise StoreUnavailable("Not now.", slug=slug)

    monkeypatch.setattr(store, "submit", refuse)

    client.post("/longtask")

    assert count(outcome, "long_task", "default") == 1


def test_the_size_of_arguments_has_the_job_as_its_example(counted: Any, registry: CollectorRegistry) -> None:
    client, _ = counted

    job_id = client.post("/jobs", json=PRIMES).get_json()["id"]

    text = openmetrics.exposition.generate_latest(registry).decode()
    assert f'# {{job_id="{job_id}"}} 12.0' in text


def test_a_job_keeps_the_request_that_submitted_it(counted: Any, store: MemoryJobStore) -> None:
    client, _ = counted

    job_id = client.post("/jobs", json=PRIMES, headers={"X-Request-ID": "r-1"}).get_json()["id"]

    assert store.fetch(job_id).request_id == "r-1"


def test_headways_own_tasks_are_nobodys_choice_but_can_be_asked_for(
    counted: Any, store: MemoryJobStore, entries: list[Any]
) -> None:
    store.announce(Worker("w", 1, ("default",), ()), [replace(entries[0], name="headway.canary"), *entries])
    client, _ = counted

    listed = [task["name"] for task in client.get("/tasks").get_json()["tasks"]]

    assert "headway.canary" not in listed
    assert client.get("/tasks/headway.canary").status_code == 200
