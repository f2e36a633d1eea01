"""What the browser says of a page: its frames, its long tasks, where its main thread's time goes, what it holds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
NAMES = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1280, 900

COUNT_FRAMES = """() => {
  const seen = { frames: [], long: [] };
  window.benchSeen = seen;
  const observer = new PerformanceObserver((list) => {
    for (const each of list.getEntries()) seen.long.push(each.duration);
  });
  observer.observe({ type: "longtask" });
  let before = null;
  const frame = (at) => {
    if (window.benchSeen !== seen) return observer.disconnect();
    if (before !== null) seen.frames.push(at - before);
    before = at;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
TAKE_FRAMES = "() => { const seen = window.benchSeen; window.benchSeen = null; return seen; }"


@dataclass(frozen=True, slots=True)
class Watched:
    """Some seconds of a page."""

    frames_per_second: float
    p99_frame_milliseconds: float
    long_tasks: int
    """Of more than 50 ms: within one the page answers nobody."""
    longest_task_milliseconds: float
    main_thread_percent: float
    script_percent: float
    kilobytes_per_second: float
    """Of bodies, as the page gets them."""
    nodes: int
    heap_megabytes: float
    """After a collection."""
    heap_growth_megabytes: float
    """Between the begin and the end, a collection before each."""


@contextmanager
def running_browser() -> Iterator[Browser]:
    path = next((found for name in NAMES if name and (found := shutil.which(name))), None)
    if path is None:
        raise FileNotFoundError("Chromium is not installed; `make chromium` says how to get it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser) -> Iterator[tuple[Page, CDPSession]]:
    """A fresh visitor, and the way to ask the browser about the page."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("Network.enable")
    yield page, session
    context.close()


def watch(page: Page, session: CDPSession, *, seconds: float) -> Watched:
    """Nobody touches the page meanwhile, unless somebody else makes it move."""
    received = [0]

    def count(event: dict[str, Any]) -> None:
        received[0] += event["dataLength"]

    heap_before = _heap_bytes(session)
    session.on("Network.dataReceived", count)
    page.evaluate(COUNT_FRAMES)
    before = _metrics(session)
    page.wait_for_timeout(seconds * 1000)
    after = _metrics(session)
    seen = page.evaluate(TAKE_FRAMES)
    session.remove_listener("Network.dataReceived", count)
    heap_after = _heap_bytes(session)
    took = after["Timestamp"] - before["Timestamp"]
    long = [each for each in seen["long"] if each > 50]
    return Watched(
        frames_per_second=len(seen["frames"]) * 1000 / sum(seen["frames"]),
        p99_frame_milliseconds=quantiles(seen["frames"], n=100)[98],
        long_tasks=len(long),
        longest_task_milliseconds=max(long, default=0.0),
        main_thread_percent=(after["TaskDuration"] - before["TaskDuration"]) / took * 100,
        script_percent=(after["ScriptDuration"] - before["ScriptDuration"]) / took * 100,
        kilobytes_per_second=received[0] / took / 1000,
        nodes=int(page.evaluate("document.querySelectorAll('*').length")),
        heap_megabytes=heap_after / 1e6,
        heap_growth_megabytes=(heap_after - heap_before) / 1e6,
    )


def _heap_bytes(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    return _metrics(session)["JSHeapUsedSize"]


def _metrics(session: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
