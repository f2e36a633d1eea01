"""A page on a stack of its own that lives for minutes, and what it did wrong meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request


@dataclass
class Visit:
    """One browser with any number of tabs of the page."""

    context: BrowserContext
    url: str
    wrong: list[str] = field(default_factory=list)
    streams: dict[Page, set[Request]] = field(default_factory=dict)
    """Those that are open now, of each tab."""
    doubled: list[str] = field(default_factory=list)
    """Addresses of two streams that one tab had open for longer than a change from one to the next takes."""
    _suspected: dict[Page, set[Request]] = field(default_factory=dict)

    def open_tab(self, query: str = "") -> Page:
        page = self.context.new_page()
        self.streams[page] = set()
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", self._hear)
        page.on("request", lambda request: self._begin(page, request))
        for end in ("requestfinished", "requestfailed"):
            page.on(end, lambda request: self.streams[page].discard(request))
        page.goto(f"{self.url}/{query}")
        return page

    @property
    def open_streams(self) -> set[Request]:
        return set().union(*self.streams.values())

    def hide(self, page: Page) -> None:
        """As if another tab stood before it: without a screen the browser takes every tab for a visible one."""
        self._turn(page, "hidden")

    def show(self, page: Page) -> None:
        self._turn(page, "visible")

    def _turn(self, page: Page, state: str) -> None:
        page.evaluate(
            """(state) => {
                Object.defineProperty(document, "hidden", { configurable: true, get: () => state === "hidden" });
                Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            state,
        )

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.wrong.append(message.text)

    def _begin(self, page: Page, request: Request) -> None:
        if "/status/events" not in request.url:
            return
        self.streams[page].add(request)

    def look(self) -> None:
        """The browser may tell a stream's begin before the end of the one before it: only the second look counts."""
        for page, streams in self.streams.items():
            both = streams & self._suspected.get(page, set())
            if len(both) > 1:
                self.doubled += [stream.url for stream in both]
            self._suspected[page] = set(streams)


@pytest.fixture(scope="module")
def long_stack(start_lasting_stack: Callable[..., Any]) -> Any:
    return start_lasting_stack(tasks="worker.tasks,trial_tasks", slots=24, statuses=2, cancel_grace_seconds=4)


@pytest.fixture
def visit(browser: Browser, long_stack: Any) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Visit(context, long_stack.url)
    context.close()


@pytest.fixture
def submit_many(connect: Callable[..., Any], long_stack: Any) -> Callable[..., list[str]]:
    """Their ids, in the order in which they were asked for."""
    client = connect(long_stack.url)

    def submit(count: int, task: str, **body: Any) -> list[str]:
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda _: str(client.submit(task, **body)["id"]), range(count)))

    return submit
