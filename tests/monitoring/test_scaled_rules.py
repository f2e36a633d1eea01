"""Scaled rules are the same rules, in less time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from scaled_rules import LEAST_SECONDS, RULES, SECONDS, scaled, write_scaled


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(x[1h])", "rate(x[60000ms])"),
        ("rate(x[5m])", "rate(x[5000ms])"),
        ("rate(x[1m])", "rate(x[5000ms])"),  # and no shorter
        ("max_over_time(x[1h30m:5m] offset 1d)", "max_over_time(x[90000ms:5000ms] offset 1440000ms)"),
        ("job:x:rate5m > 14.4 * 0.001", "job:x:rate5m > 14.4 * 0.001"),
    ],
)
def test_windows_are_divided_and_names_and_numbers_are_not(expression: str, expected: str) -> None:
    rule = scaled({"record": "a", "expr": expression}, 60)

    assert rule["expr"] == expected


def test_an_alert_waits_less_and_compares_with_less() -> None:
    rule = scaled({"alert": "HeadwayOldestQueuedTooOld", "expr": "age > 600", "for": "5m"}, 60)

    assert rule == {"alert": "HeadwayOldestQueuedTooOld", "expr": "age > 10", "for": "5000ms"}


def test_every_threshold_in_the_table_is_in_its_alert() -> None:
    alerts = [rule for group in yaml.safe_load((RULES / "alerts.yml").read_text())["groups"] for rule in group["rules"]]

    for name, seconds in SECONDS.items():
        assert any(re.search(rf"> {seconds}\b", rule["expr"]) for rule in alerts if rule["alert"] == name), name


def test_all_rules_are_written_in_their_order(tmp_path: Path) -> None:
    write_scaled(tmp_path, 600)

    for path in RULES.glob("*.yml"):
        assert names_in(tmp_path / path.name) == names_in(path)
        assert f"[{LEAST_SECONDS}" in (tmp_path / path.name).read_text() or path.stem == "alerts"


def names_in(path: Path) -> list[Any]:
    groups = yaml.safe_load(path.read_text())["groups"]
    return [rule.get("alert") or rule["record"] for group in groups for rule in group["rules"]]
