"""The management port: is it alive, is it ready, how much did it do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry, Counter

from chassis.health import ManagementServer

Ask = Callable[..., tuple[int, str, bytes]]


@pytest.fixture
def checks() -> dict[str, Callable[[], None]]:
    return {"store": lambda: None}


@pytest.fixture
def live_checks() -> dict[str, Callable[[], None]]:
    return {"echo": lambda: None}


@pytest.fixture
def ask(registry: CollectorRegistry, checks: Any, live_checks: Any) -> Iterator[Ask]:
    server = ManagementServer("127.0.0.1", 0, registry, ready=checks, live=live_checks)
    server.start()
    yield lambda path: _get(server, path)
    server.stop()


def _get(server: ManagementServer, path: str) -> tuple[int, str, bytes]:
    connection = HTTPConnection("127.0.0.1", server._server.server_port, timeout=20)
    connection.request("GET", path)
    response = connection.getresponse()
    answer = response.status, response.headers["Content-Type"], response.read()
    connection.close()
    return answer


def _fail(why: str) -> None:
    raise RuntimeError(why)


def test_a_process_that_answers_is_alive(ask: Ask) -> None:
    assert ask("/livez") == (200, "application/json", b'{"failing":{}}')


def test_a_process_that_should_be_started_again_says_why(ask: Ask, live_checks: Any) -> None:
    live_checks["echo"] = lambda: _fail("No doorbell was heard for 50 s.")

    status, _, body = ask("/livez")

    assert (status, orjson.loads(body)) == (503, {"failing": {"echo": "No doorbell was heard for 50 s."}})


def test_a_process_that_should_be_started_again_may_be_ready_all_the_same(ask: Ask, live_checks: Any) -> None:
    live_checks["echo"] = lambda: _fail("deaf")

    assert ask("/readyz")[0] == 200


def test_a_process_without_checks_of_its_life_lives_while_it_answers(registry: CollectorRegistry) -> None:
    server = ManagementServer("127.0.0.1", 0, registry, ready={"store": lambda: _fail("away")})
    server.start()

    answer = _get(server, "/livez")

    assert answer[::2] == (200, b'{"failing":{}}')
    server.stop()


def test_a_check_that_takes_long_does_not_keep_other_probes_waiting(ask: Ask, checks: Any) -> None:
    asked, may_answer = threading.Event(), threading.Event()
    checks["store"] = lambda: (asked.set(), may_answer.wait(30))
    slow = threading.Thread(target=ask, args=("/readyz",))
    slow.start()
    assert asked.wait(20)

    status = ask("/livez")[0]

    assert status == 200
    assert slow.is_alive()
    may_answer.set()
    slow.join(20)


def test_a_process_whose_checks_pass_is_ready(ask: Ask) -> None:
    assert ask("/readyz") == (200, "application/json", b'{"failing":{}}')


def test_a_process_that_is_not_ready_says_what_fails_and_why(ask: Ask, checks: Any) -> None:
    checks["store"] = lambda: _fail("The job store does not answer.")
    checks["disk"] = lambda: None

    status, _, body = ask("/readyz")

    assert status == 503
    assert orjson.loads(body) == {"failing": {"store": "The job store does not answer."}}


def test_a_process_that_is_not_ready_is_alive_all_the_same(ask: Ask, checks: Any) -> None:
    checks["store"] = lambda: _fail("away")

    assert ask("/livez")[0] == 200


def test_a_process_becomes_ready_again(ask: Ask, checks: Any) -> None:
    checks["store"] = lambda: _fail("away")
    before = ask("/readyz")[0]

    checks["store"] = lambda: None

    assert (before, ask("/readyz")[0]) == (503, 200)


def test_metrics_are_those_of_the_registry(ask: Ask, registry: CollectorRegistry) -> None:
    Counter("jobs_done", "Jobs done.", registry=registry).inc(3)

    status, content_type, body = ask("/metrics")

    assert (status, content_type.split(";")[0]) == (200, "text/plain")
    assert b"jobs_done_total 3.0" in body


def test_a_process_that_ends_waits_until_its_metrics_were_asked_for_once_more(registry: CollectorRegistry) -> None:
    server = ManagementServer("127.0.0.1", 0, registry, ready={})
    server.start()
    is_over = threading.Event()

    def scrape() -> None:
        while not is_over.wait(0.05):
            _get(server, "/metrics")

    prometheus = threading.Thread(target=scrape)
    prometheus.start()

    assert server.linger(60)

    is_over.set()
    prometheus.join(20)
    server.stop()


def test_a_process_that_ends_does_not_wait_for_ever(registry: CollectorRegistry) -> None:
    server = ManagementServer("127.0.0.1", 0, registry, ready={})

    assert not server.linger(0.01)


def test_what_was_asked_before_the_end_does_not_count_as_the_last_time(registry: CollectorRegistry) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    class Slow:
        def collect(self) -> list[Any]:
            asked.set()
            may_answer.wait(30)
            return []

    server = ManagementServer("127.0.0.1", 0, registry, ready={})
    server.start()
    registry.register(Slow())  # type: ignore[arg-type]
    asked.clear()
    scrape = threading.Thread(target=_get, args=(server, "/metrics"))
    scrape.start()
    assert asked.wait(20)
    end = threading.Thread(target=server.linger, args=(60,))
    end.start()

    may_answer.set()
    scrape.join(20)

    assert end.is_alive()
    server.hurry()
    end.join(20)
    assert not end.is_alive()
    server.stop()


@pytest.mark.parametrize("path", ["/", "/livez/", "/readyz/x", "/%00"])
def test_any_other_address_names_those_that_there_are(ask: Ask, path: str) -> None:
    status, _, body = ask(path)

    assert (status, orjson.loads(body)) == (404, {"paths": ["/livez", "/readyz", "/metrics"]})
