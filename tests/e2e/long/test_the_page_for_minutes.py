"""The page over minutes: many jobs, many tabs, and services that come and go under it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.page, pytest.mark.timeout(400)]

SOAK_SECONDS = 120
SOAK_JOBS = 300
LISTED = 3_000
TABS = 7
TABS_SECONDS = 60
MOST_CONNECTIONS = 6
"""That a browser opens to one server by HTTP/1.1, for all tabs together."""
MOST_GROWTH_BYTES = 4_000_000
"""In two minutes, both ends after a collection: the figures of two minutes and three hundred documents fit in it."""
AWAY_WORDS = "Failed to load resource"
"""The browser's own words for a server that is away for a moment."""
expect.set_options(timeout=30_000)


def heap_bytes(page: Page) -> int:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: int = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used


def look_for(page: Page, seconds: float, check: Callable[[], None] = lambda: None) -> None:
    """Let time pass, and look again and again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        page.wait_for_timeout(500)
        check()


def shown(page: Page) -> list[tuple[str, str]]:
    """Id and state of each row that is drawn."""
    rows = page.evaluate("[...document.querySelectorAll('.list > .row')].map(r => [r.dataset.job, r.dataset.state])")
    return [(job_id, state) for job_id, state in rows]


def listed(client: Any, count: int) -> list[tuple[str, str]]:
    jobs = client.http.get("/status", params={"page_size": count}).json()["jobs"]
    return [(job["id"], job["state"]) for job in jobs]


def test_two_minutes_of_moving_jobs_leave_the_page_as_small_and_as_true_as_it_was(
    visit: Any, submit_many: Callable[..., list[str]], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    client = connect(visit.url)
    submit_many(SOAK_JOBS, "crawl", args={"steps": 60, "pause": 0.1})
    page = visit.open_tab()
    expect(page.locator(".list > .row[data-state=PROGRESS]").or_(page.locator(".list > .row")).first).to_be_visible()
    look_for(page, 10)
    before = heap_bytes(page)

    look_for(page, SOAK_SECONDS, visit.look)

    assert heap_bytes(page) - before < MOST_GROWTH_BYTES
    assert visit.doubled == []
    assert visit.wrong == []
    wait_until(
        lambda: page.wait_for_timeout(100) or ((rows := shown(page)) and rows == listed(client, len(rows))),
        what="the list of the page is the list of the server",
    )


def test_three_thousand_jobs_are_scrolled_to_the_end(
    visit: Any, submit_many: Callable[..., list[str]], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    client = connect(visit.url)
    known = sum(client.http.get("/stats").json()["totals"].values())
    submit_many(LISTED - min(known, LISTED), "crawl", args={"steps": 1, "pause": 0})
    page = visit.open_tab()
    first = page.locator(".list > .row[data-state]").first
    expect(first).to_be_visible()

    def is_at_the_end() -> bool:
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(50)
        last = page.locator(".list > .row").last
        place, size = last.get_attribute("aria-posinset"), last.get_attribute("aria-setsize")
        return place == size and int(size or 0) >= LISTED

    wait_until(is_at_the_end, 120, "the last job is drawn")
    drawn = page.locator(".list > .row").count()
    page.evaluate("scrollTo(0, 0)")

    expect(page.locator(".list > .row[aria-posinset='1']")).to_be_visible()
    assert drawn < 60
    assert visit.wrong == []


def test_seven_tabs_are_all_served_for_a_minute(
    visit: Any, submit_many: Callable[..., list[str]], wait_until: Callable[..., Any]
) -> None:
    submit_many(40, "crawl", args={"steps": 300, "pause": 0.1})
    tabs = []
    for number in range(TABS):
        tabs.append(visit.open_tab())
        expect(tabs[number].locator(".list > .row[data-state]").first).to_be_visible()
        if number == MOST_CONNECTIONS - 2:  # one of them stays free for what is no stream
            for tab in tabs:
                visit.hide(tab)
            wait_until(lambda: tabs[0].wait_for_timeout(200) or not visit.open_streams, 60, "hidden tabs let go")

    look_for(tabs[-1], TABS_SECONDS, visit.look)
    for tab in tabs[: MOST_CONNECTIONS - 3]:
        visit.show(tab)

    for tab in tabs:
        expect(tab.locator(".list > .row[data-state]").first).to_be_visible()
    wait_until(lambda: tabs[0].wait_for_timeout(200) or visit.streams[tabs[0]], 30, "a tab shown again has its stream")
    assert visit.doubled == []
    assert visit.wrong == []


def test_a_rolling_restart_of_status_under_a_watching_page_loses_nothing(
    visit: Any,
    long_stack: Any,
    submit_many: Callable[..., list[str]],
    connect: Callable[..., Any],
    wait_until: Callable[..., Any],
) -> None:
    client = connect(visit.url)
    [talker] = submit_many(1, "talk", args={"lines": 80, "pause": 0.25}, priority="high")
    client.wait(talker, states={"PROGRESS"})
    page = visit.open_tab(f"?job={talker}")
    log = page.locator(".job-lines")
    expect(log).to_contain_text("line 0")
    old = [pid for pid in long_stack.processes if long_stack.command_of(pid).endswith("-m\0status\0")]
    parents = [pid for pid in old if long_stack.parent_of(pid) not in old]
    assert len(parents) == 2

    for pid in parents:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda pid=pid: page.wait_for_timeout(50) or not long_stack.is_alive(pid), what="its end")
        look_for(page, 4, visit.look)  # the supervisor starts another one after a second

    client.wait(talker, 60)
    expect(log).to_contain_text("line 79")
    expect(page.get_by_text("80 lines", exact=True)).to_be_visible()
    drawn = [line.split()[-1] for line in log.locator(".job-line").all_inner_texts()]
    assert drawn == [str(number) for number in range(80 - len(drawn), 80)]
    assert [each for each in visit.wrong if AWAY_WORDS not in each] == []
