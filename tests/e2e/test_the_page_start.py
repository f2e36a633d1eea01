"""The start panel of the page, in a real Chromium on the real stack: from a form to one job, whatever comes between."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

pytestmark = [
    pytest.mark.page,
    pytest.mark.skipif("E2E_URL" in os.environ, reason="needs the stack with the tasks of the page"),
]
WAIT_MILLISECONDS = 15_000
expect.set_options(timeout=WAIT_MILLISECONDS)
REPORT = {
    "month": "2026-11-01",
    "readers": [{"name": "Ada", "copies": 2}, {"name": "Grace", "copies": 1}],
    "format": "csv",
    "layout": {"title": "Monthly report", "landscape": True, "margin": 10.5},
    "note": "by hand",
    "pages": 12,
}


@pytest.fixture(scope="module")
def stack(start_lasting_stack: Callable[..., Any]) -> Any:
    return start_lasting_stack(tasks="page_tasks,brief_long_task", slots=4)


@pytest.fixture(scope="module")
def page_url(stack: Any) -> str:
    url: str = stack.url
    return url


@pytest.fixture
def page(visits: Any) -> Page:
    page: Page = visits.begin()
    return page


@pytest.fixture
def bodies(page: Page) -> list[Any]:
    """What the page asked for at `POST jobs`."""
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(json.loads(request.post_data)) if is_start(request) else None)
    return sent


def is_start(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/jobs")


def pick(page: Page, task: str) -> Any:
    """The form of the task."""
    page.locator("#start-task").select_option(task)
    return page.locator("[data-part=start-form]")


def argument(page: Page, path: str) -> Any:
    return page.locator(f'[id="start-args/{path}"]')


def unfold(page: Page, part: str) -> None:
    page.locator(f"[data-part={part}]").evaluate("fold => { fold.open = true }")


def start(page: Page) -> None:
    page.get_by_role("button", name="Start job").click()


def started_id(page: Page) -> str:
    """The job that the panel says was started."""
    link = page.locator(".start-done a")
    expect(link).to_be_visible()
    return str(link.get_attribute("href")).split("job=")[1]


def fill_report(page: Page) -> None:
    form = pick(page, "print_report")
    argument(page, "month").fill("2026-11-01")
    for place, name in enumerate(("Ada", "Grace")):
        if place > 0:  # a list that has to hold one begins with one
            form.get_by_role("button", name="Add to Readers").click()
        argument(page, f"readers/{place}/name").fill(name)
    argument(page, "readers/0/copies").fill("2")
    unfold(page, "start-optional")
    argument(page, "format").select_option(label="csv")
    argument(page, "layout/landscape").check()
    argument(page, "note").fill("by hand")
    argument(page, "pages").fill("12")


def rows(page: Page) -> Any:
    return page.locator("li[data-job]")


def test_a_form_of_groups_lists_choices_and_dates_starts_the_job_that_it_shows(
    page: Page, page_url: str, connect: Any
) -> None:
    fill_report(page)

    start(page)

    job_id = started_id(page)
    assert connect(page_url).wait(job_id)["result"] == REPORT
    expect(page.locator(f'li[data-job="{job_id}"]')).to_have_attribute("data-state", "SUCCESS")


def test_an_untouched_form_sends_the_defaults_that_it_shows_and_no_options(page: Page, bodies: list[Any]) -> None:
    pick(page, "print_report")
    argument(page, "month").fill("2026-12-01")
    argument(page, "readers/0/name").fill("Ada")

    start(page)

    started_id(page)
    assert bodies[0].keys() == {"task", "args"}
    assert bodies[0]["args"] == {"month": "2026-12-01", "readers": [{"name": "Ada", "copies": 1}]} | {
        "format": "pdf",
        "layout": {"title": "Monthly report", "landscape": False, "margin": 10.5},
        "note": None,
        "pages": 10,
    }


def test_what_the_form_sees_is_said_beside_the_field_and_in_a_summary_with_the_focus(
    page: Page, bodies: list[Any]
) -> None:
    fill_report(page)
    argument(page, "readers/1/copies").fill("many")
    start(page)

    summary = page.locator("[data-part=start-summary]")
    expect(summary).to_be_focused()
    field = argument(page, "readers/1/copies")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator('[id="start-args/readers/1/copies-error"]')).to_be_visible()
    assert bodies == []
    summary.get_by_role("link").click()
    expect(field).to_be_focused()


def test_what_only_the_server_sees_is_said_beside_the_nested_field(page: Page, bodies: list[Any]) -> None:
    fill_report(page)
    # The form knows the limits of the schema and would not send it: so the answer is the server's, the check is not.
    page.route("**/jobs", with_a_name_too_short, times=1)

    start(page)

    expect(page.locator("[data-part=start-summary]")).to_be_focused()
    field = argument(page, "readers/1/name")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_attribute("aria-describedby", re.compile("readers/1/name-error"))
    expect(page.locator('[id="start-args/readers/1/name-error"]')).to_contain_text("shorter than 2 characters")
    field.fill("Grace H.")
    expect(page.locator('[id="start-args/readers/1/name-error"]')).to_have_count(0)
    start(page)
    started_id(page)


def with_a_name_too_short(route: Route) -> None:
    body = json.loads(route.request.post_data or "")
    body["args"]["readers"][1]["name"] = "G"
    route.continue_(post_data=json.dumps(body))


def test_the_json_of_a_form_can_be_changed_and_is_the_form_again(page: Page, bodies: list[Any]) -> None:
    fill_report(page)

    page.get_by_role("button", name="JSON", exact=True).click()
    text = page.get_by_label("Arguments as JSON")
    shown = json.loads(text.input_value())
    text.fill(json.dumps(shown | {"pages": 99}))
    page.get_by_role("button", name="Form", exact=True).click()

    assert shown == REPORT
    expect(argument(page, "pages")).to_have_value("99")
    start(page)
    started_id(page)
    assert bodies[0]["args"] == REPORT | {"pages": 99}


def test_broken_json_is_explained_and_not_sent(page: Page, bodies: list[Any]) -> None:
    pick(page, "print_report")
    page.get_by_role("button", name="JSON", exact=True).click()
    page.get_by_label("Arguments as JSON").fill('{"month": ')

    start(page)

    expect(page.locator("[data-part=start-summary]")).to_be_focused()
    expect(page.get_by_label("Arguments as JSON")).to_have_attribute("aria-invalid", "true")
    assert bodies == []


def test_tags_priority_and_a_delay_are_sent_along(page: Page, page_url: str, connect: Any, bodies: list[Any]) -> None:
    form = pick(page, "give")
    unfold(page, "start-more")
    page.locator('[id="start-options/priority"]').select_option(label="high")
    page.locator('[id="start-options/countdown"]').fill("60")
    form.get_by_role("button", name="Add to Tags").click()
    page.locator('[id="start-options/tags/0"]').fill("monthly")

    start(page)

    job = connect(page_url).status(started_id(page))
    assert (job["priority"], job["tags"], job["waiting_for"]) == ("high", ["monthly"], "schedule")
    assert bodies[0] == {"task": "give", "args": {"kind": "number"}, "priority": "high", "tags": ["monthly"]} | {
        "countdown": 60
    }
    expect(rows(page).first.locator("[data-part=line]")).to_contain_text("Starts at")


def test_a_double_click_is_one_job(page: Page, bodies: list[Any]) -> None:
    pick(page, "stumble")
    argument(page, "path").fill("/double")

    page.get_by_role("button", name="Start job").dblclick()

    started_id(page)
    page.locator("[data-part=task-choice]").select_option("stumble")
    expect(rows(page)).to_have_count(1)
    assert len(bodies) == 1


def test_several_copies_are_started_and_counted(page: Page, bodies: list[Any]) -> None:
    pick(page, "give")
    unfold(page, "start-several")
    page.get_by_label("Copies").fill("12")

    page.get_by_role("button", name="Start 12 jobs").click()

    expect(page.get_by_text("12 of 12 started", exact=True)).to_be_visible()
    assert len(bodies) == 12


def test_an_input_of_before_is_there_after_a_reload(page: Page) -> None:
    fill_report(page)
    start(page)
    started_id(page)

    page.reload()
    unfold(page, "start-recent")
    argument(page, "pages").fill("77")
    page.locator("[data-part=start-recent] .start-pick").first.click()

    expect(argument(page, "pages")).to_have_value("12")
    expect(argument(page, "readers/1/name")).to_have_value("Grace")
    page.get_by_role("button", name="Clear recent inputs").click()
    expect(page.locator("[data-part=start-recent]")).to_have_count(0)


def test_a_job_is_run_again_with_changed_arguments(page: Page, page_url: str, connect: Any, bodies: list[Any]) -> None:
    client = connect(page_url)
    job = client.run("print_report", args=REPORT)
    page.goto(f"{page_url}/?job={job['id']}")

    page.locator("[data-part=run-again]").click()
    expect(argument(page, "readers/1/name")).to_have_value("Grace")
    argument(page, "readers/1/name").fill("Edsger")
    start(page)

    assert client.wait(started_id(page))["result"]["readers"][1] == {"name": "Edsger", "copies": 1}


def test_a_task_without_a_worker_says_so_before_it_is_started(page: Page) -> None:
    def without_workers(route: Route) -> None:
        document = route.fetch().json()
        for task in document["tasks"]:
            task["live_workers"] = 0
        route.fulfill(json=document)

    page.route("**/tasks", without_workers)
    page.reload()

    pick(page, "give")

    expect(page.locator(".start-warning")).to_contain_text("no worker serves the task “give”")


@contextmanager
def submit_away(stack: Any) -> Iterator[None]:
    """The submit service is dead, and its supervisor stands still, so that nobody starts it again."""
    (pid,) = [pid for pid in stack.processes if stack.command_of(pid).endswith("-m\0submit\0")][:1]
    os.kill(stack.process.pid, signal.SIGSTOP)
    try:
        for each in (pid, *[child for child in stack.processes if stack.parent_of(child) == pid]):
            os.kill(each, signal.SIGKILL)
        yield
    finally:
        os.kill(stack.process.pid, signal.SIGCONT)


def test_a_start_while_submit_is_away_keeps_what_was_typed_and_succeeds_with_the_same_key_when_it_is_back(
    page: Page, stack: Any, connect: Any, wait_until: Any
) -> None:
    keys: list[str] = []
    page.on("request", lambda asked: keys.append(asked.headers["idempotency-key"]) if is_start(asked) else None)
    fill_report(page)

    with submit_away(stack):
        start(page)
        expect(page.locator("[data-part=start-problem]").get_by_role("alert")).to_contain_text("Not started.")

    expect(argument(page, "pages")).to_have_value("12")
    client = connect(stack.url)
    wait_until(lambda: client.http.get("/tasks").status_code == 200, what="the return of the submit service")
    page.get_by_role("button", name=re.compile("^Try again$")).click()
    assert client.wait(started_id(page))["result"] == REPORT
    assert keys == [keys[0]] * 2


def test_a_start_whose_answer_was_lost_is_tried_again_and_is_one_job(page: Page) -> None:
    accepted: list[str] = []

    def lose_answer(route: Route) -> None:
        accepted.append(route.fetch().headers["location"].removeprefix("/status/"))
        route.abort()

    page.route("**/jobs", lose_answer, times=1)
    pick(page, "give")

    start(page)
    page.get_by_role("button", name="Try again").click()

    assert [started_id(page)] == accepted
    expect(page.get_by_role("button", name="Start job")).to_be_focused()
