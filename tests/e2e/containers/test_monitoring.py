"""The profile `monitoring`: Prometheus asks every replica by itself, and a canary goes through the whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families


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


def value_of(containers: Any, prometheus: str, query: str) -> float | None:
    answer = containers.execute(
        prometheus, "promtool", "query", "instant", "-o", "json", "http://127.0.0.1:9090", query
    )
    found = json.loads(answer)
    return float(found[0]["value"][1]) if found else None


def test_three_replicas_of_status_say_what_one_says(
    containers: Any, headway: Any, wait_until: Any, prometheus: str
) -> None:
    queue = f"nobody-{uuid4().hex[:8]}"
    for _ in range(3):
        headway.submit("misbehave", queue=queue)
    figure = f'queue:headway_jobs_queued:max{{queue="{queue}"}}'
    replicas = f'count(headway_jobs_queued{{queue="{queue}"}})'
    wait_until(lambda: value_of(containers, prometheus, figure) == 3, 90, "the figure of one replica")

    containers.scale(status=3)
    wait_until(lambda: value_of(containers, prometheus, replicas) == 3, 90, "three replicas that are asked")

    assert value_of(containers, prometheus, figure) == 3


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


def test_nginx_says_how_many_connections_it_has_and_not_to_the_public(
    containers: Any, headway: Any, prometheus: str
) -> None:
    [canary] = containers.of("canary")  # has a Python, and is in the frontend's network

    families = text_string_to_metric_families(metrics_of(containers, canary, "frontend"))
    found = {(one.name, one.labels.get("state")): one.value for family in families for one in family.samples}

    assert {state for name, state in found if name == "headway_frontend_connections"} == {
        *("active", "reading", "writing", "waiting"),
    }
    assert found["headway_frontend_connections", "active"] >= 1
    assert found["headway_frontend_accepted_total", None] >= found["headway_frontend_connections", "active"]
    assert headway.http.get("/metrics").status_code == 404


def test_prometheus_understands_what_nginx_says(containers: Any, wait_until: Any, prometheus: str) -> None:
    query = (
        "promtool",
        "query",
        "instant",
        "-o",
        "json",
        "http://127.0.0.1:9090",
        "headway_frontend_accepted_total",
    )

    wait_until(lambda: json.loads(containers.execute(prometheus, *query)), 90, "the connections of the frontend")


def test_nginx_writes_a_line_for_each_request(containers: Any, headway: Any, wait_until: Any) -> None:
    headway.http.get("/tasks?page=secret", headers={"X-Request-ID": "logged-1"})

    def found() -> list[dict[str, Any]]:
        lines = containers.compose("logs", "--no-log-prefix", "--tail", "200", "frontend").splitlines()
        requests = [json.loads(line) for line in lines if line.startswith('{"timestamp"')]
        return [line for line in requests if line["request_id"] == "logged-1"]

    [line] = wait_until(found, 30, "the line of the request")
    assert (line["service"], line["path"]) == ("frontend", "/tasks")


def test_a_worker_knows_how_much_memory_it_may_take(containers: Any, one_of_each: None) -> None:
    [worker] = containers.of("worker")

    families = text_string_to_metric_families(metrics_of(containers, worker))
    found = {one.name: one.value for family in families for one in family.samples}

    assert found["headway_worker_memory_limit_bytes"] == containers.inspect(worker)["HostConfig"]["Memory"]
    assert 0 < found["headway_worker_memory_bytes"] < found["headway_worker_memory_limit_bytes"]
