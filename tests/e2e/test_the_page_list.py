"""The list of the page: what it shows, where one is in it, and that it never moves under who reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.page

expect.set_options(timeout=20_000)
MANY = 1_500
UNSERVED = "nobody"
"""A queue without a worker: its jobs wait for ever."""
SCROLL_THROUGH = """async (wanted) => {
    const seen = new Set();
    let mostDrawn = 0;
    for (const end = Date.now() + 25000; seen.size < wanted && Date.now() < end; ) {
        for (const row of document.querySelectorAll("li[data-job]")) seen.add(row.dataset.job);
        mostDrawn = Math.max(mostDrawn, document.querySelectorAll("*").length);
        window.scrollBy(0, window.innerHeight);
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    }
    return [seen.size, mostDrawn];
}"""
"""From screen to screen as fast as they are drawn: how many jobs were seen, and the most elements at once."""


@pytest.fixture(scope="module")
def headway(start_lasting_stack: Callable[..., Any], connect: Callable[[str], Any]) -> Any:
    """A Headway of this file's own: its first test sees it without a job."""
    return connect(start_lasting_stack(tasks="brief_long_task,trial_tasks", slots=8).url)


@pytest.fixture
def tag() -> str:
    """What this test's jobs are found by among all others."""
    return f"tag-{uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def many(headway: Any) -> str:
    """The tag of more jobs than fit any screen; they wait."""
    with ThreadPoolExecutor(8) as senders:
        senders.map(lambda _: submit_waiting(headway, "many"), range(MANY))
    return "many"


def submit_waiting(headway: Any, tag: str) -> str:
    job_id: str = headway.submit("crawl", queue=UNSERVED, tags=[tag])["id"]
    return job_id


def rows(page: Page) -> Locator:
    return page.locator("li[data-job]")


def row_of(page: Page, job: dict[str, Any]) -> Locator:
    return page.locator(f"li[data-job='{job['id']}']")


def ids(page: Page) -> list[str]:
    found: list[str] = rows(page).evaluate_all("rows => rows.map(row => row.dataset.job)")
    return found


def top_of(row: Locator) -> float:
    top: float = row.evaluate("row => row.getBoundingClientRect().top")
    return top


def start_from_form(page: Page, task: str) -> None:
    page.locator("#start-task").select_option(task)
    page.get_by_role("button", name="Start job").click()


def test_a_headway_without_jobs_says_so_until_the_first_one_starts(headway: Any, visit: Callable[..., Page]) -> None:
    page = visit(headway.url)
    expect(page.locator("[data-part=empty]")).to_contain_text("No jobs yet")

    start_from_form(page, "crawl")

    expect(rows(page)).to_have_count(1)
    expect(page.locator("[data-part=empty]")).to_have_count(0)


def test_the_bars_of_all_jobs_move_and_end(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    jobs = [headway.submit("crawl", args={"steps": 60, "pause": 0.05}, tags=[tag]) for _ in range(3)]

    page = visit(f"{headway.url}/?q={tag}")

    for job in jobs:
        expect(row_of(page, job).locator("[data-part=percent]")).to_have_text(re.compile(r"^[1-9]\d?%$"))
        expect(row_of(page, job).get_by_role("progressbar")).to_have_accessible_name(re.compile("^Crawl"))
    for job in jobs:
        expect(row_of(page, job)).to_have_attribute("data-state", "SUCCESS")
        expect(row_of(page, job).locator("[data-part=percent]")).to_have_text("100%")


def test_a_tab_shows_its_state_and_stands_in_the_address(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    done = headway.run("misbehave", tags=[tag])
    failed = headway.run("misbehave", args={"action": "fail"}, tags=[tag])
    page = visit(f"{headway.url}/?q={tag}")
    expect(rows(page)).to_have_count(2)

    page.locator("[data-tab=failed]").click()

    expect(rows(page)).to_have_count(1)
    expect(row_of(page, failed)).to_be_visible()
    expect(page).to_have_url(re.compile(rf"\?state=failed&q={tag}$"))
    expect(page.locator("[data-tab=failed]")).to_have_attribute("aria-current", "true")
    page.locator("[data-tab=done]").click()
    expect(row_of(page, done)).to_be_visible()
    expect(row_of(page, failed)).to_have_count(0)


def test_a_tab_says_how_many_jobs_there_are_in_all(headway: Any, visit: Callable[..., Page]) -> None:
    headway.run("misbehave", args={"action": "fail"})
    page = visit(headway.url)
    failed = page.locator("[data-tab=failed] .total")
    before = headway.http.get("/status").json()["totals"]["FAILURE"]  # `/stats` may be a second old
    expect(failed).to_have_text(str(before))

    headway.run("misbehave", args={"action": "fail"})

    expect(failed).to_have_text(str(before + 1))


def test_an_address_leads_to_its_filter_and_its_job_and_so_does_a_reload(
    headway: Any, visit: Callable[..., Page], tag: str
) -> None:
    failed = [headway.run("misbehave", args={"action": "fail"}, tags=[tag]) for _ in range(2)]
    headway.run("misbehave", tags=[tag])
    page = visit(f"{headway.url}/?state=failed&task=misbehave&q={tag}&job={failed[0]['id']}")

    for _ in range(2):
        expect(rows(page)).to_have_count(2)
        expect(page.get_by_label("Search by id, task or tag")).to_have_value(tag)
        expect(page.locator("[data-part=task-choice]")).to_have_value("misbehave")
        expect(page.locator("[data-part=job-pane]")).to_contain_text("as you wished")
        expect(row_of(page, failed[0]).locator("[data-part=open]")).to_have_attribute("aria-current", "true")
        page.reload()


def test_back_and_forward_close_and_open_the_job(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    job = headway.run("misbehave", tags=[tag])
    page = visit(f"{headway.url}/?q={tag}")
    pane = page.locator("[data-part=job-pane]")
    row_of(page, job).locator("[data-part=open]").click()
    expect(pane).to_be_visible()
    expect(page).to_have_url(re.compile(job["id"]))

    page.go_back()
    expect(pane).to_have_count(0)
    expect(page).to_have_url(re.compile(rf"\?q={tag}$"))
    page.go_forward()

    expect(pane).to_contain_text("Misbehave")


def test_a_search_finds_an_id_a_task_and_a_tag(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    job = headway.run("misbehave", tags=[tag])
    page = visit(headway.url)
    search = page.get_by_label("Search by id, task or tag")

    for text in (job["id"][:12], "MISBEH", tag[:-1]):
        search.fill(text)
        expect(page).to_have_url(f"{headway.url}/?q={text}")
        expect(row_of(page, job)).to_be_visible()
        expect(page.locator("li[data-job] .name", has_text="Crawl")).to_have_count(0)


def test_a_search_that_is_too_short_says_so_and_leaves_the_list(headway: Any, visit: Callable[..., Page]) -> None:
    headway.run("misbehave")
    page = visit(headway.url)
    expect(rows(page).first).to_be_visible()

    page.get_by_label("Search by id, task or tag").fill("m")

    expect(page.locator("#search-hint")).to_have_text("2 characters at least")
    expect(rows(page).first).to_be_visible()
    expect(page).to_have_url(f"{headway.url}/")


def test_the_choice_of_a_task_shows_only_its_jobs(headway: Any, visit: Callable[..., Page], tag: str) -> None:
    headway.run("misbehave", tags=[tag])
    crawl = headway.run("crawl", args={"steps": 1}, tags=[tag])
    page = visit(f"{headway.url}/?q={tag}")
    expect(rows(page)).to_have_count(2)

    page.locator("[data-part=task-choice]").select_option("crawl")

    expect(rows(page)).to_have_count(1)
    expect(row_of(page, crawl)).to_be_visible()
    expect(page).to_have_url(re.compile(rf"\?task=crawl&q={tag}$"))


def test_a_filter_that_nothing_matches_can_be_cleared(headway: Any, visit: Callable[..., Page]) -> None:
    headway.run("misbehave")
    page = visit(f"{headway.url}/?q=no-such-thing&state=failed")
    expect(page.locator("[data-part=empty]")).to_contain_text("No job matches.")

    page.get_by_role("button", name="Clear filters").click()

    expect(rows(page).first).to_be_visible()
    expect(page).to_have_url(f"{headway.url}/")
    expect(page.get_by_label("Search by id, task or tag")).to_have_value("")


def test_of_thousands_of_jobs_a_screenful_is_drawn_and_scrolling_shows_the_rest(
    headway: Any, visit: Callable[..., Page], many: str
) -> None:
    page = visit(f"{headway.url}/?q={many}")
    expect(rows(page).first).to_be_visible()

    seen, most_drawn = page.evaluate(SCROLL_THROUGH, MANY)

    assert seen == MANY
    assert most_drawn < 1_500
    expect(rows(page).last).to_have_attribute("aria-posinset", str(MANY))
    expect(rows(page).last).to_have_attribute("aria-setsize", str(MANY))


def test_new_jobs_wait_above_while_somebody_has_scrolled_down(
    headway: Any, visit: Callable[..., Page], many: str
) -> None:
    page = visit(headway.url)
    expect(rows(page).first).to_be_visible()
    page.mouse.move(900, 500)
    page.mouse.wheel(0, 3_000)
    read = rows(page).nth(10)
    expect(read).to_be_in_viewport()
    job_id, top = read.get_attribute("data-job"), top_of(read)

    new = [headway.run("crawl", args={"steps": 1}) for _ in range(3)]

    news = page.locator("[data-part=news]")
    expect(news).to_have_text("3 new jobs above: show")
    assert abs(top_of(page.locator(f"li[data-job='{job_id}']")) - top) <= 1
    expect(row_of(page, new[0])).to_have_count(0)
    news.get_by_role("button").click()
    expect(rows(page).first).to_have_attribute("data-job", new[-1]["id"])
    expect(rows(page).first).to_be_in_viewport()
    expect(news).to_have_count(0)


def test_new_jobs_wait_above_while_a_row_has_the_focus(headway: Any, visit: Callable[..., Page], many: str) -> None:
    page = visit(headway.url)
    read = rows(page).nth(2)
    read.locator("[data-part=open]").focus()
    before = ids(page)

    headway.run("crawl", args={"steps": 1})

    expect(page.locator("[data-part=news]")).to_have_text("1 new job above: show")
    assert ids(page) == before
    expect(read.locator("[data-part=open]")).to_be_focused()


def test_a_list_that_nobody_reads_shows_new_jobs_by_itself(headway: Any, visit: Callable[..., Page]) -> None:
    page = visit(headway.url)
    expect(rows(page).first).to_be_visible()

    job = headway.run("crawl", args={"steps": 1})

    expect(rows(page).first).to_have_attribute("data-job", job["id"])
    expect(page.locator("[data-part=news]")).to_have_count(0)


def test_a_job_that_is_started_here_stands_first_before_any_list_knows_it(
    headway: Any, visit: Callable[..., Page], many: str
) -> None:
    page = visit(headway.url)
    expect(rows(page).first).to_be_visible()
    before = ids(page)
    page.route("**/status?*", lambda route: None)  # no list is answered any more

    start_from_form(page, "crawl")

    expect(rows(page).nth(1)).to_have_attribute("data-job", before[0])
    expect(rows(page).first).to_have_attribute("data-state", "SUCCESS")


def test_a_list_whose_question_was_lost_is_asked_for_again_without_a_click(
    headway: Any, visit: Callable[..., Page], many: str
) -> None:
    page = visit(f"{headway.url}/?q={many}")
    expect(rows(page).first).to_be_visible()
    page.route("**/status?*state=*", lambda route: route.abort(), times=1)

    page.locator("[data-tab=waiting]").click()
    expect(page.locator("[data-part=list-problem]")).to_contain_text("The list could not be brought up to date.")

    expect(rows(page).first).to_be_visible()
    expect(page.locator("[data-part=list-problem]")).to_have_count(0)


def test_jobs_on_a_queue_that_nobody_serves_are_announced(headway: Any, visit: Callable[..., Page], many: str) -> None:
    page = visit(f"{headway.url}/?q={many}")

    expect(page.locator("[data-part=unserved]")).to_contain_text(
        re.compile(rf"No worker serves the queue “{UNSERVED}” \([\d,]+ waiting\)")
    )
    expect(rows(page).first).to_contain_text("no worker serves")
