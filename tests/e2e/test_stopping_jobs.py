"""Jobs that are cancelled, at every moment of their life, and jobs that get another chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

RUNNING = {"STARTED", "PROGRESS"}


def cancel(headway: Any, job_id: str, **body: Any) -> Any:
    return headway.http.post(f"/jobs/{job_id}/cancel", **({"json": body} if body else {}))


def retry(headway: Any, job_id: str) -> Any:
    return headway.http.post(f"/jobs/{job_id}/retry")


def test_a_job_that_waits_for_its_time_never_starts_after_its_cancel(headway: Any, tmp_path: Path) -> None:
    order = tmp_path / "order.txt"
    job = headway.submit("record_order", args={"path": str(order), "name": "cancelled"}, countdown=3)

    answer = cancel(headway, job["id"], reason="not needed")

    assert (answer.status_code, answer.json()["state"]) == (200, "REVOKED")
    assert answer.headers["Location"] == f"/status/{job['id']}"
    later = headway.run("record_order", args={"path": str(order), "name": "other"}, countdown=3.5)
    assert later["state"] == "SUCCESS"
    assert [line.split()[0] for line in order.read_text().splitlines()] == ["other"]
    error = headway.status(job["id"])["error"]
    assert (error["type"], error["ended_by"], error["reason"]) == ("/problems/cancelled", "client", "not needed")


def test_a_job_in_line_whose_doorbell_was_rung_never_starts_after_its_cancel(headway: Any) -> None:
    job = headway.submit("crawl", queue="unserved")
    assert job["links"]["cancel"] == f"/jobs/{job['id']}/cancel"

    answer = cancel(headway, job["id"])

    assert (answer.status_code, answer.json()["attempt"]) == (200, 0)
    assert "cancel" not in answer.json()["links"]


def test_a_running_job_stops_at_its_next_report(headway: Any) -> None:
    job = headway.submit("crawl", args={"steps": 600, "pause": 0.1})
    headway.wait(job["id"], states={"PROGRESS"})

    answer = cancel(headway, job["id"], reason="wrong month")

    assert answer.status_code == 202
    assert answer.json()["cancel_requested_at"]
    ended = headway.wait(job["id"])
    assert (ended["state"], ended["error"]["type"]) == ("REVOKED", "/problems/cancelled")
    assert "the task stopped" in ended["status"]  # by itself: it was not ended after the grace
    assert "wrong month" in ended["status"]
    assert 0 < ended["percent"] < 100


@pytest.mark.parametrize("way", ["raised", "asked"])
def test_a_task_can_clean_up_before_it_stops(headway: Any, tmp_path: Path, way: str) -> None:
    trace = tmp_path / "trace.txt"
    job = headway.submit("tidy", args={"path": str(trace), "way": way})
    headway.wait(job["id"], states={"PROGRESS"})

    cancel(headway, job["id"])

    ended = headway.wait(job["id"])
    assert (ended["state"], trace.read_text()) == ("REVOKED", f"{way} and cleaned up")
    assert "result" not in ended


@pytest.mark.parametrize(
    ("task", "args"),
    [("misbehave", {"action": "sleep", "seconds": 60}), ("misbehave", {"action": "sleep_deaf", "seconds": 60})],
)
def test_a_task_that_does_not_listen_is_ended_after_the_grace(headway: Any, task: str, args: dict[str, Any]) -> None:
    job = headway.submit(task, args=args)
    headway.wait(job["id"], states=RUNNING)

    cancel(headway, job["id"])

    ended = headway.wait(job["id"], seconds=40)
    assert (ended["state"], ended["attempt"]) == ("REVOKED", 1)
    assert "its process was ended" in ended["error"]["detail"]


def test_a_task_that_swallows_its_cancel_is_ended_after_the_grace(headway: Any, tmp_path: Path) -> None:
    job = headway.submit("tidy", args={"path": str(tmp_path / "trace.txt"), "way": "swallowed"})
    headway.wait(job["id"], states={"PROGRESS"})

    cancel(headway, job["id"])

    ended = headway.wait(job["id"], seconds=40)
    assert ended["state"] == "REVOKED"
    assert "its process was ended" in ended["error"]["detail"]


def test_cancelling_twice_is_harmless_and_too_late_is_409(headway: Any) -> None:
    job = headway.submit("misbehave", args={"action": "sleep", "seconds": 60})
    headway.wait(job["id"], states=RUNNING)

    first, second = cancel(headway, job["id"], reason="first"), cancel(headway, job["id"], reason="second")

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json()["version"] == first.json()["version"]
    ended = headway.wait(job["id"], seconds=40)
    assert ended["error"]["reason"] == "first"
    late = cancel(headway, job["id"])
    assert (late.status_code, late.json()["type"]) == (409, "/problems/already-finished")


def test_a_job_that_has_its_result_keeps_it(headway: Any) -> None:
    job = headway.run("crawl", args={"steps": 1})

    answers = cancel(headway, job["id"]), retry(headway, job["id"])

    assert [answer.status_code for answer in answers] == [409, 409]
    assert headway.status(job["id"])["result"] == 1


def test_a_watcher_sees_the_request_and_the_end(headway: Any) -> None:
    job = headway.submit("crawl", args={"steps": 600, "pause": 0.1})
    headway.wait(job["id"], states={"PROGRESS"})
    seen: list[tuple[str, Any]] = []

    for name, _, data in headway.events(f"/status/{job['id']}/events"):
        if not seen:
            cancel(headway, job["id"])
        seen.append((name, data))

    assert seen[-1][0] == "end"
    assert seen[-1][1]["state"] == "REVOKED"


def test_a_failed_job_gets_another_attempt_under_its_id(headway: Any) -> None:
    job = headway.run("misbehave", args={"action": "fail_once"})
    assert (job["state"], job["links"]["retry"]) == ("FAILURE", f"/jobs/{job['id']}/retry")

    answer = retry(headway, job["id"])

    assert (answer.status_code, answer.json()["state"]) == (202, "RETRY")
    assert answer.headers["Location"] == f"/status/{job['id']}"
    ended = headway.wait(job["id"])
    assert (ended["state"], ended["attempt"], ended["result"]) == ("SUCCESS", 2, "fail_once")
    assert (ended["error"], ended["cancel_requested_at"]) == (None, None)


def test_a_cancelled_job_goes_on_from_its_checkpoint_when_it_is_retried(
    headway: Any, tmp_path: Path, wait_until: Any
) -> None:
    job = headway.submit("resume_from", args={"folder": str(tmp_path), "steps": 100})
    trace = tmp_path / "steps.txt"
    wait_until(lambda: headway.status(job["id"])["current"] > 12)
    cancel(headway, job["id"])
    stopped = headway.wait(job["id"])
    assert stopped["state"] == "REVOKED"
    first = trace.read_text()

    again = retry(headway, job["id"]).json()

    assert again["current"] == stopped["current"] > 12
    ended = headway.wait(job["id"])
    steps = [int(line.split()[0]) for line in trace.read_text().splitlines()]
    assert (ended["state"], sorted(set(steps))) == ("SUCCESS", list(range(100)))
    assert steps[len(first.splitlines())] >= stopped["current"]


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_a_job_that_never_was_cannot_be_stopped_or_retried(headway: Any, action: str) -> None:
    answer = headway.http.post(f"/jobs/{uuid4()}/{action}")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/job-not-found")
