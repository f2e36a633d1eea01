"""Take the pictures of the page for the docs, from the running stack of `take_screenshots.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser, Page, expect

IMAGES = Path(__file__).parent / "images"
WIDE = {"width": 1680, "height": 1000}
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 320, "height": 760}
TIME_TO_GROW_MILLISECONDS = 8_000
"""Until the charts have something to show."""


def take_page(browser: Browser, url: str) -> None:
    jobs = submit_jobs(url)
    page = visit(browser, url, f"?job={jobs['running']}", WIDE, "light")
    page.wait_for_timeout(TIME_TO_GROW_MILLISECONDS)
    shoot(page, "page-wide")
    take(browser, url, "page-wide-dark", f"?job={jobs['failed']}", WIDE, "dark")
    take(browser, url, "page-selecting", "", DESK, "light", select_some)
    take(browser, url, "page-start", "?view=start", DESK, "light", fill_form)
    take(browser, url, "page-job-failed", f"?job={jobs['failed']}", DESK, "light")
    take(browser, url, "page-job-done", f"?job={jobs['done']}", DESK, "light")
    take(browser, url, "page-phone-list", "", PHONE, "light")
    take(browser, url, "page-phone-start", "?view=start", PHONE, "light", fill_form)
    take(browser, url, "page-phone-stats", "?view=stats", PHONE, "light")
    take(browser, url, "page-phone-job", f"?job={jobs['running']}", PHONE, "dark")


def submit_jobs(url: str) -> dict[str, str]:
    """Jobs in every state, the moving ones last, so that they stand on top."""
    with httpx2.Client(base_url=url, timeout=20) as http:

        def submit(task: str, options: dict[str, Any] | None = None, **args: Any) -> str:
            answer = http.post("/jobs", json={"task": task, "args": args, **(options or {})})
            answer.raise_for_status()
            return str(answer.json()["id"])

        for month in range(1, 10):
            submit("build_report", month=f"2026-{month:02}", pages=20)
        done = submit("list_cities")
        failed = submit("import_orders")
        cancelled = submit("build_report", month="2027-01", pages=5_000)
        http.post(f"/jobs/{cancelled}/cancel", json={"reason": "Not needed any more."})
        submit("build_report", {"queue": "night"}, month="2026-10")
        submit("build_report", {"countdown": 3_600, "tags": ["monthly"]}, month="2026-11")
        submit("fetch_prices")
        for month, pages in (("2026-08", 900), ("2026-09", 600), ("2026-10", 500)):
            submit("build_report", month=month, pages=pages, pause=0.1)
        running = submit("build_report", {"tags": ["monthly", "finance"]}, month="2026-11", pages=400, pause=0.1)
    return {"done": done, "failed": failed, "running": running}


def take(
    browser: Browser,
    url: str,
    name: str,
    address: str,
    size: Any,
    scheme: Any,
    prepare: Callable[[Page], None] | None = None,
) -> None:
    page = visit(browser, url, address, size, scheme)
    if prepare:
        prepare(page)
    page.wait_for_timeout(1_500)
    shoot(page, name)


def visit(browser: Browser, url: str, address: str, size: Any, scheme: Any) -> Page:
    page = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=2).new_page()
    page.goto(f"{url}/{address}")
    expect(page.locator("[data-connection=live]")).to_be_attached()
    return page


def shoot(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.screenshot(path=IMAGES / f"{name}.png")
    page.context.close()
    print(f"docs/images/{name}.png")


def select_some(page: Page) -> None:
    page.locator("[data-part=select]").click()
    for place in (0, 1, 2):
        page.locator("li[data-job] .pick").nth(place).check()


def fill_form(page: Page) -> None:
    page.locator("#start-task").select_option("print_invoice")
    page.locator('[id="start-args/customer"]').fill("Ada Lovelace")
    page.locator('[id="start-args/items/0/name"]').fill("Analytical engine")
