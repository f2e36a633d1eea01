"""Take the pictures of both pages for the docs, from a real stack in a real Chromium: `make screenshots`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright
from take_page_pictures import take_page

from local.ports import free_ports

HERE = Path(__file__).parent
IMAGES = HERE / "images"
READY_SECONDS = 60.0
STOP_SECONDS = 60.0
SETTLE_MILLISECONDS = 6_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
TEXT = (
    "The record is the truth, the message is a doorbell. A doorbell may be late, doubled or lost. The record may not."
)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with running_stack() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        take(browser, url, "simple-light", "light", width=1200, height=800)
        take(browser, url, "simple-dark", "dark", width=1200, height=800)
        take(browser, url, "simple-narrow", "light", width=400, height=1200)
        take_page(browser, url)
        browser.close()


def take(browser: Browser, url: str, name: str, scheme: Literal["light", "dark"], *, width: int, height: int) -> None:
    """One picture: a fresh visitor starts some jobs and waits until they are in different states."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=2
    )
    page = context.new_page()
    page.goto(f"{url}/simple")
    start_jobs(page)
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    close_form(page)
    page.mouse.move(0, 0)  # away from the button, which would look pressed
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.screenshot(path=IMAGES / f"{name}.png", clip={"x": 0, "y": 0, "width": width, "height": content_height(page)})
    context.close()
    print(f"docs/images/{name}.png")


def start_jobs(page: Page) -> None:
    """The last one started stands on top."""
    open_form(page)
    start(page, "import_orders")
    in_state(page, "FAILURE")
    start(page, "word_statistics", text=TEXT)
    start(page, "build_report")
    expect(page.locator("li[data-job][data-state=SUCCESS]")).to_have_count(2)
    start(page, "build_report", month="2026-12", pages="200")
    page.get_by_role("button", name="Start Long Calculation").click()
    expect(page.locator("li[data-job][data-state=PROGRESS]")).to_have_count(2)


def start(page: Page, task: str, **values: str) -> None:
    before = page.locator("li[data-job]").count()
    page.locator("#task").select_option(task)
    for name, value in values.items():
        page.locator(f"[data-arg={name}]").locator("input, textarea").fill(value)
    page.get_by_role("button", name="Start task").click()
    expect(page.locator("li[data-job]")).to_have_count(before + 1)


def in_state(page: Page, state: str) -> None:
    expect(page.locator("li[data-job]").first).to_have_attribute("data-state", state)


def open_form(page: Page) -> None:
    page.locator("details.picker").evaluate("element => { element.open = true }")


def close_form(page: Page) -> None:
    """On a narrow page the form would push the jobs out of the picture."""
    page.locator("details.picker").evaluate("element => { element.open = matchMedia('(min-width: 60rem)').matches }")
    page.wait_for_timeout(300)


def content_height(page: Page) -> int:
    """Where the content ends, with a little air."""
    bottom = page.evaluate(
        "Math.max(...[...document.querySelectorAll('main *')].map(each => each.getBoundingClientRect().bottom))"
    )
    return min(int(bottom) + 24, page.viewport_size["height"] if page.viewport_size else 800)


def chromium() -> str:
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    if not path:
        sys.exit("Chromium is not installed; `make chromium` says how to get it.")
    return path


@contextmanager
def running_stack() -> Iterator[str]:
    """The embedded stack with the demo tasks and ours, on a free port and in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_ports(1)[0]
        environment = {
            "HEADWAY_PORT": str(port),
            "HEADWAY_HOME": f"{folder}/home",
            "HEADWAY_TASKS": "worker.tasks,picture_tasks",
            "HEADWAY_SLOTS": "12",
            "PYTHONPATH": str(HERE),
        }
        log_path = Path(folder) / "stack.log"
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "local"], env={**os.environ, **environment}, stdout=log, stderr=log, cwd=folder
            )
        try:
            wait_until_ready(process, log_path)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)


def wait_until_ready(process: subprocess.Popen[bytes], log_path: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while "ready on" not in log_path.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"The stack did not start:\n{log_path.read_text(errors='replace')}")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
