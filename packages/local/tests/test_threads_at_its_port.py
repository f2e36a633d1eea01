"""The threads engine at its port: the same manners as behind nginx."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.files import read_headers
from local.ports import LOOPBACK, free_ports
from local.settings import LocalSettings
from local.threads import ThreadsEngine, serve_threads


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where an engine without tasks and with a small page answers."""
    page = tmp_path_factory.mktemp("page")
    (page / "index.html").write_text("<h1>Headway</h1>")
    (page / "simple.html").write_text("<h1>Simple</h1>")
    engine = ThreadsEngine(LocalSettings(page=page), {})
    server = serve_threads(engine, free_ports(1)[0])
    engine.start()
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield server.server_port
    server.shutdown()
    serving.join(10)
    server.server_close()
    engine.stop()


Ask = Callable[..., tuple[http.client.HTTPResponse, bytes]]


@pytest.fixture
def ask(port: int) -> Ask:
    def send(method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    return send


def slug_of(body: bytes) -> Any:
    return json.loads(body)["type"].removeprefix("/problems/")


@pytest.mark.parametrize(
    "path",
    ["/", "/simple", "/tasks", "/stats", "/status", "/nothing", "/openapi/submit.json", "/openapi/status.json"],
)
def test_every_answer_has_the_headers_that_nginx_sends(ask: Ask, path: str) -> None:
    response, _ = ask("GET", path)

    assert {name: response.headers.get_all(name) for name in read_headers()} == {
        name: [value] for name, value in read_headers().items()
    }


def test_the_simple_page_has_an_address_without_an_ending(ask: Ask) -> None:
    response, body = ask("GET", "/simple")
    _, folder = ask("GET", "/simple/")

    assert (response.status, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert body == b"<h1>Simple</h1>"
    assert slug_of(folder) == "not-found"


def test_the_headers_of_nginx_have_a_content_security_policy() -> None:
    assert "default-src 'none'" in read_headers()["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/tasks", "/status"])
def test_another_host_is_refused_on_every_path(ask: Ask, path: str) -> None:
    response, body = ask("GET", path, Host="evil.example")

    assert (response.status, slug_of(body)) == (421, "misdirected-request")


def test_a_form_of_another_site_is_refused(ask: Ask) -> None:
    response, body = ask("POST", "/longtask", **{"Sec-Fetch-Site": "cross-site"})

    assert (response.status, slug_of(body)) == (403, "cross-site")


def test_an_unknown_address_names_documents_that_are_there(ask: Ask) -> None:
    _, body = ask("GET", "/nothing")

    documents = [word.strip(".") for word in json.loads(body)["detail"].split() if "/openapi" in word]
    assert [ask("GET", document)[0].status for document in documents] == [200, 200]
    assert ask("GET", "/openapi.json")[0].status == 404


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"rubbish\r\n\r\n", 400),
        (b"GET /tasks HTTP/9.9\r\n\r\n", 505),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: a\r\n" * 101 + b"\r\n", 431),
    ],
    ids=["no request line", "version", "long address", "long header", "many headers"],
)
def test_what_is_refused_before_flask_is_a_problem_too(port: int, sent: bytes, status: int) -> None:
    with socket.create_connection((LOOPBACK, port), timeout=10) as connection:
        connection.sendall(sent)
        with connection.makefile("rb") as received:
            head, _, body = received.read().partition(b"\r\n\r\n")

    assert head.split()[1] == b"%d" % status
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status
