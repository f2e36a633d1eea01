"""The canary as it runs: a process with a management port, which no failed run ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from canary.metrics import CanaryMetrics
from canary.rounds import Rounds
from canary.settings import CanarySettings
from local.ports import free_ports

CONFIGURATION = 78


@dataclass
class Canary:
    process: subprocess.Popen[bytes]
    port: int
    log_path: Path

    def ask(self, path: str) -> tuple[int, str]:
        """Status and text; nothing while nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, ""
        except URLError:
            return 0, ""

    def runs(self, outcome: str) -> float:
        families = text_string_to_metric_families(self.ask("/metrics")[1])
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == "headway_canary_runs_total" and sample.labels["outcome"] == outcome
        )

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_path.read_text().splitlines() if line.startswith("{")]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Canary]]:
    """Start `python -m canary` with these settings."""
    canaries: list[Canary] = []

    def begin(**settings: Any) -> Canary:
        [port] = free_ports(1)
        values = {"canary_management_port": port, "log_format": "json"} | settings
        environment = {f"HEADWAY_{name.upper()}": str(value) for name, value in values.items()}
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "canary"], env=os.environ | environment, stdout=log, stderr=log
            )
        canaries.append(Canary(process, port, tmp_path / "log"))
        return canaries[-1]

    yield begin
    for canary in canaries:
        canary.process.kill()
        canary.process.wait(10)


def test_it_runs_again_and_again_and_logs_the_job(
    start: Callable[..., Canary], stack_url: str, until: Callable[..., None]
) -> None:
    canary = start(canary_url=stack_url, canary_seconds=1)

    until(lambda: canary.runs("succeeded") >= 2, seconds=60)

    lines = [line for line in canary.log if line["event"] == "canary run"]
    assert len({line["job_id"] for line in lines}) >= 2
    assert lines[0]["outcome"] == "succeeded"
    assert lines[0]["service"] == "canary"
    assert lines[0]["accepted"] <= lines[0]["finished"]
    assert canary.ask("/readyz")[0] == canary.ask("/livez")[0] == 200


def test_runs_that_fail_do_not_end_it(start: Callable[..., Canary], until: Callable[..., None]) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"

    canary = start(canary_url=nobody, canary_seconds=1, canary_timeout_seconds=1)

    until(lambda: canary.runs("refused") >= 2)
    assert canary.process.poll() is None
    assert canary.ask("/livez")[0] == 200
    assert [line["job_id"] for line in canary.log if line["event"] == "canary run"][:2] == ["", ""]


def test_its_first_run_waits_for_those_that_start_with_it(
    start: Callable[..., Canary], until: Callable[..., None]
) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"

    canary = start(canary_url=nobody, canary_timeout_seconds=600)
    until(lambda: canary.ask("/readyz")[0] == 200)

    assert canary.runs("refused") == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_it_at_once(
    start: Callable[..., Canary], until: Callable[..., None], number: signal.Signals
) -> None:
    canary = start(canary_url=f"http://127.0.0.1:{free_ports(1)[0]}")
    until(lambda: canary.ask("/livez")[0] == 200)

    canary.process.send_signal(number)

    assert canary.process.wait(5) == 0


@pytest.mark.parametrize("url", ["ftp://a", "http://", "http://user@a", "http://a:port", "http://a/?b", "http://[::1"])
def test_an_address_that_is_none_is_a_wrong_setting(start: Callable[..., Canary], url: str) -> None:
    canary = start(canary_url=url)

    assert canary.process.wait(30) == CONFIGURATION
    assert "HEADWAY_CANARY_URL=" in canary.log_path.read_text()


def test_it_is_not_well_when_no_run_begins(registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = Rounds(CanarySettings(canary_seconds=1, canary_timeout_seconds=1), CanaryMetrics(registry))
    rounds.check()

    monkeypatch.setattr("canary.rounds.STUCK_SECONDS", -10.0)

    with pytest.raises(RuntimeError, match="no run began"):
        rounds.check()
