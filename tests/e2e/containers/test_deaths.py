"""Containers that die, and a stack that is put down and started again: nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("one_of_each")


def test_a_job_of_a_killed_worker_container_goes_on_in_another_one(
    containers: Any, headway: Any, wait_until: Any, tmp_path: Path
) -> None:
    containers.scale(worker=2)
    job = headway.submit("resume_from", args={"folder": str(tmp_path), "steps": 100, "pause": 0.1})
    wait_until(lambda: headway.status(job["id"])["current"] > 10)

    # Which container runs it, nobody needs to know: half of the time it is the first one, so both die, one by one.
    for container in containers.of("worker"):
        containers.kill(container)
        containers.start(container)

    ended = headway.wait(job["id"], seconds=120)
    steps = {int(line.split()[0]) for line in (tmp_path / "steps.txt").read_text().splitlines()}
    assert ended["state"] == "SUCCESS"
    assert ended["attempt"] in (2, 3)
    assert steps == set(range(100))


def test_redis_is_killed_and_no_accepted_job_is_lost(
    containers: Any, headway: Any, under_traffic: Callable[..., Any], wait_until: Any
) -> None:
    with under_traffic() as traffic:
        wait_until(lambda: sum(len(each.accepted) for each in traffic) > 20)
        [redis] = containers.of("redis")
        containers.kill(redis)
        wait_until(lambda: any(each.failed for each in traffic), what="a refusal while Redis is away")
        containers.start(redis)
        count = sum(len(each.accepted) for each in traffic)
        wait_until(lambda: sum(len(each.accepted) for each in traffic) > count + 20, what="new jobs after the return")

    failures = {failure for each in traffic for failure in each.failed}
    assert all(failure.startswith("503") for failure in failures), failures
    for job_id in [job_id for each in traffic for job_id in each.accepted]:
        assert headway.wait(job_id, seconds=120)["state"] == "SUCCESS"


def test_a_stopped_stack_lets_jobs_finish_within_its_grace_and_keeps_everything(
    containers: Any, headway: Any, wait_until: Any
) -> None:
    finishing = headway.submit("crawl", args={"steps": 60, "pause": 0.1})
    wait_until(lambda: headway.status(finishing["id"])["current"] > 0)
    waiting = headway.submit("crawl", args={"steps": 2}, countdown=10)
    began = time.monotonic()

    containers.compose("down")
    took_seconds = time.monotonic() - began
    containers.compose("up", "-d", "--wait")

    assert took_seconds < 60
    finished = headway.status(finishing["id"])
    assert (finished["state"], finished["result"], finished["attempt"]) == ("SUCCESS", 60, 1)
    assert headway.wait(waiting["id"])["state"] == "SUCCESS"


def test_a_job_that_outlasts_the_drain_is_handed_back_and_goes_on(
    containers: Any, headway: Any, wait_until: Any, tmp_path: Path
) -> None:
    job = headway.submit("resume_from", args={"folder": str(tmp_path), "steps": 200, "pause": 0.1})
    wait_until(lambda: headway.status(job["id"])["current"] > 10)
    [worker] = containers.of("worker")

    # The second SIGTERM asks for what the end of HEADWAY_DRAIN_SECONDS brings.
    for _ in range(2):
        containers.kill(worker, "TERM")
        time.sleep(1)
    wait_until(lambda: not containers.inspect(worker)["State"]["Running"], 20, "the worker's end")
    containers.start(worker)

    ended = headway.wait(job["id"], seconds=120)
    steps = [int(line.split()[0]) for line in (tmp_path / "steps.txt").read_text().splitlines()]
    assert (ended["state"], ended["attempt"]) == ("SUCCESS", 1)
    assert set(steps) == set(range(200))
    assert len(steps) < 210  # from its checkpoint, and not from the beginning
