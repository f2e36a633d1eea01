"""What an overview of all jobs asks the whole stack: figures, searches, stories, many jobs at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def finished(stats: Any, task: str) -> int:
    """How many jobs of a task have succeeded since ever."""
    return sum(each["finished"]["succeeded"] for each in stats["tasks"] if each["task"] == task)


def test_the_figures_of_all_jobs_follow_what_happens(headway: Any, wait_until: Callable[..., Any]) -> None:
    before = headway.http.get("/stats").json()

    headway.run("crawl", args={"steps": 1})

    after = wait_until(
        lambda: (
            (now := headway.http.get("/stats").json())["at"] > before["at"]
            and finished(now, "crawl") > finished(before, "crawl")
            and now
        ),
        what="a figure that shows the job",
    )
    assert after["submitted"] > before["submitted"]
    assert after["finished"]["succeeded"] > before["finished"]["succeeded"]
    assert any(each["queue"] == "default" and each["workers"] >= 1 for each in after["queues"])


def test_the_figures_come_by_themselves_beside_the_jobs_that_one_follows(headway: Any) -> None:
    job = headway.submit("crawl", args={"steps": 3})

    names, totals = set(), {}
    for name, _, data in headway.events(f"/status/events?stats=1&id={job['id']}"):
        names.add(name)
        totals = data["totals"] if name == "stats" else totals
        if "end" in names and totals.get("SUCCESS"):
            break

    assert {"snapshot", "stats", "end"} <= names
    assert set(totals) == {"PENDING", "STARTED", "PROGRESS", "RETRY", "SUCCESS", "FAILURE", "REVOKED"}


def test_a_job_is_found_by_a_part_of_what_one_knows(headway: Any) -> None:
    job = headway.run("crawl", args={"steps": 1}, tags=["Nightly-Report"])

    def found(**wanted: str) -> list[str]:
        return [each["id"] for each in headway.http.get("/status", params=wanted).json()["jobs"]]

    assert found(q=job["id"]) == [job["id"]]
    assert job["id"] in found(q=job["id"][:8])
    assert job["id"] in found(q="nightly", state="SUCCESS,FAILURE")
    assert job["id"] not in found(q="nightly", state="FAILURE,REVOKED")


def test_a_timeline_tells_how_a_job_came_to_its_end(headway: Any) -> None:
    job = headway.run("misbehave", args={"action": "fail_once"}, max_retries=2)

    moves = headway.http.get(f"/status/{job['id']}/timeline").json()["moves"]

    told = [(move["why"], move["attempt"]) for move in moves if move["why"] != "progressed"]
    assert told == [("submitted", 0), ("claimed", 1), ("failed", 1), ("due", 1), ("claimed", 2), ("succeeded", 2)]
    assert all(move["worker"] for move in moves if move["why"] in ("claimed", "failed", "succeeded"))
    assert [move["at"] for move in moves] == sorted(move["at"] for move in moves)


def test_a_log_can_be_read_after_the_end(headway: Any) -> None:
    job = headway.run("talk", args={"lines": 2})
    streamed = [data for name, _, data in headway.events(f"/status/{job['id']}/events") if name == "log"]

    answer = headway.http.get(f"/status/{job['id']}/log").json()

    assert streamed
    assert (answer["lines"], answer["lines_total"]) == (streamed, len(streamed))


def test_many_jobs_are_cancelled_and_retried_with_one_request(headway: Any) -> None:
    ids = [headway.submit("crawl", args={"steps": 1}, countdown=3600)["id"] for _ in range(5)]

    cancelled = headway.http.post("/jobs/cancel", json={"ids": [*ids, "nothing"], "reason": "too many"}).json()
    retried = headway.http.post("/jobs/retry", json={"ids": ids}).json()

    assert [result["status"] for result in cancelled["results"]] == [200] * 5 + [404]
    assert [result["status"] for result in retried["results"]] == [202] * 5
    assert {headway.wait(job_id)["state"] for job_id in ids} == {"SUCCESS"}
