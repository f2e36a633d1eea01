"""A dashboard is drawn whole, whatever Prometheus knows; figures are written as people read them."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from all_dashboards import all_dashboards, queries
from answers import NoAnswer
from drawing import draw, size_of
from panels import Dashboard
from scales import axis, shown

START, STEP = 1_800_000_000.0, 30.0
END = START + 20 * STEP
BY_NAME = {each.name: each for each in all_dashboards()}


def size_in(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("dashboard", BY_NAME.values(), ids=list(BY_NAME))
def test_a_dashboard_is_drawn_with_every_panel(prometheus: Any, dashboard: Dashboard) -> None:
    png = draw(dashboard, prometheus.url, START, END, STEP)

    assert size_in(png) == size_of(dashboard)
    assert len(prometheus.asked) == sum(len(panel.queries) for panel in dashboard.panels)
    assert all("$" not in question for question in prometheus.asked)


def test_a_dashboard_is_drawn_when_there_is_nothing_to_show(prometheus: Any) -> None:
    prometheus.forget()

    png = draw(BY_NAME["jobs"], prometheus.url, START, END, STEP)

    assert size_in(png) == size_of(BY_NAME["jobs"])


def test_a_rate_is_never_taken_over_less_than_some_scrapes(prometheus: Any) -> None:
    draw(BY_NAME["redis"], prometheus.url, START, END, 5.0)

    assert any("[60s]" in question for question in prometheus.asked)
    assert not any("[5s]" in question for question in prometheus.asked)


def test_a_prometheus_that_is_not_there_is_named() -> None:
    with pytest.raises(NoAnswer, match=r"No Prometheus answered on http://127.0.0.1:9: .*Is it running there"):
        draw(BY_NAME["redis"], "http://127.0.0.1:9", START, END, STEP)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "s", "0 s"),
        (0.00025, "s", "250 µs"),
        (0.0153, "s", "15.3 ms"),
        (90.0, "s", "1.5 min"),
        (7200.0, "s", "2 h"),
        (0.973, "percentunit", "97.3 %"),
        (402653184.0, "bytes", "384 MiB"),
        (2048.0, "binBps", "2 KiB/s"),
        (1500.0, "short", "1.5 K"),
        (12.0, "reqps", "12/s"),
        (3.25, "suffix: /min", "3.25 /min"),
        (float("nan"), "s", "–"),
        (float("inf"), "short", "–"),
    ],
)
def test_a_value_is_shown_with_its_unit(value: float, unit: str, text: str) -> None:
    assert shown(value, unit) == text


@pytest.mark.parametrize(
    ("lowest", "highest", "unit", "marks"),
    [
        (0, 0, "short", [0, 0.5, 1]),
        (0, 97, "short", [0, 50, 100]),
        (-3, 8, "short", [-5, 0, 5, 10]),
        (0, 200, "s", [0, 60, 120, 180, 240]),
        (0, 1000, "bytes", [0, 256, 512, 768, 1024]),
    ],
)
def test_an_axis_has_round_values_and_room_for_all(
    lowest: float, highest: float, unit: str, marks: list[float]
) -> None:
    assert axis(lowest, highest, unit) == pytest.approx(marks)


def test_every_unit_in_use_can_be_drawn() -> None:
    units = {panel.unit for _, panel, _, _ in queries()}

    assert {shown(1.0, unit) for unit in units if unit != "short"}.isdisjoint({"1"})
