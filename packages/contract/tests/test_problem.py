"""Problems: one table, one body."""

from __future__ import annotations

import re

import pytest

from headway import problem as problems
from headway.problem import KINDS, FieldError, Problem, StoreUnavailable, clip


@pytest.mark.parametrize("slug", KINDS)
def test_every_problem_has_a_title_and_an_error_status(slug: str) -> None:
    kind = KINDS[slug]

    assert re.fullmatch(r"[A-Z].{8,70}[^.]", kind.title)
    assert 400 <= kind.status <= 503


@pytest.mark.parametrize("slug", KINDS)
def test_every_slug_can_stand_in_a_url(slug: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", slug)


def test_the_body_has_the_members_of_the_standard() -> None:
    body = Problem("not-finished", "The job still runs. Ask again later.").body()

    assert body == {
        "type": "/problems/not-finished",
        "title": "The job has no result yet",
        "status": 409,
        "detail": "The job still runs. Ask again later.",
    }


def test_the_body_points_at_what_is_wrong() -> None:
    body = Problem("validation-failed", "Two fields are wrong.", errors=[FieldError("/args/n", "too small")]).body()

    assert body["errors"] == [{"pointer": "/args/n", "detail": "too small"}]


def test_a_body_shows_at_most_twenty_errors() -> None:
    errors = [FieldError(f"/args/{number}", "wrong") for number in range(25)]

    body = Problem("validation-failed", "All is wrong.", errors=errors).body()

    assert [each["pointer"] for each in body["errors"]] == [f"/args/{number}" for number in range(20)]


@pytest.mark.parametrize(
    ("slug", "who"),
    [
        ("cancelled", "client"),
        ("expired", "headway"),
        ("timeout", "headway"),
        ("worker-lost", "headway"),
        ("invalid-arguments", "headway"),
        ("task-failed", "task"),
        ("unserializable-result", "task"),
        ("result-too-large", "task"),
    ],
)
def test_the_error_of_a_job_says_who_ended_it(slug: str, who: str) -> None:
    assert Problem(slug, "Why.").body()["ended_by"] == who


def test_a_problem_of_a_request_ended_nothing() -> None:
    assert "ended_by" not in Problem("unknown-task", "Why.").body()


def test_a_body_may_carry_more_members() -> None:
    body = Problem("task-failed", "division by zero", exception="ZeroDivisionError").body()

    assert body["exception"] == "ZeroDivisionError"


def test_a_status_of_ones_own_outranks_the_table() -> None:
    problem = Problem("bad-request", "A header is too large.", status=431)

    assert problem.body()["status"] == 431


def test_a_slug_that_is_not_in_the_table_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Problem("no-such-thing", "")


def test_a_problem_reads_as_its_detail() -> None:
    assert str(Problem("not-found", "Nothing is here.")) == "Nothing is here."


def test_a_store_that_is_away_says_when_to_ask_again() -> None:
    problem = StoreUnavailable("The job store is full.", slug="storage-full", retry_after_seconds=10)

    assert problem.headers == {"Retry-After": "10"}
    assert problem.detail == "The job store is full. Nothing was lost; send the same request again in 10 s."


@pytest.mark.parametrize(
    ("text", "clipped"),
    [("", ""), ("short", "short"), ("12345678", "12345678"), ("123456789", "1234567…"), ("a\ud800b", "a?b")],
)
def test_long_and_broken_texts_are_made_fit_to_send(text: str, clipped: str) -> None:
    assert clip(text, 8) == clipped


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        (problems.job_not_found("x" * 500), "Check the id"),
        (problems.job_expired("an-id"), "Submit it again"),
        (problems.idempotency_mismatch("an-id"), "choose a new key"),
        (problems.expired_unstarted(), "longer expires_in"),
        (problems.worker_lost(), "Look at the workers' logs"),
    ],
)
def test_every_problem_says_what_to_do(problem: Problem, advice: str) -> None:
    assert advice in problem.detail
    assert len(problem.detail) < 300
