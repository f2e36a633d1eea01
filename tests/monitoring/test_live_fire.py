"""Every alert on the real thing: a fault makes it fire, its end ends it. Real Prometheus, with all times scaled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def wait_for_quiet(firing: Callable[[], Iterable[str]], wait_until: Callable[..., Any]) -> None:
    """Until none of these fires; the failure names those that do."""
    try:
        wait_until(lambda: not firing(), CLEAR_SECONDS)
    except AssertionError:
        pytest.fail(f"After {CLEAR_SECONDS:g} s these should be quiet, and fire: {sorted(firing())}")


def test_there_is_a_fault_for_every_alert() -> None:
    provoked = {name.split()[0] for each in FAULTS.values() for name in each.alerts}

    assert provoked == names_of_alerts() - {"HeadwayWatchdog"}


def test_the_watchdog_fires_and_nothing_else(watched: Any, wait_until: Callable[..., Any]) -> None:
    wait_until(lambda: watched.value('ALERTS{alertname="HeadwayWatchdog"}') == 1, 60, "the watchdog")

    wait_for_quiet(watched.names, wait_until)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_sets_its_alerts_off_until_it_ends(name: str, watched: Any, wait_until: Callable[..., Any]) -> None:
    trouble = FAULTS[name]
    seen: dict[str, str] = {}
    wait_for_quiet(lambda: watched.firing(trouble.alerts), wait_until)

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
    wait_for_quiet(lambda: watched.firing(trouble.alerts), wait_until)
