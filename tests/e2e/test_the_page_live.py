"""The connection of the page: what it shows while news do not come, and that nothing is lost when they come again."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, Route, expect

pytestmark = pytest.mark.page

expect.set_options(timeout=25_000)
STREAMS = re.compile(r"/status/events\?")


@pytest.fixture(scope="module")
def stack(start_lasting_stack: Callable[..., Any]) -> Any:
    return start_lasting_stack(tasks="brief_long_task,trial_tasks", slots=8, cancel_grace_seconds=60)


@pytest.fixture(scope="module")
def headway(stack: Any, connect: Callable[[str], Any]) -> Any:
    return connect(stack.url)


@pytest.fixture
def tag() -> str:
    """What this test's jobs are found by among all others."""
    return f"tag-{uuid4().hex[:8]}"


@pytest.fixture
def stopped(stack: Any, headway: Any, wait_until: Callable[..., Any]) -> Callable[..., Any]:
    """Have no process of a service for a while; its supervisor, which stands still, starts one again afterwards."""

    @contextmanager
    def without(service: str, path: str) -> Iterator[None]:
        os.kill(stack.process.pid, signal.SIGSTOP)
        try:
            for pid in stack.processes:
                if stack.command_of(pid).endswith(f"-m\0{service}\0"):
                    os.kill(pid, signal.SIGKILL)
            wait_until(lambda: headway.http.get(path).status_code >= 500, what=f"no answer of {service}")
            yield
        finally:
            os.kill(stack.process.pid, signal.SIGCONT)
            wait_until(lambda: headway.http.get(path).status_code == 200, what=f"an answer of {service}")

    return without


def row(page: Page) -> Locator:
    return page.locator("li[data-job]").first


def badge(page: Page, kind: str) -> Locator:
    return page.locator(f".badge[data-connection={kind}]")


def line(page: Page) -> Locator:
    return row(page).locator("[data-part=line]")


def submit_running(headway: Any, tag: str) -> dict[str, Any]:
    """A job that works until it is stopped."""
    job = headway.submit("crawl", args={"steps": 2_000, "pause": 0.05}, tags=[tag])
    running: dict[str, Any] = headway.wait(job["id"], states={"PROGRESS"})
    return running


def cancel(headway: Any, job: dict[str, Any]) -> None:
    headway.http.post(f"/jobs/{job['id']}/cancel")
    headway.wait(job["id"])


def expect_moving(page: Page) -> None:
    before = line(page).inner_text()
    expect(line(page)).not_to_have_text(before)


def start_from_form(page: Page) -> None:
    page.locator("#start-task").select_option("crawl")
    page.get_by_role("button", name="Start job").click()


def test_a_lost_stream_freezes_the_rows_and_a_new_one_brings_what_was_missed(
    headway: Any, visit: Callable[..., Page], stopped: Callable[..., Any], tag: str
) -> None:
    job, other = submit_running(headway, tag), submit_running(headway, tag)
    page = visit(f"{headway.url}/?q={tag}")
    expect_moving(page)
    page.evaluate("window.isSameDocument = true")

    with stopped("status", "/status"):
        expect(page.locator("[data-lost=reconnecting]")).to_contain_text("Connection lost.")
        expect(page.locator("[data-lost=reconnecting]")).to_contain_text("What you see is from")
        expect(page.locator(".list")).to_have_attribute("data-frozen", "true")
        expect(page.locator("li[data-job]")).to_have_count(2)
        seen = line(page).inner_text()
        headway.http.post(f"/jobs/{job['id']}/cancel")
        assert line(page).inner_text() == seen
    new = headway.run("crawl", args={"steps": 1}, tags=[tag])

    expect(badge(page, "live")).to_be_visible()
    expect(page.locator("[data-lost]")).to_have_count(0)
    expect(page.locator(f"li[data-job='{job['id']}']")).to_have_attribute("data-state", "REVOKED")
    expect(row(page)).to_have_attribute("data-job", new["id"])
    expect(page.locator("li[data-job]")).to_have_count(3)
    assert page.evaluate("window.isSameDocument")
    cancel(headway, other)


def test_a_lost_stream_goes_on_where_it_stopped(
    headway: Any, visit: Callable[..., Page], stopped: Callable[..., Any], tag: str
) -> None:
    job = submit_running(headway, tag)
    page = visit(f"{headway.url}/?q={tag}")
    expect_moving(page)
    resumed: list[str] = []
    page.on("request", lambda request: resumed.append(request.headers.get("last-event-id", "")))

    with stopped("status", "/status"):
        expect(badge(page, "reconnecting")).to_be_visible()
    page.get_by_role("button", name="Try now").or_(badge(page, "live")).first.click()

    expect_moving(page)
    assert any(resumed)
    cancel(headway, job)


def test_a_job_can_be_started_while_nothing_can_be_shown_of_it(
    headway: Any, visit: Callable[..., Page], stopped: Callable[..., Any]
) -> None:
    page = visit(headway.url)
    expect(badge(page, "live")).to_be_visible()

    with stopped("status", "/status"):
        expect(badge(page, "reconnecting")).to_be_visible()
        start_from_form(page)
        expect(page.locator(".start-done")).to_contain_text("Job started")
        page.locator("[data-tab=waiting]").click()
        expect(page.locator("[data-part=list-problem]")).to_contain_text("The list could not be brought up to date.")
    page.locator("[data-tab=all]").click()

    expect(page.locator("[data-part=list-problem]")).to_have_count(0)
    expect(row(page)).to_have_attribute("data-state", "SUCCESS")


def test_the_list_is_live_while_no_job_can_be_started(
    headway: Any, visit: Callable[..., Page], stopped: Callable[..., Any], tag: str
) -> None:
    job = submit_running(headway, tag)
    page = visit(f"{headway.url}/?q={tag}")
    expect(page.locator("#start-task")).to_be_visible()

    with stopped("submit", "/tasks"):
        start_from_form(page)
        expect(page.locator("[data-part=start] [role=alert]").first).to_contain_text("Not started.")
        expect_moving(page)
        expect(badge(page, "live")).to_be_visible()
    page.locator("[data-part=start]").get_by_role("button", name="Try again").click()

    expect(page.locator(".start-done")).to_contain_text("Job started")
    cancel(headway, job)


def test_a_path_that_holds_streams_back_is_polled_and_left_when_it_lets_them_through(
    headway: Any, visit: Callable[..., Page], tag: str
) -> None:
    job = submit_running(headway, tag)
    page = visit("about:blank")
    page.route(STREAMS, lambda route: None)
    page.goto(f"{headway.url}/?q={tag}")

    expect(badge(page, "polling")).to_have_text("Connection: Checking every 2 s")
    expect_moving(page)
    new = headway.run("crawl", args={"steps": 1}, tags=[tag])
    expect(row(page)).to_have_attribute("data-job", new["id"])
    expect(page.locator("[data-tab=running] .total")).to_have_text(re.compile(r"\d"))
    expect(page.locator("[data-lost]")).to_have_count(0)
    page.unroute(STREAMS)

    expect(badge(page, "live")).to_be_visible()
    cancel(headway, job)


def test_offline_is_said_and_ends_by_itself(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    job = submit_running(headway, tag)
    page = visit(f"{headway.url}/?q={tag}")
    expect_moving(page)

    page.context.set_offline(True)
    # An open stream outlives the browser's switch; a lost network ends it.
    page.route(STREAMS, lambda route: route.abort())
    expect(page.locator("[data-lost=offline]")).to_contain_text("You are offline")
    expect(page.locator("#start-offline")).to_contain_text("You are offline.")
    cancel(headway, job)
    expect(row(page)).to_have_attribute("data-state", "PROGRESS")
    page.unroute(STREAMS)
    page.context.set_offline(False)

    expect(badge(page, "live")).to_be_visible()
    expect(row(page)).to_have_attribute("data-state", "REVOKED")


@pytest.mark.parametrize("status", [401, 403])
def test_a_visitor_who_may_not_follow_is_told_so_and_asks_once(
    headway: Any, visit: Callable[..., Page], tag: str, status: int
) -> None:
    job = submit_running(headway, tag)
    page = visit("about:blank")
    page.clock.install()
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=status, json={"title": "Sign in"})

    page.route(STREAMS, refuse)
    page.goto(f"{headway.url}/?q={tag}")

    lost = page.locator("[data-lost=refused]")
    expect(lost).to_contain_text("Not allowed to follow these jobs. Sign in again, then try.")
    expect(row(page)).to_be_visible()
    page.clock.run_for(90_000)
    assert len(asked) == 1
    page.unroute(STREAMS)
    lost.get_by_role("button", name="Try now").click()
    expect(badge(page, "live")).to_be_visible()
    cancel(headway, job)


def test_a_server_that_is_busy_for_a_while_is_asked_again_until_it_answers(
    headway: Any, visit: Callable[..., Page], tag: str
) -> None:
    job = submit_running(headway, tag)
    page = visit("about:blank")
    statuses = iter([502, 429])

    def be_busy(route: Route) -> None:
        status = next(statuses, None)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, headers={"Retry-After": "1"})

    page.route(STREAMS, be_busy)
    page.goto(f"{headway.url}/?q={tag}")
    expect(badge(page, "reconnecting")).to_be_visible()

    expect(badge(page, "live")).to_be_visible()

    expect_moving(page)
    cancel(headway, job)


def test_a_job_that_never_was_here_says_so_and_leads_back_to_the_list(headway: Any, visit: Callable[..., Page]) -> None:
    headway.run("crawl", args={"steps": 1})
    page = visit(f"{headway.url}/?job=no-such-job")

    expect(page.locator("[data-part=gone]")).to_contain_text("No job with this id here.")

    page.keyboard.press("Escape")
    expect(page.locator("[data-part=job-pane]")).to_have_count(0)
    expect(row(page)).to_be_visible()


def test_a_job_whose_record_has_gone_says_so(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    job = headway.run("crawl", args={"steps": 1}, tags=[tag])
    problem = {"type": "/problems/job-expired", "title": "Gone", "status": 410}
    page = visit("about:blank")
    page.route(f"**/status/{job['id']}", lambda route: route.fulfill(status=410, json=problem))
    page.route(f"**/status/events?*{job['id']}*", lambda route: route.fulfill(status=410, json=problem))

    page.goto(f"{headway.url}/?q=no-such-tag&job={job['id']}")

    expect(page.locator("[data-part=gone]")).to_contain_text("is gone now")
