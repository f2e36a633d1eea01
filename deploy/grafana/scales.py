"""Figures as people read them: a value with its unit, and the round steps of an axis."""

from __future__ import annotations

import math

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
RATES = {"ops": "/s", "reqps": "/s", "wps": "/s"}
LINES = 4
"""About as many lines as an axis has."""


def shown(value: float, unit: str, decimals: int | None = None) -> str:
    """The value as it stands in a panel."""
    if not math.isfinite(value):
        return "–"
    if unit == "s":
        return _time(value, decimals)
    if unit == "percentunit":
        return f"{_number(100 * value, decimals)} %"
    if unit in ("bytes", "binBps"):
        return _bytes(value) + ("/s" if unit == "binBps" else "")
    if unit.startswith("suffix:"):
        return f"{_thousands(value, decimals)} {unit.removeprefix('suffix:').strip()}"
    return _thousands(value, decimals) + RATES.get(unit, "")


def axis(lowest: float, highest: float, unit: str) -> list[float]:
    """Round values from below the lowest to above the highest."""
    if highest <= lowest:
        highest = lowest + 1
    step = _step((highest - lowest) / LINES, unit)
    first, last = math.floor(lowest / step + 1e-9), math.ceil(highest / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _step(about: float, unit: str) -> float:
    if unit == "s" and about >= 1:
        return next((float(step) for step in TIME_STEPS if step >= about), math.ceil(about / DAY) * DAY)
    if unit in ("bytes", "binBps") and about >= 1:
        return 2.0 ** math.ceil(math.log2(about) - 1e-9)
    scale = 10.0 ** math.floor(math.log10(about))
    return scale * next(step for step in (1, 2, 5, 10) if step >= about / scale - 1e-9)


def _time(seconds: float, decimals: int | None) -> str:
    size = abs(seconds)
    if size == 0:
        return "0 s"
    if size < 0.001:
        return f"{_number(seconds * 1e6, 0)} µs"
    if size < 1:
        return f"{_number(seconds * 1e3, None)} ms"
    for limit, unit, name in ((MINUTE, 1.0, "s"), (HOUR, MINUTE, "min"), (DAY, HOUR, "h")):
        if size < limit:
            return f"{_number(seconds / unit, decimals)} {name}"
    return f"{_number(seconds / DAY, None)} d"


def _bytes(value: float) -> str:
    for name in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return f"{_number(value, None)} {name}"
        value /= 1024
    return f"{_number(value, None)} TiB"


def _thousands(value: float, decimals: int | None) -> str:
    for name in ("", " K", " M"):
        if abs(value) < 1000:
            return _number(value, decimals) + name
        value /= 1000
    return f"{_number(value, decimals)} B"


def _number(value: float, decimals: int | None) -> str:
    """Three digits where nothing else is asked for, without zeros at the end."""
    if decimals is None:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return f"{value:.{decimals}f}"
