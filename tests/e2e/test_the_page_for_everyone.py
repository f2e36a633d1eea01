"""The page for everyone who comes: by ear, by keyboard, enlarged, on a phone, and with harm in mind."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = [
    pytest.mark.page,
    pytest.mark.skipif("E2E_URL" in os.environ, reason="needs the stack with the tasks of the page"),
]
expect.set_options(timeout=15_000)
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that another colour scheme can change."""
LOOKS = {
    "light": {"viewport": {"width": 1600, "height": 1000}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1600, "height": 1000}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 700}, "color_scheme": "light"},
}
LARGE = ["--blink-settings=defaultFontSize=32"]
HARM = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(2)</script><svg onload=alert(3)>',
    'javascript:alert(4) https://example.org/"onmouseover=alert(5)',
    "‮gnp.exe harmless" + "\u2066",
    "w" * 600,
    "bell \x07 escape \x1b[31m tab \t end",
)


@pytest.fixture(scope="module")
def stack(start_lasting_stack: Callable[..., Any]) -> Any:
    return start_lasting_stack(tasks="page_tasks,trial_tasks,brief_long_task", slots=4, cancel_grace_seconds=4)


@pytest.fixture(scope="module")
def page_url(stack: Any) -> str:
    url: str = stack.url
    return url


@pytest.fixture(scope="module")
def jobs(page_url: str, connect: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One job of each kind: running with a log, failed, done with a table, cancelled, waiting for a worker."""
    client = connect(page_url)
    never = str(tmp_path_factory.mktemp("never") / "go")
    waiting = client.submit("give", queue="reports")["id"]
    cancelled = client.submit("give", queue="reports")["id"]
    client.http.post(f"/jobs/{cancelled}/cancel", json={"reason": HARM[0]})
    running = client.submit("speak", args={"path": never, "lines": 30})["id"]
    failed = client.run("misbehave", args={"action": "fail"})["id"]
    done = client.run("give", args={"kind": "table"})["id"]
    return {"running": running, "failed": failed, "done": done, "cancelled": cancelled, "waiting": waiting}


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    return LOOKS[request.param]


def faults(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe finds, and what it does not look for: sizes of targets, names of bars, a page wider than the window."""
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]})
    said = [f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}" for each in found.response["violations"]]
    small = page.locator("button:visible, select:visible, input:visible, summary:visible").evaluate_all(
        """elements => elements.map(element => element.closest('label') ?? element)
            .filter(element => { const box = element.getBoundingClientRect();
                return box.width > 1 && (box.height < 24 || box.width < 24) && !element.matches('.unseen') })
            .map(element => `${element.outerHTML.slice(0, 90)} is smaller than 24 px`)"""
    )
    nameless = page.locator("progress:not([aria-label])").evaluate_all("bars => bars.map(bar => bar.outerHTML)")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*said, *small, *nameless, *([f"{wide} px too wide"] if wide > 0 else [])]


def show_list(page: Page) -> None:
    expect(page.locator("li[data-job]").first).to_be_visible()
    expect(page.locator("[data-part=stats] strong").first).to_be_attached()


def show_selecting(page: Page) -> None:
    show_list(page)
    page.locator("[data-part=select]").click()
    page.locator("[data-part=select-loaded]").click()
    page.locator("[data-part=bulk-cancel]").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def show_paused(page: Page) -> None:
    show_list(page)
    page.get_by_role("button", name="Pause updates").click()
    expect(page.locator("[data-part=paused]")).to_be_visible()


def show_lost(page: Page) -> None:
    show_list(page)
    page.context.set_offline(True)
    expect(page.locator("[data-lost]")).to_be_visible()


def show_help(page: Page) -> None:
    show_list(page)
    page.locator("[data-part=help]").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def show_nothing_found(page: Page) -> None:
    expect(page.locator("[data-part=empty]")).to_be_visible()


def show_form(page: Page) -> None:
    page.locator("#start-task").select_option("print_report")
    for part in ("start-optional", "start-more", "start-several"):
        page.locator(f"[data-part={part}]").evaluate("fold => { fold.open = true }")
    page.get_by_role("button", name="Add to Tags").click()


def show_form_errors(page: Page) -> None:
    show_form(page)
    page.get_by_role("button", name="Start job").click()
    expect(page.locator("[data-part=start-summary]")).to_be_focused()


def show_form_json(page: Page) -> None:
    show_form(page)
    page.get_by_role("button", name="JSON", exact=True).click()
    page.get_by_label("Arguments as JSON").fill("{")


def show_stats(page: Page) -> None:
    expect(page.locator("[data-part=stats] strong").first).to_be_visible()


def show_stats_table(page: Page) -> None:
    show_stats(page)
    page.locator("[data-part=stats]").get_by_role("button", name="Table").click()
    expect(page.locator("[data-part=stats] table").first).to_be_visible()


def show_job(page: Page) -> None:
    expect(page.locator("[data-part=job-view] [data-part=timeline]")).to_be_visible()


def show_missing(page: Page) -> None:
    expect(page.locator("[data-part=gone]")).to_be_visible()


STATES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "list": ("", show_list),
    "selecting": ("", show_selecting),
    "paused": ("", show_paused),
    "lost": ("", show_lost),
    "help": ("", show_help),
    "nothing found": ("?q=nothing-like-this", show_nothing_found),
    "form": ("?view=start", show_form),
    "form with errors": ("?view=start", show_form_errors),
    "form as json": ("?view=start", show_form_json),
    "stats": ("?view=stats", show_stats),
    "stats as a table": ("?view=stats", show_stats_table),
    "running": ("?job={running}", show_job),
    "failed": ("?job={failed}", show_job),
    "done": ("?job={done}", show_job),
    "cancelled": ("?job={cancelled}", show_job),
    "waiting": ("?job={waiting}", show_job),
    "missing": ("?job=nobody", show_missing),
}


def test_no_state_of_the_page_has_a_fault_that_can_be_found(visits: Any, jobs: dict[str, str], look: Any) -> None:
    """All in one test for each look: what is wrong is told at once, and a context for each would take twice as long."""
    page = visits.begin(**look)
    wrong: dict[str, list[str]] = {}

    for name, (address, show) in STATES.items():
        page.context.set_offline(False)
        page.goto(f"{visits.url}/{address.format(**jobs)}")
        show(page)
        if found := faults(page, COLOURS if look["color_scheme"] == "dark" else RULES):
            wrong[name] = found

    assert wrong == {}


@pytest.fixture
def large_text(playwright: Any, browser: Any) -> Any:
    """A browser whose reader wants letters twice as large; styles and widths that count in letters follow."""
    flags = [*LARGE, "--no-sandbox", "--disable-gpu"]
    large = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
    yield large
    large.close()


def test_twice_as_large_a_text_needs_no_scrolling_sideways(
    large_text: Any, page_url: str, jobs: dict[str, str]
) -> None:
    page = large_text.new_page(viewport={"width": 1280, "height": 900})
    too_wide: dict[str, int] = {}

    for address in ("", "?view=start", "?view=stats", f"?job={jobs['running']}", f"?job={jobs['failed']}"):
        page.goto(f"{page_url}/{address}")
        expect(page.locator("[data-connection=live]")).to_be_attached()
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 1280:
            too_wide[address] = width

    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == 32
    assert too_wide == {}


def test_less_motion_and_forced_colours_keep_the_bars_and_stop_the_animations(
    visits: Any, jobs: dict[str, str]
) -> None:
    page = visits.begin(f"?job={jobs['running']}", reduced_motion="reduce", forced_colors="active")
    bar = page.locator("[data-part=job-view] progress")
    expect(bar).to_be_visible()

    box = bar.bounding_box()

    assert box["width"] > 50
    assert box["height"] >= 4
    assert page.evaluate("document.getAnimations().filter(each => each.playState === 'running').length") == 0


def test_without_javascript_the_page_says_what_to_do(browser: Any, page_url: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()

    page.goto(page_url)

    words = page.locator("noscript .noscript p")
    assert "This page needs JavaScript to show live progress." in words.inner_text()
    assert words.bounding_box()["height"] > 10
    page.context.close()


@pytest.mark.parametrize("words", HARM, ids=["image", "script", "address", "reversed", "long", "controls"])
def test_harmful_words_are_shown_as_words_wherever_they_come_from(
    visits: Any, page_url: str, connect: Callable[[str], Any], words: str
) -> None:
    client = connect(page_url)
    tag = re.sub(r"[\x00-\x1f]", "", words)[:64]
    returned = client.submit("repeat_words", args={"words": words}, tags=[tag])["id"]
    raised = client.submit("repeat_words", args={"words": words, "end": "raise"})["id"]
    cancelled = client.submit("give", queue="reports")["id"]
    client.http.post(f"/jobs/{cancelled}/cancel", json={"reason": words[:200]})
    seen = words.split("\x07")[0].strip()[:20]
    page = visits.begin(viewport={"width": 1600, "height": 1000})

    for job_id, part in ((returned, "result"), (raised, "error"), (cancelled, "error")):
        client.wait(job_id)
        page.goto(f"{page_url}/?job={job_id}")
        expect(page.locator(f"[data-part=job-view] [data-part={part}]")).to_contain_text(seen)
        assert page.locator("#app img, #app script, a[href^='javascript' i], [onload], [onmouseover]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 1600

    expect(page.locator(f'li[data-job="{raised}"]')).to_be_visible()
