"""What comes in at the public port and is wrong: always a problem with the right status, never HTML."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

HOST = b"Host: localhost\r\n"
SAFE_HEADERS = [
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "content-security-policy",
    "cache-control",
    "x-request-id",
]


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def exchange(url: str, request: bytes) -> Answer:
    """Send bytes as they are, and read one answer; a header that comes twice fails."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            assert piece, f"closed after {received!r}"
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for name, _, value in (line.partition(":") for line in lines):
            assert name.lower() not in headers, f"{name} stands twice"
            headers[name.lower()] = value.strip()
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
    return Answer(int(status.split()[1]), headers, body)


def get(target: bytes, header: bytes = b"", method: bytes = b"GET", host: bytes = HOST) -> bytes:
    return method + b" " + target + b" HTTP/1.1\r\n" + host + header + b"\r\n"


BAD_REQUESTS = {
    "no request line": (b"rubbish\r\n\r\n", 400, "bad-request"),
    "a method in small letters": (get(b"/tasks", method=b"get"), 400, "bad-request"),
    "a coded NUL": (get(b"/%00"), 400, "bad-request"),
    "a path that leads out": (get(b"/../x"), 400, "bad-request"),
    "a NUL in a header": (get(b"/tasks", b"X-A: a\x00b\r\n"), 400, "bad-request"),
    "no Host": (get(b"/tasks", host=b""), 400, "bad-request"),
    "two Hosts": (get(b"/tasks", HOST), 400, "bad-request"),
    "two lengths": (get(b"/jobs", b"Content-Length: 1\r\nContent-Length: 2\r\n", b"POST"), 400, "bad-request"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500 + b"\r\n\r\n", 400, "bad-request"),
    "an address above 4 KB": (get(b"/tasks?" + b"a" * 5000), 414, "uri-too-long"),
    "an address above 8 KB": (get(b"/" + b"a" * 9000), 414, "uri-too-long"),
    "a header above 8 KB": (get(b"/tasks", b"X-A: " + b"a" * 9000 + b"\r\n"), 431, "headers-too-large"),
    "101 headers": (get(b"/tasks", b"".join(b"X-%d: a\r\n" % n for n in range(101))), 431, "headers-too-large"),
    "a transfer coding": (get(b"/jobs", b"Transfer-Encoding: xchunked\r\n", b"POST"), 501, "bad-request"),
    "a version": (b"GET /tasks HTTP/9.9\r\n" + HOST + b"\r\n", 505, "bad-request"),
    "a page it is not": (get(b"/", b'If-Match: "x"\r\n'), 412, "bad-request"),
    "an unknown address": (get(b"/nothing"), 404, "not-found"),
    "an unknown address like a file's": (get(b"/x.json"), 404, "not-found"),
    "an unknown address like a page's": (get(b"/index.html"), 404, "not-found"),
    "an unknown address like the simple page's": (get(b"/simple.html"), 404, "not-found"),
    "the simple page as a folder": (get(b"/simple/"), 404, "not-found"),
    "the simple page in other letters": (get(b"/%73imple"), 404, "not-found"),
    "an unknown address of submit": (get(b"/tasks/a/b.html"), 404, "not-found"),
    "an unknown address of status": (get(b"/status/a/b/c"), 404, "not-found"),
    "an unknown file of the page": (get(b"/assets/x.js"), 404, "not-found"),
    "the folder of the page's files": (get(b"/assets/"), 404, "not-found"),
    "a folder without its slash": (get(b"/problems"), 404, "not-found"),
    "a way up to the page": (get(b"/status/..%2f"), 404, "not-found"),
    "a way up to the page's files": (get(b"/status/..%2fassets/x.js"), 404, "not-found"),
    "a way up to the simple page": (get(b"/status/..%2fsimple"), 404, "not-found"),
    "two slashes": (get(b"//"), 404, "not-found"),
    "nginx's own place for problems": (get(b"/_problem"), 404, "not-found"),
    "a POST to the page": (get(b"/", b"Content-Length: 0\r\n", b"POST"), 405, "method-not-allowed"),
    "a POST to the simple page": (get(b"/simple", b"Content-Length: 0\r\n", b"POST"), 405, "method-not-allowed"),
    "OPTIONS for the page": (get(b"/", method=b"OPTIONS"), 405, "method-not-allowed"),
    "TRACE": (get(b"/tasks", method=b"TRACE"), 405, "method-not-allowed"),
    "CONNECT": (get(b"localhost:1", method=b"CONNECT"), 405, "method-not-allowed"),
    "DELETE": (get(b"/tasks", method=b"DELETE"), 405, "method-not-allowed"),
    "a large body": (get(b"/jobs", b"Content-Length: 99999999\r\n", b"POST"), 413, "payload-too-large"),
    "another host": (get(b"/status", host=b"Host: evil.example\r\n"), 421, "misdirected-request"),
    "another host for the page": (get(b"/", host=b"Host: evil.example:8080\r\n"), 421, "misdirected-request"),
    "a host that begins like ours": (get(b"/", host=b"Host: localhost.evil.example\r\n"), 421, "misdirected-request"),
    "a whole URL of another host": (get(b"http://evil.example/status"), 421, "misdirected-request"),
    "no host, in HTTP/1.0": (b"GET /status HTTP/1.0\r\n\r\n", 421, "misdirected-request"),
    "a form of another site": (
        get(b"/longtask", b"Sec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n", b"POST"), 403, "cross-site"),
    "a form of another origin": (
        get(b"/longtask", b"Origin: http://evil.example\r\nContent-Length: 0\r\n", b"POST"), 403, "cross-site"),
}  # fmt: skip


@pytest.mark.parametrize(("request_bytes", "status", "slug"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_a_bad_request_is_answered_with_a_problem(headway: Any, request_bytes: bytes, status: int, slug: str) -> None:
    answer = exchange(headway.url, request_bytes)

    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json"), answer.body
    problem = json.loads(answer.body)
    assert (problem["type"], problem["status"]) == (f"/problems/{slug}", status)
    assert len(problem["detail"]) > 20
    assert problem["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    assert [name for name in SAFE_HEADERS if name not in answer.headers] == []
    assert answer.headers["cache-control"] == "no-store"
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("target", [b"/", b"/tasks", b"/status", b"/openapi/submit.json", b"/openapi/status.json"])
def test_every_good_answer_has_the_same_headers(headway: Any, target: bytes) -> None:
    answer = exchange(headway.url, get(target, b"X-Request-ID: r-1\r\n"))

    assert answer.status == 200
    assert [name for name in SAFE_HEADERS if name not in answer.headers] == []
    assert answer.headers["x-request-id"] == "r-1"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost:1234", "127.0.0.1:8080", "[::1]", "[::1]:80"])
def test_the_names_of_this_machine_are_trusted(headway: Any, host: str) -> None:
    answer = exchange(headway.url, get(b"/status", host=f"Host: {host}\r\n".encode()))

    assert answer.status == 200


def test_an_id_that_could_hurt_is_replaced_by_one_for_nginx_and_the_services(headway: Any) -> None:
    answer = exchange(headway.url, get(b"/status/x", b"X-Request-ID: <b>\r\n"))

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert json.loads(answer.body)["instance"] == f"urn:request:{answer.headers['x-request-id']}"


@pytest.mark.parametrize("target", [b"/longtask", b"/jobs", b"/tasks", b"/status", b"/status/x/events"])
def test_options_are_told_without_a_body(headway: Any, target: bytes) -> None:
    answer = exchange(headway.url, get(target, method=b"OPTIONS"))

    assert (answer.status, answer.body) == (204, b"")
    assert "OPTIONS" in answer.headers["allow"]
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("engine", ["celery", "threads"])
def test_a_host_is_trusted_when_it_is_named(start_stack: Callable[..., Any], engine: str) -> None:
    stack = start_stack(engine=engine, trusted_hosts="127.0.0.1,Headway.example")

    named = exchange(stack.url, get(b"/status", host=b"Host: headway.example:9\r\n"))
    other = exchange(stack.url, get(b"/status", host=b"Host: localhost\r\n"))

    assert (named.status, other.status) == (200, 421)
    assert "HEADWAY_TRUSTED_HOSTS" in json.loads(other.body)["detail"]


def test_every_host_is_trusted_when_one_says_so(start_stack: Callable[..., Any]) -> None:
    stack = start_stack(trusted_hosts="*")

    answer = exchange(stack.url, get(b"/status", host=b"Host: headway.example\r\n"))

    assert answer.status == 200
