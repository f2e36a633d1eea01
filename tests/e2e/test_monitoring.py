"""`make up MONITORING=1`: the stack with Prometheus beside it."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2

from local.ports import free_ports

CONFIGURATION = 78


def health_of(prometheus: str) -> Counter[tuple[str, str, str]]:
    """How many targets there are of each job and instance, and how they are."""
    try:
        answer = httpx2.get(f"{prometheus}/api/v1/targets", timeout=5)
    except httpx2.HTTPError:
        return Counter()
    targets = answer.json()["data"]["activeTargets"] if answer.status_code == 200 else []
    return Counter((each["labels"]["job"], each["labels"]["instance"], each["health"]) for each in targets)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_prometheus_asks_every_process_and_stops_with_the_stack(
    start_stack: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    prometheus_port, dashboards_port = free_ports(2)
    wanted = {("worker", "worker.1", "up"), ("worker", "worker.2", "up"), ("submit", "submit.1", "up")}
    wanted |= {("status", "status.1", "up"), ("canary", "canary.1", "up")}

    stack = start_stack(
        monitoring=1, prometheus_port=prometheus_port, dashboards_port=dashboards_port, scrape_seconds=1, workers=2
    )
    processes = stack.processes
    address = f"http://127.0.0.1:{prometheus_port}"
    wait_until(lambda: health_of(address) == Counter(wanted), 60, "all targets up")

    assert f"ready on {stack.url}, Prometheus on {address}" in stack.log
    assert stack.stop() == 0
    assert "ended with" not in stack.log
    assert not [pid for pid in processes if stack.is_alive(pid)]
    assert not [port for port in (prometheus_port, dashboards_port) if is_open(port)]


def test_a_busy_port_of_prometheus_is_told_before_anything_starts(start_stack: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        stack = start_stack(wait=False, monitoring=1, prometheus_port=port, dashboards_port=free_ports(1)[0])

        assert stack.process.wait(60) == CONFIGURATION
    assert f"Port {port} is in use" in stack.log
    assert f"HEADWAY_PROMETHEUS_PORT={port + 1}" in stack.log
    assert "valkey" not in stack.log
