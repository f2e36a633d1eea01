"""Replicas come and go while clients keep asking, and no request fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("one_of_each")

COUNT_REQUESTS = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9100/metrics", timeout=5).read().decode())
"""


def requests_of(containers: Any, container: str) -> float:
    """How many requests a replica has answered."""
    metrics = containers.python(container, COUNT_REQUESTS)
    return sum(
        float(value) for value in re.findall(r"^http_request_duration_seconds_count\{.*\} (\S+)$", metrics, re.M)
    )


def assert_nothing_failed(traffic: Any, headway: Any) -> None:
    assert [failure for each in traffic for failure in each.failed] == []
    assert all(each.answered > 20 for each in traffic)
    for job_id in [job_id for each in traffic for job_id in each.accepted[-3:]]:
        assert headway.wait(job_id, seconds=120)["state"] == "SUCCESS"


@pytest.mark.parametrize("service", ["submit", "status"])
def test_new_replicas_are_found_without_a_reload_and_leave_without_a_failed_request(
    containers: Any, headway: Any, under_traffic: Callable[..., Any], wait_until: Any, service: str
) -> None:
    with under_traffic() as traffic:
        containers.scale(**{service: 3})
        replicas = containers.of(service)
        wait_until(lambda: all(requests_of(containers, each) > 3 for each in replicas), 30, "requests at every replica")
        containers.scale(**{service: 1})
        before = [each.answered for each in traffic]
        wait_until(lambda: all(each.answered > was + 20 for each, was in zip(traffic, before, strict=True)))

    assert len(replicas) == 3
    assert_nothing_failed(traffic, headway)


def test_workers_share_the_jobs_and_a_leaving_one_loses_none(
    containers: Any, headway: Any, under_traffic: Callable[..., Any], wait_until: Any
) -> None:
    with under_traffic() as traffic:
        containers.scale(worker=3)
        serving = headway.http.get("/tasks").json()
        wait_until(lambda: sum(len(each.accepted) for each in traffic) > 60)
        containers.scale(worker=1)

    assert serving["tasks"]
    assert_nothing_failed(traffic, headway)
    accepted = [job_id for each in traffic for job_id in each.accepted]
    ended = [headway.wait(job_id, seconds=120) for job_id in accepted]
    assert {job["state"] for job in ended} == {"SUCCESS"}


@pytest.mark.parametrize("service", ["submit", "status", "worker"])
def test_a_rolling_restart_fails_no_request(
    containers: Any, headway: Any, under_traffic: Callable[..., Any], restart: Callable[[str], None], service: str
) -> None:
    containers.scale(**{service: 2})

    with under_traffic() as traffic:
        for replica in containers.of(service):
            restart(replica)

    assert_nothing_failed(traffic, headway)


def test_a_stream_goes_on_with_another_replica_when_its_own_leaves(containers: Any, headway: Any) -> None:
    containers.scale(status=2)
    job = headway.submit("crawl", args={"steps": 200, "pause": 0.1})
    seen: list[tuple[str, int]] = []
    last_id = ""

    for _ in range(20):  # as a browser does: connect again, say what came last
        headers = {"Last-Event-ID": last_id} if last_id else {}
        for event, event_id, document in headway.events(f"/status/{job['id']}/events", headers):
            last_id = event_id or last_id
            seen.append((event, document.get("version", 0)))
            if len(seen) == 20:
                containers.scale(status=1)
        if headway.status(job["id"])["state"] == "SUCCESS":
            break

    versions = [version for _, version in seen if version]
    assert versions == sorted(versions)
    assert headway.status(job["id"])["result"] == 200
