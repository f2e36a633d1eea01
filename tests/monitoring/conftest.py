"""A running Headway that Prometheus watches with scaled rules, and hands for doing it harm."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis
from alert_faults import REPLICAS
from scaled_rules import write_scaled

from local.ports import free_ports

# It takes minutes: `make drill` runs it.
collect_ignore = [] if os.environ.get("LIVE_FIRE") else ["test_live_queries.py", "test_live_fire.py"]

ROOT = Path(__file__).resolve().parents[2]
FACTOR = 600
STREAMS = 10


def _stacks() -> Any:
    """The end-to-end tests' own way to start a stack and to talk to it."""
    spec = spec_from_file_location("stacks_of_the_end_to_end_tests", ROOT / "tests/e2e/conftest.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there for the types of their fields
    spec.loader.exec_module(module)
    return module


stacks = _stacks()


@dataclass
class Watched:
    """A stack, a client of it, its Redis, and its Prometheus."""

    stack: Any
    client: Any
    redis: redis.Redis
    prometheus: httpx2.Client

    def alerts(self) -> list[dict[str, Any]]:
        """Those that fire, but for the one that always does."""
        answer = self.prometheus.get("/api/v1/alerts").json()["data"]["alerts"]
        return [each for each in answer if each["state"] == "firing" and each["labels"]["severity"] != "none"]

    def names(self) -> set[str]:
        return {each["labels"]["alertname"] for each in self.alerts()}

    def firing(self, wanted: Iterable[str]) -> dict[str, str]:
        """Which of these fire, each a name and labels as `reason=late`, and what they tell people."""
        return {
            each: " ".join(alert["annotations"].values())
            for alert in self.alerts()
            for each in wanted
            if set(each.split()) <= {alert["labels"]["alertname"], *(f"{k}={v}" for k, v in alert["labels"].items())}
        }

    def asked(self, query: str) -> list[dict[str, Any]]:
        """The series that answer a question; fails when Prometheus does not understand it."""
        answer = self.prometheus.get("/api/v1/query", params={"query": query})
        assert answer.status_code == 200, (query, answer.text)
        return answer.json()["data"]["result"]  # type: ignore[no-any-return]

    def value(self, query: str) -> float | None:
        found = self.asked(query)
        return float(found[0]["value"][1]) if found else None

    def pids(self, words: str) -> list[int]:
        """The processes that the supervisor started with these words in their command."""
        started = [pid for pid in self.stack.processes if self.stack.parent_of(pid) == self.stack.process.pid]
        return [pid for pid in started if words in self.stack.command_of(pid).replace("\0", " ")]

    def below(self, pid: int) -> list[int]:
        children = [each for each in self.stack.processes if self.stack.parent_of(each) == pid]
        return [found for child in children for found in (child, *self.below(child))]

    @contextmanager
    def standing_still(self, *words: str) -> Iterator[None]:
        """Processes that live and do nothing meanwhile, with all below them: some serve from a child.

        Without words it is the supervisor alone, who then starts nobody again.
        """
        started = [pid for each in words for pid in self.pids(each)]
        pids = [below for pid in started for below in (pid, *self.below(pid))] if words else [self.stack.process.pid]
        assert pids, words
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One stack for all faults: each puts back what it broke."""
    rules = tmp_path_factory.mktemp("rules")
    write_scaled(rules, FACTOR)
    port, dashboards_port = free_ports(2)
    with stacks.stacks_in(tmp_path_factory.mktemp) as start:
        stack = start(
            tasks="worker.tasks,trial_tasks",
            monitoring=1,
            prometheus_port=port,
            dashboards_port=dashboards_port,
            scrape_seconds=1,
            rules=rules,
            canary_seconds=1,
            canary_timeout_seconds=5,
            max_streams=STREAMS,
            statuses=REPLICAS,
            cancel_grace_seconds=1,
        )
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as prometheus:
            client = stacks.Headway(stack.url, httpx2.Client(base_url=stack.url, timeout=40))
            yield Watched(stack, client, redis_of(stack.home / "home"), prometheus)
            client.http.close()


def redis_of(home: Path) -> redis.Redis:
    lines = (line.partition(" ") for line in (home / "run" / "valkey.conf").read_text().splitlines())
    settings = {name: value.strip('"') for name, _, value in lines}
    return redis.Redis(port=int(settings["port"]), password=settings["requirepass"], socket_timeout=10)


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    return stacks.wait_for  # type: ignore[no-any-return]
