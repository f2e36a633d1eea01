"""The simple page in a real Chromium on the real stack."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

pytestmark = pytest.mark.page

LONG_MILLISECONDS = 60_000
END_MILLISECONDS = 20_000
"""For a short job, or for a task to see that it is to stop."""
expect.set_options(timeout=END_MILLISECONDS)


@pytest.fixture(scope="module")
def page_stack(start_lasting_stack: Callable[..., Any]) -> Any:
    """A stack whose long task takes a second: the page starts many of them. None for any other Headway."""
    if os.environ.get("E2E_URL"):
        return None
    tasks = "brief_long_task,worker.tasks.words,trial_tasks"
    return start_lasting_stack(tasks=tasks, slots=8, cancel_grace_seconds=60)


@pytest.fixture(scope="module")
def page_url(page_stack: Any) -> str:
    url: str = page_stack.url if page_stack else os.environ["E2E_URL"]
    return url


@pytest.fixture
def held_long_task(page_stack: Any) -> Iterator[Callable[[], None]]:
    """Until the test lets it go on, the long task stands still before its last step; a true one is long enough."""
    folder = page_stack.home if page_stack else os.environ.get("E2E_FILES")
    hold = Path(folder) / "hold_long_task" if folder else None
    if hold:
        hold.touch()

    def let_go() -> None:
        if hold:
            hold.unlink(missing_ok=True)

    yield let_go
    let_go()


@pytest.fixture
def page(browser: Browser, page_url: str) -> Iterator[Page]:
    """A fresh visitor on the page; whatever the page did wrong fails the test."""
    context = browser.new_context()
    page = context.new_page()
    wrong: list[str] = []
    foreign: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(page_url) else None)
    page.goto(f"{page_url}/simple")
    yield page
    context.close()
    assert not wrong
    assert not foreign


def rows(page: Page) -> Any:
    return page.locator("li[data-job]")


def click_start(page: Page) -> None:
    page.get_by_role("button", name="Start Long Calculation").click()


def start_task(page: Page, task: str, **values: str) -> Any:
    """Start a task from the form; gives its row."""
    page.locator("details.picker").evaluate("element => { element.open = true }")
    page.locator("#task").select_option(task)
    for name, value in values.items():
        choice = page.locator(f"[data-arg={name}] select")
        if choice.count():
            choice.select_option(value)
        else:
            page.locator(f"[data-arg={name}]").locator("input, textarea").fill(value)
    before = rows(page).count()
    page.get_by_role("button", name="Start task").click()
    expect(rows(page)).to_have_count(before + 1)
    return rows(page).first


def show_job(page: Page, job_id: str) -> Any:
    """Have the page remember a job that was submitted without it; gives its row."""
    page.evaluate(
        "id => localStorage.setItem(`headway.jobs ${new URL('.', location).pathname}`, JSON.stringify([id]))", job_id
    )
    page.reload()
    return rows(page).first


def cancel_button(row: Any) -> Any:
    return row.get_by_role("button", name=re.compile("^Cancel "))


def retry_button(row: Any) -> Any:
    return row.get_by_role("button", name=re.compile("^Retry "))


def test_a_click_adds_a_bar_that_moves_and_ends_with_42(page: Page, held_long_task: Callable[[], None]) -> None:
    expect(page.get_by_role("heading", name="Long running task with progress updates")).to_be_visible()
    click_start(page)

    expect(rows(page)).to_have_count(1)
    row = rows(page).first
    expect(row.get_by_role("progressbar")).to_be_visible()
    expect(row).to_have_attribute("data-state", "PROGRESS")
    expect(row.locator("[data-part=percent]")).to_have_text(re.compile(r"[1-9]\d? ?%"))
    held_long_task()
    expect(row.locator("[data-part=percent]")).to_have_text(re.compile("100 ?%"), timeout=LONG_MILLISECONDS)
    expect(row).to_contain_text("Result: 42")
    expect(row.get_by_role("progressbar")).to_have_attribute("value", re.compile("."))


def test_fifty_clicks_make_fifty_jobs_on_one_stream(page: Page) -> None:
    opened: list[Request] = []
    ended: list[Request] = []
    open_at_once: list[int] = []

    def note_start(request: Request) -> None:
        if "/events" in request.url:
            opened.append(request)
            open_at_once.append(len(opened) - len(ended))

    page.on("request", note_start)
    for event in ("requestfinished", "requestfailed"):
        page.on(event, lambda request: ended.append(request) if "/events" in request.url else None)

    # In one go: how fast a test can move a mouse decides nothing here.
    start = page.get_by_role("button", name="Start Long Calculation")
    start.evaluate("button => { for (let click = 0; click < 50; click += 1) button.click() }")

    expect(rows(page)).to_have_count(50)
    expect(page.locator("li[data-job][data-state=SUCCESS]")).to_have_count(50, timeout=LONG_MILLISECONDS)
    assert page.get_by_text("Result: 42").count() == 50
    ids = rows(page).evaluate_all("rows => rows.map(row => row.dataset.job)")
    assert len(set(ids)) == 50
    # The browser tells of the end of a stream a moment after the start of the one that takes its place.
    assert max(open_at_once) <= 2
    assert len(opened) < 25


def test_a_reload_keeps_the_jobs_and_follows_them_on(page: Page) -> None:
    for _ in range(3):
        click_start(page)
    expect(rows(page)).to_have_count(3)
    expect(page.locator("li[data-job][data-standing=known]")).to_have_count(3)

    page.reload()

    expect(rows(page)).to_have_count(3)
    expect(page.get_by_text("Result: 42")).to_have_count(3, timeout=LONG_MILLISECONDS)


def test_a_pasted_text_is_counted_from_the_form(page: Page) -> None:
    page.locator("details.picker").evaluate("element => { element.open = true }")
    page.locator("#task").select_option("word_statistics")
    page.locator("[data-arg=text] textarea").fill("one fish two fish red fish blue fish")
    page.get_by_role("button", name="Start task").click()

    row = rows(page).first
    expect(row).to_have_attribute("data-state", "SUCCESS")
    expect(row.locator("[data-part=result]")).to_contain_text('"different_words": 5')


def test_a_wrong_value_is_explained_beside_its_field(page: Page) -> None:
    page.locator("details.picker").evaluate("element => { element.open = true }")
    page.locator("#task").select_option("word_statistics")
    page.locator("[data-arg=text] textarea").fill("")
    page.get_by_role("button", name="Start task").click()

    expect(page.locator("#arg-word_statistics-text-error")).to_be_visible()
    expect(rows(page)).to_have_count(0)


def test_a_failed_job_keeps_its_bar_and_says_why(page: Page) -> None:
    page.locator("details.picker").evaluate("element => { element.open = true }")
    page.locator("#task").select_option("misbehave")
    page.locator("[data-arg=action] select").select_option("fail")
    page.get_by_role("button", name="Start task").click()

    row = rows(page).first
    expect(row).to_have_attribute("data-state", "FAILURE")
    expect(row).to_contain_text("as you wished")
    expect(row.locator("[data-part=percent]")).to_have_text(re.compile("30 ?%"))


def test_text_from_a_task_is_never_markup(page: Page) -> None:
    page.locator("details.picker").evaluate("element => { element.open = true }")
    page.locator("#task").select_option("word_statistics")
    nasty = "<img src=x onerror=alert(1)> <script>alert(2)</script> onerror onerror"
    page.locator("[data-arg=text] textarea").fill(nasty)
    page.get_by_role("button", name="Start task").click()

    expect(rows(page).first).to_have_attribute("data-state", "SUCCESS")
    assert page.locator("li[data-job] img, li[data-job] script").count() == 0


def test_a_running_job_is_cancelled_and_runs_again_when_it_is_retried(page: Page) -> None:
    row = start_task(page, "crawl", steps="160", pause="0.05")
    expect(row).to_have_attribute("data-state", "PROGRESS")

    cancel_button(row).click()

    expect(row).to_have_attribute("data-state", "REVOKED", timeout=END_MILLISECONDS)
    expect(row.locator("[data-part=state]")).to_have_text("Cancelled")
    expect(row.locator("[data-part=error]")).to_contain_text("cancelled")
    expect(cancel_button(row)).to_have_count(0)

    retry_button(row).click()

    expect(retry_button(row)).to_have_count(0)
    expect(row).to_have_attribute("data-state", "SUCCESS", timeout=LONG_MILLISECONDS)
    expect(row).to_contain_text("Result: 160")
    expect(row.locator("[data-part=facts]")).to_contain_text("ttempt 2")
    expect(rows(page)).to_have_count(1)


def test_a_job_that_does_not_listen_says_that_it_is_being_stopped(page: Page, tmp_path: Path) -> None:
    row = start_task(page, "hold", path=str(tmp_path / "listen"), steps="600")
    expect(row).to_have_attribute("data-state", "PROGRESS")

    cancel_button(row).click()

    expect(row.locator("[data-part=state]")).to_have_text("Cancelling…")
    expect(row.locator("[data-part=wait]")).to_contain_text("Asked to stop")
    expect(cancel_button(row)).to_have_count(0)
    (tmp_path / "listen").touch()
    expect(row).to_have_attribute("data-state", "REVOKED", timeout=LONG_MILLISECONDS)


def test_a_retried_job_goes_on_where_it_stopped(page: Page, tmp_path: Path) -> None:
    row = start_task(page, "resume_from", folder=str(tmp_path), steps="120", pause="0.1")
    expect(row.locator("[data-part=percent]")).to_have_text(re.compile(r"^[1-9]\d%$"))
    cancel_button(row).click()
    expect(row).to_have_attribute("data-state", "REVOKED", timeout=END_MILLISECONDS)

    retry_button(row).click()

    expect(row.locator("[data-part=facts]")).to_contain_text("goes on where it stopped")
    expect(row).to_have_attribute("data-state", "SUCCESS", timeout=LONG_MILLISECONDS)


def test_a_job_for_a_queue_that_nobody_serves_says_so_and_can_be_cancelled(
    page: Page, page_url: str, connect: Callable[[str], Any]
) -> None:
    job = connect(page_url).submit("crawl", queue="reports")
    row = show_job(page, job["id"])
    expect(row.locator("[data-part=wait]")).to_have_text(
        "Waiting: no worker serves the task “crawl” on the queue “reports”"
    )

    cancel_button(row).click()

    expect(row).to_have_attribute("data-state", "REVOKED")
    expect(row).to_contain_text("before it started")


def test_a_job_that_expired_unstarted_is_not_called_cancelled(
    page: Page, page_url: str, connect: Callable[[str], Any]
) -> None:
    job = connect(page_url).submit("crawl", queue="reports", expires_in=1)

    row = show_job(page, job["id"])

    expect(row.locator("[data-part=state]")).to_have_text("Expired", timeout=END_MILLISECONDS)
    expect(row.locator("[data-part=error]")).to_have_text("No worker started it in time. Headway ended it.")
    expect(retry_button(row)).to_be_visible()


def test_a_job_that_loses_its_worker_again_and_again_says_so(page: Page) -> None:
    row = start_task(page, "misbehave", action="die")

    expect(row).to_have_attribute("data-state", "FAILURE", timeout=LONG_MILLISECONDS)

    expect(row.locator("[data-part=error]")).to_contain_text("Worker lost")
    expect(row.locator("[data-part=facts]")).to_contain_text("ttempt 3")
    expect(retry_button(row)).to_be_visible()


def test_two_retries_at_once_beside_a_running_job_are_both_followed(page: Page) -> None:
    for number in range(2):
        expect(start_task(page, "misbehave", action="fail", seconds=str(number))).to_have_attribute(
            "data-state", "FAILURE"
        )
    start_task(page, "crawl", steps="100", pause="0.1")
    failed = page.locator("li[data-job][data-state=FAILURE]")

    for index in range(2):
        retry_button(failed.nth(index)).click()

    expect(page.locator("li[data-job] [data-part=facts]", has_text="ttempt 2")).to_have_count(2)
    expect(failed).to_have_count(2)


def test_the_keyboard_cancels_and_its_focus_stays_in_the_row(page: Page) -> None:
    row = start_task(page, "crawl", steps="600", pause="0.05")
    expect(row).to_have_attribute("data-state", "PROGRESS")
    cancel_button(row).focus()

    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    expect(row).to_have_attribute("data-state", "REVOKED", timeout=END_MILLISECONDS)
    expect(row).to_be_focused()
    page.keyboard.press("Tab")
    expect(retry_button(row)).to_be_focused()


def test_a_refused_cancel_is_explained_on_its_row_and_may_be_tried_again(browser: Browser, page_url: str) -> None:
    page = browser.new_page()
    page.goto(f"{page_url}/simple")
    row = start_task(page, "crawl", steps="600", pause="0.1")
    expect(row).to_have_attribute("data-state", "PROGRESS")
    problem = {"type": "/problems/backend-unavailable", "title": "Away", "detail": "The job store does not answer."}
    page.route("**/cancel", lambda route: route.fulfill(status=503, json=problem, headers={"Retry-After": "2"}))

    cancel_button(row).click()

    alert = row.get_by_role("alert")
    expect(alert).to_have_text("Not cancelled. The job store does not answer. Try again in 2 s.")
    expect(row).to_have_attribute("data-state", "PROGRESS")
    page.unroute("**/cancel")
    cancel_button(row).click()
    expect(row).to_have_attribute("data-state", "REVOKED", timeout=END_MILLISECONDS)
    expect(row.get_by_text("Not cancelled.")).to_have_count(0)
    page.close()


def test_a_start_whose_answer_was_lost_and_that_is_tried_again_makes_one_job(browser: Browser, page_url: str) -> None:
    page = browser.new_page()
    page.goto(f"{page_url}/simple")
    accepted: list[str] = []

    def lose_answer(route: Route) -> None:
        accepted.append(route.fetch().headers["location"].removeprefix("/status/"))
        route.abort()

    page.route("**/longtask", lose_answer, times=1)
    click_start(page)
    page.get_by_role("button", name="Try again").click()

    expect(rows(page)).to_have_count(1)
    assert rows(page).first.get_attribute("data-job") == accepted[0]
    page.close()


def test_the_row_buttons_are_large_enough_and_fit_a_narrow_page(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 900})
    row = start_task(page, "crawl", steps="600", pause="0.05")
    expect(row).to_have_attribute("data-state", "PROGRESS")

    cancel = cancel_button(row).bounding_box()
    cancel_button(row).click()
    expect(row).to_have_attribute("data-state", "REVOKED", timeout=END_MILLISECONDS)
    retry = retry_button(row).bounding_box()

    assert min(cancel["width"], cancel["height"], retry["width"], retry["height"]) >= 24
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_form_stays_open_when_the_window_becomes_narrow(page: Page) -> None:
    expect(page.locator("#task")).to_be_visible()
    page.set_viewport_size({"width": 320, "height": 900})

    page.locator("#task").select_option("crawl")

    expect(page.locator("[data-arg=steps] input")).to_be_visible()


def test_it_needs_no_mouse_and_no_width(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    page.get_by_role("button", name="Start Long Calculation").focus()
    page.keyboard.press("Enter")

    expect(rows(page)).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
