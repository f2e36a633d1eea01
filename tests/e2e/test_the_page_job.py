"""The job view of the page, in a real Chromium on the real stack: one job from its start to long after its end."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [
    pytest.mark.page,
    pytest.mark.skipif("E2E_URL" in os.environ, reason="needs the stack with the tasks of the page"),
]
expect.set_options(timeout=15_000)
QUIET_MILLISECONDS = 30_000
"""A job whose pace is not known is called silent after half a minute without a word."""


@pytest.fixture(scope="module")
def page_url(start_lasting_stack: Callable[..., Any]) -> str:
    stack = start_lasting_stack(tasks="page_tasks,trial_tasks", slots=6, cancel_grace_seconds=4)
    url: str = stack.url
    return url


@pytest.fixture
def client(page_url: str, connect: Callable[[str], Any]) -> Any:
    return connect(page_url)


@pytest.fixture(scope="module", autouse=True)
def old_job(page_url: str, connect: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A job that has run and been silent since the first test, for the last ones."""
    never = tmp_path_factory.mktemp("never") / "go"
    job_id: str = connect(page_url).submit("speak", args={"path": str(never), "lines": 40})["id"]
    return job_id


@pytest.fixture
def open_job(visits: Any) -> Callable[[str], Any]:
    """The view of a job, by its address."""

    def by_address(job_id: str, **settings: Any) -> Any:
        page = visits.begin(f"?job={job_id}", permissions=["clipboard-read", "clipboard-write"], **settings)
        return page.locator("[data-part=job-view]")

    return by_address


def part(view: Any, name: str) -> Any:
    return view.locator(f"[data-part={name}]")


def copied(view: Any, what: str) -> str:
    view.get_by_role("button", name=f"Copy {what}").click()
    expect(view.get_by_role("button", name=f"Copied {what}")).to_be_visible()
    text: str = view.page.evaluate("navigator.clipboard.readText()")
    return text


def downloaded(view: Any, what: str) -> tuple[str, str]:
    with view.page.expect_download() as download:
        view.get_by_role("button", name=f"Download {what}").click()
    return download.value.suggested_filename, Path(download.value.path()).read_text()


def test_a_job_is_opened_from_the_list_and_closed_with_the_focus_back_on_its_row(visits: Any, client: Any) -> None:
    job = client.run("give")
    page = visits.begin()
    link = page.locator(f'li[data-job="{job["id"]}"] [data-part=open]')

    link.click()

    expect(page).to_have_url(re.compile(f"job={job['id']}"))
    expect(page.locator("[data-part=job-view] h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-part=job-view]")).to_have_count(0)
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Back to the jobs").click()
    expect(link).to_be_focused()


def test_a_running_job_moves_without_a_reload_until_it_is_done(open_job: Any, client: Any, tmp_path: Path) -> None:
    job = client.submit("speak", args={"path": str(tmp_path / "go")})
    view = open_job(job["id"])
    expect(view).to_have_attribute("data-state", "PROGRESS")
    expect(part(view, "percent")).to_have_text("70%")
    expect(part(view, "facts")).to_contain_text("21 of 30")
    expect(part(view, "status")).to_have_text("said 21")

    (tmp_path / "go").touch()

    expect(view).to_have_attribute("data-state", "SUCCESS")
    expect(part(view, "percent")).to_have_text("100%")
    expect(part(view, "result").locator("[data-part=value]")).to_have_text("30")
    expect(part(view, "timeline")).to_contain_text("Done")


def test_the_log_comes_as_it_is_written_and_can_be_filtered_followed_and_copied(
    open_job: Any, client: Any, tmp_path: Path
) -> None:
    job = client.submit("speak", args={"path": str(tmp_path / "go"), "lines": 60})
    view = open_job(job["id"])
    log = part(view, "log")
    lines = log.locator(".job-lines")
    expect(log).to_contain_text("51 lines")
    expect(log.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "true")

    lines.evaluate("lines => lines.scrollTo({ top: 0 })")
    expect(log.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
    (tmp_path / "go").touch()

    expect(log).to_contain_text("60 lines")
    assert lines.evaluate("lines => lines.scrollTop") == 0
    log.get_by_label("Show only lines with").fill("odd line 5")
    expect(log).to_contain_text("6 of 60 lines")
    assert [line.split(" ", 1)[1] for line in copied(view, "the log").splitlines()][:2] == ["odd line 5", "odd line 51"]
    name, text = downloaded(view, "the log")
    assert name == f"{job['id']}.log"
    assert len(text.splitlines()) == 6


def test_a_job_that_failed_once_tells_both_attempts(open_job: Any, client: Any, tmp_path: Path) -> None:
    job = client.submit("stumble", args={"path": str(tmp_path / "go")})
    view = open_job(job["id"])
    expect(part(view, "status")).to_have_text("on its feet again")

    (tmp_path / "go").touch()

    expect(view).to_have_attribute("data-state", "SUCCESS")
    steps = part(view, "timeline").get_by_role("listitem")
    titles = steps.locator("strong")
    expect(titles).to_have_text(["Accepted", "Attempt 1", "Pause", "Its time came", "Attempt 2", "Done"])
    expect(steps.nth(1)).to_contain_text("failed")
    expect(steps.nth(1)).to_contain_text("the first attempt fails")
    expect(steps.nth(4)).to_contain_text("succeeded")


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("number", "9007199254740993"),
        ("text", "first line\nsecond line"),
        ("nested", "12345678901234567890"),
        ("link", "Ready: https://example.org/report.pdf, not javascript:alert(1)"),
        ("table", "Bergen"),
    ],
)
def test_a_result_is_shown_copied_and_saved_as_what_it_is(open_job: Any, client: Any, kind: str, shown: str) -> None:
    job = client.run("give", args={"kind": kind})
    view = open_job(job["id"])

    result = part(view, "result")

    value = result.locator("[data-part=value]")
    expect(value).to_contain_text(shown)
    assert value.locator("table").count() == (kind == "table")
    assert [link.get_attribute("href") for link in value.locator("a").all()] == (
        ["https://example.org/report.pdf"] if kind == "link" else []
    )
    assert shown in copied(view, "the result")
    name, text = downloaded(view, "the result")
    assert name == f"{job['id']}-result.{'txt' if kind in ('text', 'link') else 'json'}"
    assert shown in text


def test_a_long_result_is_cut_until_somebody_wants_it_all(open_job: Any, client: Any) -> None:
    view = open_job(client.run("give", args={"kind": "long"})["id"])
    rows = part(view, "result").locator("tbody tr")
    expect(rows).to_have_count(16)

    view.get_by_role("button", name="Show all 100 rows").click()

    expect(rows).to_have_count(100)


def test_a_failed_job_says_why_what_to_do_and_where_the_traceback_is(open_job: Any, client: Any) -> None:
    job = client.run("misbehave", args={"action": "fail"})
    view = open_job(job["id"])

    error = part(view, "error")

    expect(error).to_contain_text("ValueError: as you wished")
    expect(error).to_contain_text("Mend the cause, then run it again.")
    expect(error).to_contain_text(job["id"])
    expect(part(view, "arguments")).to_contain_text("fail")
    expect(part(view, "percent")).to_have_text("30%")
    assert "ValueError: as you wished" in copied(view, "error")


def test_a_job_is_retried_from_its_view(open_job: Any, client: Any) -> None:
    view = open_job(client.run("misbehave", args={"action": "fail"})["id"])

    part(view, "retry").click()

    expect(part(view, "timeline")).to_contain_text("Attempt 2")
    expect(view).to_have_attribute("data-state", "FAILURE")


def test_a_young_job_is_cancelled_at_once(open_job: Any, client: Any) -> None:
    job = client.submit("crawl", args={"steps": 2_000, "pause": 0.05})
    view = open_job(job["id"])

    part(view, "cancel").click()

    expect(view).to_have_attribute("data-state", "REVOKED")


def test_the_copied_link_opens_the_job_and_the_copied_curl_starts_it_again(
    open_job: Any, client: Any, visits: Any
) -> None:
    job = client.run("repeat_words", args={"words": 'it\'s a "$(quoted)" `word`'})
    view = open_job(job["id"])

    link = copied(view, "link to this job")
    answers = subprocess.run(["sh", "-c", copied(view, "curl commands")], capture_output=True, text=True, timeout=30)

    view.page.goto(link)
    expect(part(view, "result")).to_be_visible()
    assert "202" in answers.stdout.splitlines()[0]
    documents = answers.stdout[answers.stdout.index("{") :]
    again, end = json.JSONDecoder().raw_decode(documents)
    assert client.wait(again["id"])["result"] == job["result"]
    assert json.loads(documents[end:])["id"] == job["id"]


def test_an_id_that_nobody_knows_is_explained(open_job: Any) -> None:
    view = open_job("0000000000000000000000000000")

    expect(part(view, "gone")).to_contain_text("No job with this id here.")


def test_a_job_whose_record_was_dropped_says_that_it_was_here(
    open_job: Any, client: Any, wait_until: Callable[..., Any]
) -> None:
    job = client.submit("vanish")
    wait_until(lambda: client.http.get(f"/status/{job['id']}").status_code == 410, what="410 for a dropped record")

    view = open_job(job["id"])

    expect(part(view, "state")).to_have_text("Expired")
    expect(part(view, "gone")).to_contain_text("is gone now")


def test_a_view_without_a_connection_says_so_and_stands_still(open_job: Any, client: Any) -> None:
    job = client.submit("crawl", args={"steps": 2_000, "pause": 0.05})
    view = open_job(job["id"])
    expect(view).to_have_attribute("data-state", "PROGRESS")

    view.page.context.set_offline(True)

    expect(part(view, "stale")).to_contain_text("the connection is lost")
    before = part(view, "percent").inner_text()
    view.page.context.set_offline(False)
    expect(part(view, "stale")).to_have_count(0)
    expect(part(view, "percent")).not_to_have_text(before)
    client.http.post(f"/jobs/{job['id']}/cancel")


def test_a_job_that_says_nothing_for_long_is_called_silent(open_job: Any, old_job: str) -> None:
    view = open_job(old_job)

    expect(part(view, "silence")).to_contain_text("No update for", timeout=QUIET_MILLISECONDS)


def test_a_job_that_ran_for_a_while_is_cancelled_after_a_question(open_job: Any, old_job: str) -> None:
    view = open_job(old_job)
    expect(part(view, "facts")).to_contain_text(re.compile(r"started 0:[1-5]\d ago"))

    part(view, "cancel").click()
    dialog = part(view, "cancel-dialog")
    expect(dialog.get_by_role("button", name="Keep running")).to_be_focused()
    view.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(view).to_have_attribute("data-state", "PROGRESS")
    part(view, "cancel").click()
    dialog.get_by_role("button", name="Cancel job").click()

    expect(view).to_have_attribute("data-state", "REVOKED")
    expect(part(view, "error")).to_contain_text("Cancelled")
    expect(part(view, "retry")).to_be_visible()
