"""The profile `monitoring`: Prometheus asks every replica by itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def prometheus(containers: Any, one_of_each: None) -> Iterator[str]:
    """Prometheus as the profile starts it. Grafana, which it would bring along, is tested by its dashboards."""
    containers.compose("--profile", "monitoring", "up", "-d", "--wait", "prometheus")
    yield containers.of("prometheus")[0]
    containers.compose("--profile", "monitoring", "rm", "--stop", "--force", "prometheus")


def healthy_targets(containers: Any, prometheus: str) -> Counter[str]:
    """How many replicas of each service answer."""
    answer = containers.execute(
        prometheus, "promtool", "query", "instant", "-o", "json", "http://127.0.0.1:9090", "up == 1"
    )
    return Counter(sample["metric"]["job"] for sample in json.loads(answer))


def test_every_replica_is_asked(containers: Any, wait_until: Any, prometheus: str) -> None:
    containers.scale(status=2)

    wait_until(
        lambda: healthy_targets(containers, prometheus) == {"submit": 1, "status": 2, "worker": 1}, 90, "all targets"
    )


def test_a_bad_configuration_would_be_told(containers: Any, prometheus: str) -> None:
    assert "SUCCESS" in containers.execute(prometheus, "promtool", "check", "config", "/etc/prometheus/prometheus.yml")
