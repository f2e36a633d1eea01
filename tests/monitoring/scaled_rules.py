"""The rules with every time divided, so that what takes hours in production is seen within seconds in a test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "rules"
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
DURATION = re.compile(r"(\d+)(ms|[smhdw])")
WINDOW = re.compile(r"(?<=\[)[^\]]+(?=\])|(?<=\boffset )\w+")
SECONDS = {
    "HeadwayOldestQueuedTooOld": "600",
    "HeadwayJobsStuck": "120",
    "HeadwayJobSilent": "3600",
    "HeadwayCanaryFailing": "300",
}
"""Thresholds that are a time, and so are divided too. That of late progress is left: it is a matter of seconds."""
AMOUNTS = {"HeadwayProgressSlow": ("100", "20")}
"""The least that counts, where a shorter window cannot hold as much."""
LEAST_SECONDS = 5
"""No window and no threshold becomes shorter: a rate needs some scrapes, and a healthy system some patience."""


def write_scaled(folder: Path, factor: float) -> None:
    """The same files in another folder."""
    for path in RULES.glob("*.yml"):
        file = yaml.safe_load(path.read_text())
        rules = [scaled(rule, factor) for group in file["groups"] for rule in group["rules"]]
        (folder / path.name).write_text(yaml.safe_dump({"groups": [{"name": path.stem, "rules": rules}]}))


def scaled(rule: dict[str, Any], factor: float) -> dict[str, Any]:
    expression = WINDOW.sub(lambda found: shorter(found[0], factor, LEAST_SECONDS), rule["expr"])
    if threshold := SECONDS.get(rule.get("alert", "")):
        expression = re.sub(rf"> {threshold}\b", f"> {max(int(threshold) / factor, LEAST_SECONDS):g}", expression)
    if amounts := AMOUNTS.get(rule.get("alert", "")):
        expression = re.sub(rf">= {amounts[0]}\b", f">= {amounts[1]}", expression)
    waits = {name: shorter(rule[name], factor) for name in ("for", "keep_firing_for") if name in rule}
    return {**rule, "expr": expression, **waits}


def shorter(durations: str, factor: float, least_seconds: float = 0.001) -> str:
    """`1h` or `30m:1m`, each divided."""
    return ":".join(milliseconds(each / factor, least_seconds) for each in seconds_of(durations))


def seconds_of(durations: str) -> Iterator[float]:
    for each in durations.split(":"):
        yield sum(int(number) * UNITS[unit] for number, unit in DURATION.findall(each))


def milliseconds(seconds: float, least_seconds: float) -> str:
    return f"{round(max(seconds, least_seconds) * 1000)}ms"
