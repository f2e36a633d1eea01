"""nginx's log: a JSON line for each request, whatever a client sends, and none where it was not asked for."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from typing import Any

import pytest

FIELDS = {
    *("timestamp", "service", "event", "request_id", "method", "path", "status", "bytes", "seconds"),
    *("upstream_seconds", "upstream_status", "cache"),
}


@pytest.fixture(scope="module")
def logging_stack(start_lasting_stack: Callable[..., Any]) -> Any:
    """The embedded stack with its log on."""
    return start_lasting_stack(tasks="worker.tasks,trial_tasks", access_log="on")


@pytest.fixture
def client(logging_stack: Any, connect: Callable[..., Any]) -> Any:
    return connect(logging_stack.url)


@pytest.fixture
def lines(logging_stack: Any) -> Callable[[], list[dict[str, Any]]]:
    """Every line so far, each of which must be JSON."""
    # What nginx says of itself (a service that is not there yet) begins with the date.
    line = re.compile(r"^nginx +\| (?!\d{4}/\d\d/\d\d )(.*)$", re.MULTILINE)
    return lambda: [json.loads(text) for text in line.findall(logging_stack.log)]


@pytest.fixture
def line_of(lines: Callable[..., Any], wait_until: Callable[..., Any]) -> Callable[[str], dict[str, Any]]:
    """The only line of a request, by the id that its client gave it."""

    def find(request_id: str) -> dict[str, Any]:
        found = wait_until(
            lambda: [line for line in lines() if line["request_id"] == request_id], 10, f"the line of {request_id}"
        )
        assert len(found) == 1
        return dict(found[0])

    return find


def test_a_request_is_one_line_with_its_times(client: Any, line_of: Callable[..., Any]) -> None:
    answer = client.http.get("/tasks", headers={"X-Request-ID": "times-1"})

    line = line_of("times-1")
    assert set(line) == FIELDS
    assert (line["method"], line["path"], line["status"], line["upstream_status"]) == ("GET", "/tasks", 200, "200")
    assert 0 <= line["seconds"] < 30
    assert 0 <= float(line["upstream_seconds"]) < 30
    assert line["bytes"] > int(answer.headers.get("Content-Length", 1))


def test_what_nginx_refuses_is_written_as_it_was_asked(client: Any, line_of: Callable[..., Any]) -> None:
    client.http.post("/", headers={"X-Request-ID": "refused-1"})

    line = line_of("refused-1")
    assert (line["method"], line["path"], line["status"]) == ("POST", "/", 405)


def test_a_query_is_left_out(client: Any, line_of: Callable[..., Any]) -> None:
    client.http.get("/tasks?token=secret", headers={"X-Request-ID": "query-1"})

    assert line_of("query-1")["path"] == "/tasks"


def test_the_cache_says_what_it_did(client: Any, line_of: Callable[..., Any]) -> None:
    job = client.submit("misbehave")
    client.http.get(job["links"]["self"], headers={"X-Request-ID": "cache-1", "Cache-Control": "no-cache"})

    assert line_of("cache-1")["cache"] == "BYPASS"


def test_a_stream_is_written_when_it_ends(client: Any, lines: Callable[..., Any], line_of: Callable[..., Any]) -> None:
    job = client.submit("crawl", args={"steps": 3})
    events = client.events(f"/status/{job['id']}/events", headers={"X-Request-ID": "stream-1"})
    next(events)
    assert "stream-1" not in [line["request_id"] for line in lines()]

    list(events)

    assert line_of("stream-1")["seconds"] > 0


def test_probes_are_not_written(client: Any, lines: Callable[..., Any], line_of: Callable[..., Any]) -> None:
    client.http.get("/nginx-health", headers={"X-Request-ID": "probe-1"})
    client.http.get("/tasks", headers={"X-Request-ID": "probe-2"})

    line_of("probe-2")
    assert "probe-1" not in [line["request_id"] for line in lines()]


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (b'/"},{"status":200', '/"},{"status":200'),
        (b"/back\\slash", "/back\\slash"),
        (b"/a%0aevent%22", "/a%0aevent%22"),
        (b"/not-utf-8-\xff", "(not ASCII)"),
        ("/straße".encode(), "(not ASCII)"),
    ],
    ids=["quotes", "backslash", "escapes", "no text", "umlaut"],
)
def test_no_path_can_write_a_line_of_its_own(
    logging_stack: Any, line_of: Callable[..., Any], request: Any, path: bytes, written: str
) -> None:
    request_id = re.sub(r"\W", "-", request.node.callspec.id)
    host, _, port = logging_stack.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = b"GET %s HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: %s\r\nConnection: close\r\n\r\n"
        connection.sendall(head % (path, request_id.encode()))
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 ")

    assert line_of(request_id)["path"] == written


@pytest.mark.parametrize(
    "sent", [b"", b"rubbish\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n"]
)
def test_what_is_no_request_spoils_no_line(
    logging_stack: Any, client: Any, lines: Callable[..., Any], line_of: Callable[..., Any], sent: bytes
) -> None:
    host, _, port = logging_stack.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        connection.makefile("rb").read()
    last = f"after-{sent[:4].hex()}"
    client.http.get("/tasks", headers={"X-Request-ID": last})

    line_of(last)
    assert all(set(line) == FIELDS for line in lines())


def test_a_client_that_leaves_at_once_spoils_no_line(
    logging_stack: Any, client: Any, lines: Callable[..., Any], line_of: Callable[..., Any]
) -> None:
    host, _, port = logging_stack.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /status/events?id=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.http.get("/tasks", headers={"X-Request-ID": "left-1"})

    line_of("left-1")
    assert {type(line["status"]) for line in lines()} == {int}


def test_the_terminal_stays_readable_unless_the_log_is_asked_for(
    start_stack: Callable[..., Any], connect: Callable[..., Any]
) -> None:
    stack = start_stack()
    connect(stack.url).http.get("/tasks")

    assert stack.stop() == 0
    assert not re.search(r"^nginx +\| \{", stack.log, re.MULTILINE)
