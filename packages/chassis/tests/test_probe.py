"""The health check of a container asks its own service's management port, and ends with 0 or 1."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry

from chassis.health import Check, ManagementServer
from local.ports import free_ports


def probe(**variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    return subprocess.run(
        [sys.executable, "-m", "chassis.probe"],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def serve() -> Iterator[Callable[[Check], str]]:
    """A management port with one check; answers its number."""
    servers: list[ManagementServer] = []

    def start(check: Check) -> str:
        [port] = free_ports(1)
        servers.append(ManagementServer("127.0.0.1", port, CollectorRegistry(), ready={"store": check}))
        servers[-1].start()
        return str(port)

    yield start
    for server in servers:
        server.stop()


def fail() -> None:
    raise RuntimeError("Redis is away")


def test_a_service_that_is_ready_is_healthy(serve: Callable[[Check], str]) -> None:
    port = serve(lambda: None)

    assert probe(HEADWAY_SUBMIT_MANAGEMENT_PORT=port, HEADWAY_WORKER_MANAGEMENT_PORT=port).returncode == 0


def test_a_service_that_is_not_ready_is_not_and_says_why(serve: Callable[[Check], str]) -> None:
    answer = probe(HEADWAY_STATUS_MANAGEMENT_PORT=serve(fail))

    assert answer.returncode == 1
    assert "Redis is away" in answer.stdout


def test_a_port_where_nobody_answers_is_not_healthy() -> None:
    answer = probe(HEADWAY_WORKER_MANAGEMENT_PORT=str(free_ports(1)[0]))

    assert answer.returncode == 1
    assert "does not answer" in answer.stderr


@pytest.mark.parametrize("ports", [{}, {"SUBMIT": "9101", "STATUS": "9102"}, {"WORKER": "many"}])
def test_it_must_be_clear_which_port_is_meant(ports: dict[str, str]) -> None:
    answer = probe(**{f"HEADWAY_{role}_MANAGEMENT_PORT": port for role, port in ports.items()})

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
