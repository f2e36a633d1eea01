"""Every question of the dashboards and every rule, asked of a real Prometheus that watches a stack at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import yaml
from alert_faults import meanwhile
from scaled_rules import RULES

from all_dashboards import queries

NOT_HERE = {
    "headway_frontend_": "nginx counts its connections in its image only; the tests of the containers ask there",
}
"""Metrics that the stack on one machine does not have."""


@pytest.fixture(scope="module")
def at_work(watched: Any, wait_until: Callable[..., Any]) -> Iterator[Any]:
    """A stack that has seen everything that can happen to a job, under some load, with watchers."""
    client = watched.client
    watched.redis.config_set("maxmemory", "1gb")

    def load() -> None:
        client.submit("misbehave")
        client.submit("misbehave", args={"action": "fail"})

    with ExitStack() as watching, meanwhile(load, 0.2):
        see_everything(client, watching)
        timed_out = 'max(headway_jobs_finished_total{outcome="timed_out"}) or vector(0)'
        wait_until(lambda: watched.value(timed_out), 60, "a job out of time")
        # A rate needs several scrapes behind it.
        wait_until(lambda: (watched.value("min(count_over_time(up[1m]))") or 0) > 20, 60, "twenty scrapes")
        yield watched
    watched.redis.config_set("maxmemory", 0)
    # Those that nobody serves would wait for ever, and set off alerts of whatever comes next.
    wait_until(lambda: not cancel_open_jobs(client), 60, "the end of all jobs")


def cancel_open_jobs(client: Any) -> list[str]:
    """Those that were still open."""
    listed = client.http.get("/status", params={"state": "PENDING,STARTED,PROGRESS,RETRY", "page_size": 100}).json()
    open_jobs = [job["id"] for job in listed["jobs"]]
    if open_jobs:
        client.http.post("/jobs/cancel", json={"ids": open_jobs})
    return open_jobs


def see_everything(client: Any, watching: ExitStack) -> None:
    sleeping = client.submit("misbehave", args={"action": "sleep", "seconds": 120})["id"]
    talking = client.submit("talk", args={"lines": 200, "pause": 0.3})["id"]
    client.submit("misbehave", args={"action": "fail_once"}, max_retries=1)
    client.submit("misbehave", args={"action": "die"})
    client.submit("misbehave", args={"action": "sleep", "seconds": 60}, timeout=1)
    client.submit("misbehave", countdown=3600)
    client.submit("misbehave", queue="nobody-serves-it")
    client.submit("misbehave", countdown=1, expires_in=1, queue="nobody-serves-it")
    client.http.post("/jobs", json={"task": "unknown"})
    stopped = client.submit("misbehave", queue="nobody-serves-it")["id"]
    client.http.post(f"/jobs/{stopped}/cancel")
    client.http.post(f"/jobs/{stopped}/retry")
    for job_id, headers in ((talking, {}), (talking, {"Last-Event-ID": "1"}), (sleeping, {})):
        path = f"/status/{job_id}/events"
        stream = watching.enter_context(client.http.stream("GET", path, headers=headers, timeout=90))
        watching.enter_context(meanwhile(stream.iter_raw().__next__, 0))
    client.http.get(f"/status/{talking}", headers={"Prefer": "wait=9"})


def test_every_panel_has_data_or_says_why_not(at_work: Any, wait_until: Callable[..., Any]) -> None:
    def without() -> list[str]:
        empty = [expression for _, _, expression, reason in queries() if not reason and not at_work.asked(expression)]
        return [each for each in empty if not any(name in each for name in NOT_HERE)]

    try:
        wait_until(lambda: not without(), 60)
    except AssertionError:
        assert without() == []


def test_every_panel_that_may_be_empty_can_be_asked(at_work: Any) -> None:
    for _, _, expression, reason in queries():
        if reason:
            at_work.asked(expression)


def test_every_rule_records_something(at_work: Any, wait_until: Callable[..., Any]) -> None:
    groups = yaml.safe_load((RULES / "recording.yml").read_text())["groups"]
    names = {rule["record"] for group in groups for rule in group["rules"]}

    def silent() -> set[str]:
        return {name for name in names if not at_work.asked(name)}

    try:
        wait_until(lambda: not silent(), 60)
    except AssertionError:
        assert silent() == set()


def test_no_rule_of_all_failed(at_work: Any) -> None:
    groups = at_work.prometheus.get("/api/v1/rules").json()["data"]["groups"]

    rules = [rule for group in groups for rule in group["rules"]]
    troubles = {rule["name"]: rule["lastError"] for rule in rules if rule["health"] != "ok"}

    assert troubles == {}


def test_three_replicas_of_status_say_the_same(at_work: Any) -> None:
    """So the greatest of them is the figure, however many there are."""
    said = at_work.asked('count_values("figure", headway_jobs_submitted_total{queue="nobody-serves-it"})')

    assert [series["value"][1] for series in said] == ["3"]


def test_a_worker_counts_what_its_dead_processes_could_not(at_work: Any, wait_until: Callable[..., Any]) -> None:
    def outcomes() -> dict[str, float]:
        series = at_work.asked('sum by (outcome) (headway_attempts_finished_total{task="misbehave"}) > 0')
        return {each["metric"]["outcome"]: float(each["value"][1]) for each in series}

    wanted = {"succeeded", "failed", "retried", "timed_out", "lost"}
    wait_until(lambda: wanted <= outcomes().keys(), 60, f"attempts that ended in all of {sorted(wanted)}")

    assert at_work.value('sum(headway_processes_lost_total{reason="died"})') >= 1
    assert at_work.value('sum(headway_attempt_failures_total{exception="ValueError"})') >= 1
