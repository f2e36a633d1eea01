"""The profile `monitoring`: Prometheus asks every replica by itself, and a canary goes through the whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def prometheus(containers: Any, one_of_each: None) -> Iterator[str]:
    """Prometheus and the canary as the profile starts them. Grafana is tested by its dashboards."""
    containers.compose("--profile", "monitoring", "build", "canary")  # an older one may be there
    containers.compose("--profile", "monitoring", "up", "-d", "--wait", "prometheus", "canary")
    yield containers.of("prometheus")[0]
    containers.compose("--profile", "monitoring", "rm", "--stop", "--force", "prometheus", "canary")


def healthy_targets(containers: Any, prometheus: str) -> Counter[str]:
    """How many replicas of each service answer."""
    answer = containers.execute(
        prometheus, "promtool", "query", "instant", "-o", "json", "http://127.0.0.1:9090", "up == 1"
    )
    return Counter(sample["metric"]["job"] for sample in json.loads(answer))


def test_every_replica_is_asked(containers: Any, wait_until: Any, prometheus: str) -> None:
    containers.scale(status=2)

    wanted = {"frontend": 1, "submit": 1, "status": 2, "worker": 1, "canary": 1}
    wait_until(lambda: healthy_targets(containers, prometheus) == wanted, 90, "all targets")


def test_a_bad_configuration_would_be_told(containers: Any, prometheus: str) -> None:
    assert "SUCCESS" in containers.execute(prometheus, "promtool", "check", "config", "/etc/prometheus/prometheus.yml")


def metrics_of(containers: Any, container: str, address: str = "127.0.0.1") -> str:
    """What the Python in a container is told at a management port."""
    ask = f"import urllib.request as r; print(r.urlopen('http://{address}:9100/metrics', timeout=5).read().decode())"
    return str(containers.python(container, ask))


def test_the_canary_comes_through_the_frontend_and_reaches_nobody_else(
    containers: Any, wait_until: Any, prometheus: str
) -> None:
    [canary], [redis], [submit] = (containers.of(service) for service in ("canary", "redis", "submit"))
    succeeded = 'headway_canary_runs_total{outcome="succeeded"} 0.0'

    wait_until(lambda: succeeded not in metrics_of(containers, canary), 90, "a run that succeeds")

    for target, port in ((redis, 6379), (submit, 8000)):
        for network in containers.inspect(target)["NetworkSettings"]["Networks"].values():
            address = network["IPAddress"]
            containers.refusal(canary, "timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}")
