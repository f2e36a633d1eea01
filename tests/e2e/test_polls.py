"""Many clients that poll one job: nginx asks the status service once a second for all of them."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

POLLS = 1_000
CLIENTS = 20
FROM_THE_SERVICE = ("MISS", "EXPIRED", "BYPASS")


def poll(url: str, times: int) -> list[httpx2.Response]:
    with httpx2.Client(timeout=20) as http:
        return [http.get(url) for _ in range(times)]


def poll_from_everywhere(url: str) -> tuple[list[httpx2.Response], float]:
    """A thousand answers, and how many seconds they took."""
    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = [each for part in clients.map(poll, [url] * CLIENTS, [POLLS // CLIENTS] * CLIENTS) for each in part]
    return answers, time.monotonic() - began


def test_a_thousand_polls_of_one_job_reach_the_service_once_a_second(headway: Any) -> None:
    job = headway.submit("crawl", args={"steps": 100, "pause": 0.1})

    answers, took_seconds = poll_from_everywhere(f"{headway.url}/status/{job['id']}")

    came_from = Counter(answer.headers["X-Cache"] for answer in answers)
    assert {answer.status_code for answer in answers} == {200}
    # Three for a second, however many this machine needs: one in each second of the clock that they fall into.
    assert sum(came_from[each] for each in FROM_THE_SERVICE) <= 2 + took_seconds, came_from
    assert {answer.json()["id"] for answer in answers} == {job["id"]}


def is_kept(answer: httpx2.Response) -> httpx2.Response | None:
    return answer if answer.headers["X-Cache"] == "HIT" else None


def test_a_kept_answer_is_the_same_in_all_but_its_request_id(headway: Any, wait_until: Any) -> None:
    job = headway.run("crawl", args={"steps": 1})
    path = f"/status/{job['id']}"
    first = headway.http.get(path)

    second = wait_until(
        lambda: (answer := headway.http.get(path, headers={"X-Request-ID": "mine"})) and is_kept(answer)
    )

    ours = {"x-request-id", "x-cache", "date"}
    assert second.headers["X-Request-ID"] == "mine"
    assert second.json() == first.json()
    assert {n: v for n, v in second.headers.items() if n not in ours} == {
        n: v for n, v in first.headers.items() if n not in ours
    }


def test_what_has_not_changed_is_304_from_either(headway: Any) -> None:
    job = headway.run("crawl", args={"steps": 1})
    path = f"/status/{job['id']}"
    tag = headway.http.get(path, headers={"Cache-Control": "no-cache"}).headers["ETag"]

    kept = headway.http.get(path, headers={"If-None-Match": tag})
    asked = headway.http.get(path, headers={"If-None-Match": tag, "Cache-Control": "no-cache"})

    assert (kept.status_code, asked.status_code) == (304, 304)


def test_a_client_that_must_see_its_own_change_says_so(headway: Any) -> None:
    job = headway.submit("crawl", args={"steps": 100, "pause": 0.1}, countdown=60)
    path = f"/status/{job['id']}"
    headway.http.get(path)

    headway.http.post(f"/jobs/{job['id']}/cancel")
    fresh = headway.http.get(path, headers={"Cache-Control": "no-cache"})

    assert (fresh.headers["X-Cache"], fresh.json()["state"]) == ("BYPASS", "REVOKED")


def test_a_failed_job_is_never_kept_since_a_retry_may_begin_at_once(headway: Any) -> None:
    job = headway.run("misbehave", args={"action": "fail"})

    answers = [headway.http.get(f"/status/{job['id']}") for _ in range(2)]

    assert [(each.json()["state"], each.headers["X-Cache"]) for each in answers] == [("FAILURE", "MISS")] * 2
    assert "X-Accel-Expires" not in answers[0].headers


def test_a_missing_job_is_never_kept(headway: Any) -> None:
    path = "/status/00000000-0000-4000-8000-000000000000"

    answers = [headway.http.get(path) for _ in range(2)]

    assert [(each.status_code, each.headers["X-Cache"]) for each in answers] == [(404, "MISS")] * 2
