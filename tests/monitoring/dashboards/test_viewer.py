"""The viewer shows the dashboards to this machine, and nothing to anybody else."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from all_dashboards import all_dashboards
from viewer import serving

ANSWER_SECONDS = 30
STOP_SECONDS = 10
POLL_SECONDS = 0.02


def serve(prometheus_url: str) -> Iterator[int]:
    server = serving(0, prometheus_url)
    thread = Thread(target=server.serve_forever, args=(POLL_SECONDS,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(STOP_SECONDS)


@pytest.fixture
def port(prometheus: Any) -> Iterator[int]:
    """A viewer of a Prometheus that answers."""
    yield from serve(prometheus.url)


@pytest.fixture
def lonely_port() -> Iterator[int]:
    """A viewer without a Prometheus."""
    yield from serve("http://127.0.0.1:9")


def ask(port: int, path: str, *, method: str = "GET", host: str = "") -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{port}"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers, body


def test_it_opens_with_the_jobs(port: int) -> None:
    status, headers, _ = ask(port, "/")

    assert (status, headers["Location"]) == (302, "/d/headway-jobs")


def test_a_dashboard_has_grafanas_address_and_leads_to_the_others(port: int) -> None:
    for dashboard in all_dashboards():
        status, _, body = ask(port, f"/d/{dashboard.uid}?minutes=15")

        assert status == 200
        assert f'src="/{dashboard.name}.png?minutes=15"'.encode() in body
        assert all(f'href="/d/{other.uid}?minutes=15"'.encode() in body for other in all_dashboards())
        assert body.count(b"title=") == len(dashboard.panels)


def test_a_picture_is_drawn_once_for_all_who_look(port: int, prometheus: Any) -> None:
    _, _, first = ask(port, "/redis.png?minutes=15")
    asked = len(prometheus.asked)

    status, headers, second = ask(port, "/redis.png?minutes=15")

    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert first == second
    assert len(prometheus.asked) == asked


def test_an_odd_range_is_the_usual_one(port: int) -> None:
    _, _, body = ask(port, "/d/headway-api?minutes=99999999")

    assert b'src="/api.png?minutes=60"' in body


def test_nothing_is_kept_by_the_browser_and_nothing_comes_from_elsewhere(port: int) -> None:
    _, headers, _ = ask(port, "/d/headway-jobs")

    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "host", ["headway.example.com", "127.0.0.1.example.com:3000", "localhost.example.com", "[::2]"]
)
def test_a_request_by_another_name_is_refused(port: int, host: str) -> None:
    for path in ("/", "/d/headway-jobs", "/jobs.png"):
        status, _, _ = ask(port, path, host=host)

        assert status == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:3000", "127.0.0.1", "[::1]:3000", "[::1]"])
def test_a_request_by_a_name_of_this_machine_is_answered(port: int, host: str) -> None:
    status, _, _ = ask(port, "/d/headway-jobs", host=host)

    assert status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
def test_one_can_only_look(port: int, method: str) -> None:
    status, _, _ = ask(port, "/d/headway-jobs", method=method)

    assert status == 501


@pytest.mark.parametrize("path", ["/d/other", "/../viewer.py", "/jobs", "/favicon.ico"])
def test_what_is_not_there_is_named(port: int, path: str) -> None:
    status, _, body = ask(port, path)

    assert status == 404
    assert path.encode() in body


def test_a_prometheus_that_does_not_answer_is_named(lonely_port: int) -> None:
    status, _, body = ask(lonely_port, "/jobs.png")

    assert status == 502
    assert b"No Prometheus answered on http://127.0.0.1:9" in body
