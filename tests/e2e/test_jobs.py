"""Jobs through the whole stack: every way they can go, by URL."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest


def test_a_job_runs_with_its_arguments_and_shows_its_progress(headway: Any) -> None:
    job = headway.run("crawl", args={"steps": 6, "pause": 0.05})

    assert (job["state"], job["result"], job["percent"]) == ("SUCCESS", 6, 100)
    assert (job["current"], job["total"], job["attempt"]) == (6, 6, 1)


def test_a_failing_job_tells_why_and_keeps_its_bar(headway: Any) -> None:
    job = headway.run("misbehave", args={"action": "fail"})

    assert (job["state"], job["status"]) == ("FAILURE", "as you wished")
    assert (job["current"], job["total"], job["percent"]) == (3, 10, 30)
    assert job["error"]["type"] == "/problems/task-failed"
    assert job["error"]["exception"] == "ValueError"
    assert "result" not in job


def test_a_failed_attempt_is_tried_again_after_a_pause(headway: Any) -> None:
    job = headway.run("misbehave", args={"action": "fail_once"}, max_retries=2)

    assert (job["state"], job["attempt"], job["result"]) == ("SUCCESS", 2, "fail_once")


@pytest.mark.parametrize(
    ("action", "problem"),
    [("nan", "unserializable-result"), ("set", "unserializable-result"), ("huge", "result-too-large")],
)
def test_a_result_that_cannot_be_kept_ends_in_a_clear_failure(headway: Any, action: str, problem: str) -> None:
    job = headway.run("misbehave", args={"action": action})

    assert (job["state"], job["error"]["type"]) == ("FAILURE", f"/problems/{problem}")


def test_a_task_that_returns_nothing_has_no_result(headway: Any) -> None:
    job = headway.run("misbehave", args={"action": "nothing"})

    assert job["state"] == "SUCCESS"
    assert "result" not in job


def test_odd_amounts_of_progress_never_reach_a_viewer(headway: Any) -> None:
    job = headway.submit("misbehave", args={"action": "odd_amounts"})

    updates = [
        data for name, _, data in headway.events(f"/status/{job['id']}/events") if name in ("snapshot", "update")
    ]

    amounts = [update["current"] for update in updates if "current" in update]
    assert all(0 <= amount <= 10 for amount in amounts)
    assert amounts == sorted(amounts)


def test_a_job_beyond_its_time_limit_ends_with_a_timeout(headway: Any) -> None:
    job = headway.run("misbehave", args={"action": "sleep", "seconds": 30}, timeout=1)

    assert (job["state"], job["error"]["type"]) == ("FAILURE", "/problems/timeout")


def test_a_task_deaf_to_its_time_limit_is_ended_with_its_process(headway: Any) -> None:
    job = headway.run("misbehave", seconds=45, args={"action": "sleep_deaf", "seconds": 60}, timeout=1)

    assert (job["state"], job["error"]["type"]) == ("FAILURE", "/problems/timeout")


@pytest.mark.parametrize("action", ["die", "exit"])
def test_a_job_that_kills_its_worker_three_times_ends_in_failure(headway: Any, action: str) -> None:
    neighbour = headway.submit("crawl", args={"steps": 20, "pause": 0.05})

    job = headway.run("misbehave", args={"action": action})

    assert (job["state"], job["attempt"], job["error"]["type"]) == ("FAILURE", 3, "/problems/worker-lost")
    assert headway.wait(neighbour["id"])["attempt"] == 1


def test_a_job_whose_process_is_killed_goes_on_from_its_checkpoint(
    headway: Any, tmp_path: Path, wait_until: Any, kill: Any
) -> None:
    job = headway.submit("resume_from", args={"folder": str(tmp_path), "steps": 100})
    trace = tmp_path / "steps.txt"
    saved = wait_until(lambda: (done := headway.status(job["id"])["current"]) > 12 and done)
    killed = int(trace.read_text().split()[1])

    kill(killed)

    ended = headway.wait(job["id"])
    steps = [tuple(map(int, line.split())) for line in trace.read_text().splitlines()]
    assert (ended["state"], ended["attempt"]) == ("SUCCESS", 2)
    assert sorted({step for step, _ in steps}) == list(range(100))
    # Only steps since the last save ran twice.
    assert min(step for step, process in steps if process != killed) >= saved


def test_a_countdown_waits_before_the_first_attempt(headway: Any) -> None:
    began = time.monotonic()
    job = headway.submit("crawl", args={"steps": 1}, countdown=1.5)

    ended = headway.wait(job["id"])

    assert job["waiting_for"] == "schedule"
    assert ended["state"] == "SUCCESS"
    assert time.monotonic() - began > 1.4


def test_a_job_nobody_starts_in_time_is_revoked(headway: Any) -> None:
    job = headway.submit("crawl", queue="unserved", expires_in=0.5)
    assert job["waiting_for"] == "worker"

    ended = headway.wait(job["id"])

    assert (ended["state"], ended["error"]["type"]) == ("REVOKED", "/problems/expired")


def test_the_same_key_and_request_make_one_job(headway: Any) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    ids: list[str] = []

    def submit() -> None:
        ids.append(headway.submit("crawl", headers=key, args={"steps": 2})["id"])

    threads = [threading.Thread(target=submit) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(ids) == 10
    assert len(set(ids)) == 1


def test_high_priority_overtakes_what_waits(headway: Any, slots: int, tmp_path: Path) -> None:
    path = tmp_path / "order.txt"
    blockers = [headway.submit("hold", args={"path": str(tmp_path / f"end {n}")}) for n in range(slots)]
    for blocker in blockers:
        headway.wait(blocker["id"], states={"PROGRESS"})
    jobs = [
        headway.submit("record_order", args={"path": str(path), "name": f"{priority} {n}"}, priority=priority)
        for n in range(3)
        for priority in ("low", "normal", "high")
    ]

    (tmp_path / "end 0").touch()  # one slot only, so that the jobs run one after the other
    for job in jobs:
        headway.wait(job["id"])

    order = [line.split()[0] for line in path.read_text().splitlines()]
    assert order == ["high"] * 3 + ["normal"] * 3 + ["low"] * 3
    for n in range(1, slots):
        (tmp_path / f"end {n}").touch()
    assert {headway.wait(blocker["id"])["state"] for blocker in blockers} == {"SUCCESS"}


def test_log_lines_come_in_order_and_a_cut_stream_resumes_without_gap(headway: Any) -> None:
    job = headway.submit("talk", args={"lines": 8, "pause": 0.15})
    path = f"/status/{job['id']}/events"
    before: list[tuple[str, str, Any]] = []
    for event in headway.events(path):
        before.append(event)
        if event[0] == "log" and event[2]["text"] == "line 2":
            break

    after = list(headway.events(path, headers={"Last-Event-ID": before[-1][1]}))

    lines = [data["text"] for name, _, data in [*before, *after] if name == "log"]
    assert lines == [f"line {number}" for number in range(8)]


def test_a_proxy_further_out_is_told_not_to_hold_events_back(headway: Any) -> None:
    job = headway.run("crawl", args={"steps": 1})

    with headway.http.stream("GET", f"/status/{job['id']}/events") as answer:
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.headers["Cache-Control"] == "no-store, no-transform"


def test_one_stream_follows_many_jobs_until_all_have_ended(headway: Any) -> None:
    ids = [headway.submit("crawl", args={"steps": 3})["id"] for _ in range(20)]
    unknown = str(uuid4())

    events = list(headway.events("/status/events?" + "&".join(f"id={job_id}" for job_id in [*ids, unknown])))

    ended = {data["id"]: data["state"] for name, _, data in events if name == "end"}
    assert ended == dict.fromkeys(ids, "SUCCESS")
    assert [data["id"] for name, _, data in events if name == "missing"] == [unknown]


def test_a_long_poll_answers_when_the_job_moves(headway: Any) -> None:
    job = headway.submit("crawl", args={"steps": 1}, countdown=1)
    tag = headway.http.get(f"/status/{job['id']}").headers["ETag"]

    answer = headway.http.get(f"/status/{job['id']}", headers={"If-None-Match": tag, "Prefer": "wait=20"})

    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert answer.json()["version"] > job["version"]


def test_jobs_are_found_by_tag_state_and_task(headway: Any) -> None:
    tag = f"batch-{uuid4()}"
    ids = [headway.run("crawl", args={"steps": 1}, tags=[tag])["id"] for _ in range(3)]

    wanted = {"tag": tag, "state": "SUCCESS", "task": "crawl", "page_size": 2}
    pages = [headway.http.get("/status", params=wanted).json()]
    while pages[-1]["next_page_token"]:  # a page may be short, or empty, where many other jobs lie between
        pages.append(headway.http.get("/status", params=wanted | {"page_token": pages[-1]["next_page_token"]}).json())

    assert [job["id"] for page in pages for job in page["jobs"]] == ids[::-1]
    assert len(pages) >= 2
    assert pages[0]["totals"]["SUCCESS"] >= 3


def test_ids_that_never_existed_are_404_and_not_pending(headway: Any) -> None:
    answer = headway.http.get(f"/status/{uuid4()}")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/metrics", 404),
        ("GET", "/livez", 404),
        ("POST", "/status", 405),
        ("GET", "/problems/nope", 404),
    ],
)
def test_errors_on_the_public_port_are_problem_documents(headway: Any, method: str, path: str, status: int) -> None:
    answer = headway.http.request(method, path)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_body_over_the_limit_is_refused_with_the_limit(headway: Any) -> None:
    answer = headway.http.post("/jobs", content=b" " * (1024 * 1024 + 1), headers={"Content-Type": "application/json"})

    assert answer.status_code == 413
    assert "1048576" in answer.json()["detail"]


def test_both_openapi_documents_are_public(headway: Any) -> None:
    submit = headway.http.get("/openapi/submit.json").json()
    status = headway.http.get("/openapi/status.json").json()

    assert "/jobs" in submit["paths"]
    assert "/status/{job_id}/events" in status["paths"]
