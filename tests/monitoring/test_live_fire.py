"""Every alert on the real thing: a fault makes it fire, its end ends it. Real Prometheus, with all times scaled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from alert_faults import FAULTS
from scaled_rules import RULES

CLEAR_SECONDS = 90.0
pytestmark = pytest.mark.timeout(400)  # all waits of the slowest fault, on a busy machine


def names_of_alerts() -> set[str]:
    file = yaml.safe_load((RULES / "alerts.yml").read_text())
    return {rule["alert"] for group in file["groups"] for rule in group["rules"]}


def test_there_is_a_fault_for_every_alert() -> None:
    provoked = {name.split()[0] for each in FAULTS.values() for name in each.alerts}

    assert provoked == names_of_alerts() - {"HeadwayWatchdog"}


def test_the_watchdog_fires_and_nothing_else(watched: Any, wait_until: Callable[..., Any]) -> None:
    wait_until(lambda: watched.value('ALERTS{alertname="HeadwayWatchdog"}') == 1, 60, "the watchdog")

    wait_until(lambda: not watched.names(), CLEAR_SECONDS, "quiet")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_sets_its_alerts_off_until_it_ends(name: str, watched: Any, wait_until: Callable[..., Any]) -> None:
    trouble = FAULTS[name]
    seen: dict[str, str] = {}
    wait_until(lambda: not watched.firing(trouble.alerts), CLEAR_SECONDS, "quiet before the fault")

    def have_fired() -> bool:
        seen.update(watched.firing(trouble.alerts))
        return trouble.alerts <= set(seen)

    with trouble.fault(watched):
        try:
            wait_until(have_fired, trouble.seconds)
        except AssertionError:
            pytest.fail(f"Within {trouble.seconds:g} s {sorted(trouble.alerts)} should fire; only {sorted(seen)} did.")

    for words in seen.values():
        assert "<no value>" not in words
        assert "error expanding" not in words
    wait_until(lambda: not watched.firing(trouble.alerts), CLEAR_SECONDS, f"the end of {sorted(trouble.alerts)}")
