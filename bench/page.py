"""The page part: the built page in Chromium on the real services, with a thousand jobs that move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fixtures import Stores
from live_jobs import LiveJobs, make_ended_jobs, running_jobs
from playwright.sync_api import Browser, CDPSession, Page
from processes import running_page
from watching import Watched, open_page, running_browser, watch

LIVE = 1_000
LISTED = 10_000
SLOW_DOWN = 4
SLOW_BYTES_PER_SECOND = 1_600_000 / 8
SLOW_MILLISECONDS = 150
FIRST_MILLISECONDS = 60_000
SCROLLS_PER_SECOND = 20
SETTLE_MILLISECONDS = 3_000

NOTE_USABLE = """
let usableAt = null;
const look = () => {
  const isDrawn = (selector) => document.querySelector(selector) !== null;
  const isUsable = isDrawn(".list > .row[data-state]") && isDrawn("[data-part=start] form");
  const isPainted = performance.getEntriesByName("first-contentful-paint").length > 0;
  if (isUsable) usableAt ??= performance.now();
  if (isUsable && isPainted) document.documentElement.dataset.usableAt = usableAt;
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
LAST_PLACE = (
    """() => Number([...document.querySelectorAll(".list > .row")].at(-1)?.getAttribute("aria-posinset") ?? 0)"""
)
SCROLL_ON = """(perSecond) => {
  let down = true;
  return setInterval(() => {
    if (scrollY + innerHeight >= document.body.scrollHeight - 1) down = false;
    if (scrollY === 0) down = true;
    scrollBy(0, down ? 400 : -400);
  }, 1000 / perSecond);
}"""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the page was made to do, and how that went."""

    name: str
    slow_down: int
    seconds: float
    reports_per_second: float
    """Of all jobs, as many as were written meanwhile."""
    watched: Watched


@dataclass(frozen=True, slots=True)
class Opening:
    """How soon a page is there on a slow phone's line and processor."""

    first_paint_milliseconds: float
    usable_milliseconds: float
    """The first row of the list and the form are drawn."""


def measure_page(
    stores: Stores, *, seconds: float, listed: int, openings: int, say: Callable[[str], None]
) -> tuple[list[Situation], list[Opening]]:
    """Raises `TimeoutError` when the page does not list what there is."""
    stores.prepare_ours()
    make_ended_jobs(stores.ours_url, listed - LIVE)
    with (
        running_jobs(stores.ours_url, live=LIVE) as jobs,
        running_page(stores.ours_url) as url,
        running_browser() as browser,
    ):
        say("page: how soon it is there")
        opened = [_open_slowly(browser, url) for _ in range(openings)]
        return _situations(browser, url, jobs, seconds, listed, say), opened


def _situations(
    browser: Browser, url: str, jobs: LiveJobs, seconds: float, listed: int, say: Callable[[str], None]
) -> list[Situation]:
    found = []
    with open_page(browser) as (page, session):

        def measure(name: str, slow_down: int, seconds: float) -> None:
            say(f"page: {name}, processor {slow_down} times slower")
            session.send("Emulation.setCPUThrottlingRate", {"rate": slow_down})
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            jobs.begin()
            watched = watch(page, session, seconds=seconds)
            found.append(Situation(name, slow_down, seconds, jobs.reports_per_second(), watched))
            session.send("Emulation.setCPUThrottlingRate", {"rate": 1})

        page.goto(url)
        page.wait_for_selector(".list > .row[data-state=PROGRESS]", timeout=FIRST_MILLISECONDS)
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        measure(f"{LIVE:,} live jobs", 1, seconds)
        measure(f"{LIVE:,} live jobs", SLOW_DOWN, seconds / 3)
        _list_all(page, listed)
        measure(f"{listed:,} listed", 1, seconds / 3)
        measure(f"{listed:,} listed", SLOW_DOWN, seconds / 3)
        scroll = page.evaluate(SCROLL_ON, SCROLLS_PER_SECOND)
        measure(f"{listed:,} scrolled", 1, seconds / 3)
        measure(f"{listed:,} scrolled", SLOW_DOWN, seconds / 3)
        page.evaluate("(timer) => clearInterval(timer)", scroll)
    return found


def _list_all(page: Page, listed: int) -> None:
    """To the end, page by page, and back to the top."""
    for _ in range(listed):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(50)
        if page.evaluate(LAST_PLACE) >= listed:
            page.evaluate("scrollTo(0, 0)")
            page.wait_for_selector(".list > .row[aria-posinset='1']")
            return
    raise TimeoutError(f"The page does not list {listed} jobs; its last row has place {page.evaluate(LAST_PLACE)}.")


def _open_slowly(browser: Browser, url: str) -> Opening:
    with open_page(browser) as (page, session):
        _slow(session)
        page.add_init_script(NOTE_USABLE)
        page.goto(url)
        root = page.locator("html[data-usable-at]")  # no function that waits: the page's policy forbids `eval`
        usable_at = root.get_attribute("data-usable-at", timeout=FIRST_MILLISECONDS)
        return Opening(page.evaluate(FIRST_PAINT), float(usable_at or "nan"))


def _slow(session: CDPSession) -> None:
    line = {
        "offline": False,
        "latency": SLOW_MILLISECONDS,
        "downloadThroughput": SLOW_BYTES_PER_SECOND,
        "uploadThroughput": SLOW_BYTES_PER_SECOND,
    }
    session.send("Network.emulateNetworkConditions", line)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_DOWN})
