"""What is done from the list of the page: to one job, to many, by keyboard alone; pause, theme, many tabs."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

pytestmark = pytest.mark.page

expect.set_options(timeout=20_000)
MANY = 400
"""More than the list loads before somebody scrolls."""


@pytest.fixture(scope="module")
def headway(start_lasting_stack: Callable[..., Any], connect: Callable[[str], Any]) -> Any:
    stack = start_lasting_stack(tasks="brief_long_task,trial_tasks", slots=8, cancel_grace_seconds=60)
    return connect(stack.url)


@pytest.fixture
def tag() -> str:
    """What this test's jobs are found by among all others."""
    return f"tag-{uuid4().hex[:8]}"


def rows(page: Page, state: str = "") -> Locator:
    return page.locator(f"li[data-job][data-state={state}]" if state else "li[data-job]")


def part(page: Page, name: str) -> Locator:
    return page.locator(f"[data-part={name}]")


def button(row: Locator, word: str) -> Locator:
    return row.get_by_role("button", name=re.compile(f"^{word} "))


def submit_running(headway: Any, tag: str) -> dict[str, Any]:
    """A job that works until it is stopped."""
    job = headway.submit("crawl", args={"steps": 2_000, "pause": 0.05}, tags=[tag])
    running: dict[str, Any] = headway.wait(job["id"], states={"PROGRESS"})
    return running


def test_a_job_is_cancelled_and_runs_again_from_its_row(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    headway.run("misbehave", args={"action": "fail"}, tags=[tag])
    submit_running(headway, tag)
    page = visit(f"{headway.url}/?q={tag}")
    running, failed = rows(page).nth(0), rows(page).nth(1)

    button(running, "Cancel").click()
    button(failed, "Retry").click()

    expect(running).to_have_attribute("data-state", "REVOKED")
    expect(running.locator("[data-part=state]")).to_have_text("Cancelled")
    expect(button(running, "Cancel")).to_have_count(0)
    expect(button(running, "Retry")).to_be_visible()
    expect(failed.locator("[data-part=line]")).to_contain_text("attempt 2")


def test_a_cancel_that_the_server_cannot_take_is_explained_and_may_be_tried_again(
    headway: Any, visit: Callable[..., Page], tag: str
) -> None:
    submit_running(headway, tag)
    page = visit(f"{headway.url}/?q={tag}")
    row = rows(page).first
    problem = {"type": "/problems/backend-unavailable", "title": "Away", "detail": "The job store does not answer."}
    page.route("**/cancel", lambda route: route.fulfill(status=503, json=problem, headers={"Retry-After": "2"}))

    button(row, "Cancel").click()

    expect(row.get_by_role("alert")).to_have_text("Not cancelled. The job store does not answer. Try again in 2 s.")
    page.unroute("**/cancel")
    button(row, "Cancel").click()
    expect(row).to_have_attribute("data-state", "REVOKED")
    expect(row.get_by_role("alert")).to_have_count(0)


def test_a_cancel_that_comes_too_late_shows_the_end_in_its_place(
    headway: Any, visit: Callable[..., Page], tag: str
) -> None:
    job = headway.submit("crawl", args={"steps": 60}, tags=[tag])
    page = visit(f"{headway.url}/?q={tag}")
    row = rows(page).first

    def be_late(route: Route) -> None:
        headway.wait(job["id"])
        route.continue_()

    page.route("**/cancel", be_late)

    with page.expect_response("**/cancel") as answer:
        button(row, "Cancel").click()

    assert answer.value.status == 409
    expect(row).to_have_attribute("data-state", "SUCCESS")
    expect(row.get_by_role("alert")).to_have_count(0)


def test_the_focus_stays_in_the_row_when_its_button_goes(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    submit_running(headway, tag)
    page = visit(f"{headway.url}/?q={tag}")
    row = rows(page).first
    button(row, "Cancel").focus()

    page.keyboard.press("Enter")

    expect(row).to_have_attribute("data-state", "REVOKED")
    expect(row).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(button(row, "Retry")).to_be_focused()


def test_many_jobs_are_stopped_at_once_after_a_question(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    for _ in range(3):
        headway.submit("crawl", queue="nobody", tags=[tag])
    headway.run("misbehave", tags=[tag])
    page = visit(f"{headway.url}/?q={tag}")
    expect(rows(page)).to_have_count(4)
    part(page, "select").click()
    part(page, "select-loaded").click()

    part(page, "bulk-cancel").click()

    dialog = page.get_by_role("dialog", name="Cancel 4 jobs?")
    keep = dialog.get_by_role("button", name="Keep them running")
    expect(keep).to_be_focused()
    keep.click()
    expect(rows(page, "PENDING")).to_have_count(3)
    part(page, "bulk-cancel").click()
    part(page, "bulk-confirm").click()
    expect(part(page, "tally")).to_have_text("3 asked to stop, 1 could not be: they had moved on.")
    expect(rows(page, "REVOKED")).to_have_count(3)
    expect(rows(page, "SUCCESS")).to_have_count(1)


def test_those_that_are_ticked_run_again_and_no_others(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    for _ in range(3):
        headway.run("misbehave", args={"action": "fail"}, tags=[tag])
    page = visit(f"{headway.url}/?q={tag}")
    part(page, "select").click()
    expect(part(page, "bulk-retry")).to_have_attribute("aria-disabled", "true")

    for place in (0, 2):
        rows(page).nth(place).get_by_role("checkbox").check()
    part(page, "bulk-retry").click()

    expect(part(page, "tally")).to_have_text("2 running again.")
    expect(rows(page).filter(has_text="attempt 2")).to_have_count(2)
    expect(part(page, "bulk-retry")).to_have_text("Retry 0")


def test_all_that_match_are_selected_though_they_are_not_all_loaded(
    headway: Any, visit: Callable[..., Page], tag: str
) -> None:
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda _: headway.submit("crawl", queue="nobody", tags=[tag]), range(MANY)))
    page = visit(f"{headway.url}/?q={tag}")
    part(page, "select").click()
    part(page, "select-loaded").click()
    expect(part(page, "bulk-cancel")).to_have_text(re.compile(r"^Cancel [123]00$"))

    part(page, "select-matching").click()
    expect(part(page, "bulk-cancel")).to_have_text(f"Cancel {MANY}")
    part(page, "bulk-cancel").click()
    part(page, "bulk-confirm").click()

    expect(part(page, "tally")).to_have_text(f"{MANY} asked to stop.")
    left = headway.http.get("/status", params={"q": tag, "state": "PENDING"}).json()["jobs"]
    assert left == []


def test_a_pause_lets_everything_stand_and_shows_the_latest_when_it_ends(
    headway: Any, visit: Callable[..., Page], tag: str
) -> None:
    job = submit_running(headway, tag)
    page = visit(f"{headway.url}/?q={tag}")
    row = rows(page).first
    expect(row.locator("[data-part=line]")).to_contain_text(re.compile(r"\d+ of"))
    page.get_by_role("button", name="Pause updates").click()
    expect(part(page, "paused")).to_be_visible()
    before = row.inner_text()

    headway.http.post(f"/jobs/{job['id']}/cancel")
    headway.wait(job["id"])
    new = headway.run("crawl", args={"steps": 1}, tags=[tag])

    expect(part(page, "news")).to_contain_text("show")
    assert row.inner_text() == before
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Resume updates").click()
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_have_attribute("data-job", new["id"])
    expect(rows(page).last).to_have_attribute("data-state", "REVOKED")
    expect(part(page, "paused")).to_have_count(0)


def test_the_keyboard_alone_searches_walks_opens_and_comes_back(
    headway: Any, visit: Callable[..., Page], tag: str
) -> None:
    for _ in range(3):
        headway.run("misbehave", tags=[tag])
    page = visit(headway.url)
    names = part(page, "open")
    expect(names.first).to_be_visible()

    page.keyboard.press("/")
    expect(page.get_by_label("Search by id, task or tag")).to_be_focused()
    page.keyboard.type(tag)
    expect(names).to_have_count(3)
    page.evaluate("document.activeElement.blur()")
    for key in "jjk":
        page.keyboard.press(key)
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(part(page, "job-pane")).to_contain_text("Misbehave")
    page.keyboard.press("Escape")

    expect(part(page, "job-pane")).to_have_count(0)
    expect(names.nth(1)).to_be_focused()


def test_single_keys_pause_and_help_and_can_be_switched_off(headway: Any, visit: Callable[..., Page]) -> None:
    page = visit(headway.url)
    expect(part(page, "help")).to_be_visible()
    page.keyboard.press("p")
    expect(part(page, "paused")).to_be_visible()
    page.keyboard.press("p")
    expect(part(page, "paused")).to_have_count(0)

    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    dialog.get_by_label("Single keys do something").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("p")
    page.keyboard.press("?")

    expect(part(page, "paused")).to_have_count(0)
    expect(dialog).to_be_hidden()
    page.reload()
    page.keyboard.press("p")
    expect(part(page, "paused")).to_have_count(0)


def test_help_that_is_asked_for_before_it_is_loaded_opens_when_it_is(browser: Browser, headway: Any, tag: str) -> None:
    held: list[Route] = []
    page = browser.new_page()
    page.route("**/Help-*.js", lambda route: held.append(route))
    with page.expect_request("**/Help-*.js"):
        page.goto(f"{headway.url}/?q={tag}")
    expect(page.locator("[data-connection=live]")).to_be_visible()

    page.keyboard.press("?")
    held[0].continue_()

    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.close()


def test_keys_that_are_typed_into_a_field_are_only_text(headway: Any, visit: Callable[..., Page]) -> None:
    page = visit(headway.url)
    search = page.get_by_label("Search by id, task or tag")
    search.focus()

    page.keyboard.type("jp?/k")

    expect(search).to_have_value("jp?/k")
    expect(search).to_be_focused()
    expect(part(page, "paused")).to_have_count(0)


def test_the_focus_stays_while_rows_move(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    for _ in range(3):
        submit_running(headway, tag)
    page = visit(f"{headway.url}/?q={tag}")
    cancel = button(rows(page).nth(1), "Cancel")
    cancel.focus()
    line = rows(page).nth(1).locator("[data-part=line]")
    seen = line.inner_text()

    for _ in range(5):
        expect(line).not_to_have_text(seen)
        seen = line.inner_text()

    expect(cancel).to_be_focused()


def test_the_theme_is_chosen_and_kept(headway: Any, visit: Callable[..., Page]) -> None:
    page = visit(headway.url, color_scheme="light")
    theme, background = part(page, "theme"), "getComputedStyle(document.body).backgroundColor"
    expect(theme).to_have_text("Theme: System")
    light = page.evaluate(background)

    theme.click()
    theme.click()
    expect(theme).to_have_text("Theme: Dark")
    dark = page.evaluate(background)
    page.reload()

    expect(theme).to_have_text("Theme: Dark")
    assert page.evaluate(background) == dark != light
    theme.click()
    expect(theme).to_have_text("Theme: System")
    assert page.evaluate(background) == light


def test_seven_tabs_at_once_all_load_and_the_one_that_is_looked_at_is_live(browser: Browser, headway: Any) -> None:
    headway.run("misbehave")
    context = browser.new_context()
    # Without a screen no tab is ever hidden, so each is told so: all but the last were opened in the background.
    context.add_init_script(
        """window.isHidden = !location.search.includes("shown");
        Object.defineProperty(Document.prototype, "hidden", { get: () => window.isHidden });"""
    )
    hidden = [context.new_page() for _ in range(6)]
    for tab in hidden:
        tab.goto(headway.url)
        expect(rows(tab).first).to_be_visible()

    shown = context.new_page()
    shown.goto(f"{headway.url}/?shown")

    expect(rows(shown).first).to_be_visible()
    badge = "[data-connection=live]"
    expect(shown.locator(badge)).to_be_visible()
    hidden[0].evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(hidden[0].locator(badge)).to_be_visible()
    context.close()


def test_a_tab_that_was_hidden_for_long_gives_its_stream_back_and_catches_up_when_it_is_shown(
    browser: Browser, headway: Any, tag: str
) -> None:
    job = submit_running(headway, tag)
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{headway.url}/?q={tag}")
    page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    expect(page.locator("[data-connection=live]")).to_be_visible()

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.fast_forward(31_000)
    expect(page.locator("[data-connection=paused]")).to_be_attached()
    headway.http.post(f"/jobs/{job['id']}/cancel")
    headway.wait(job["id"])
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.locator("[data-connection=live]")).to_be_visible()
    expect(rows(page).first).to_have_attribute("data-state", "REVOKED")
    page.close()
