"""Draws a dashboard as one picture, from what Prometheus answers: for the docs, and where there is no Grafana."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from all_dashboards import filled
from answers import Series, ask_now, ask_range
from layout import COLUMNS, Place, height_of, placed
from panels import Dashboard, Panel, Query, Row
from plots import draw_heatmap, draw_lines, draw_stack
from sheet import Box, Sheet
from tables import draw_stat, draw_table
from times import Times

WIDTH, MARGIN, GAP, HEAD = 1600, 14, 8, 46
LINE_HEIGHT = 34
ASKED_AT_ONCE = 8
SCRAPES = 4 * 15
"""Seconds: a rate needs some scrapes to be taken from."""

Answers = list[tuple[Query, list[Series]]]
PAINTERS: Mapping[str, Callable[[Sheet, Box, Panel, Answers, Times], None]] = {
    "stat": draw_stat,
    "lines": draw_lines,
    "stack": draw_stack,
    "heatmap": draw_heatmap,
    "table": draw_table,
}


@dataclass(frozen=True)
class Source:
    """A Prometheus and the time that is looked at."""

    url: str
    times: Times

    def answers(self, panel: Panel) -> Answers:
        return [(query, self._ask(query, panel)) for query in panel.queries]

    def _ask(self, query: Query, panel: Panel) -> list[Series]:
        times = self.times
        window = f"{max(SCRAPES, round(times.step))}s"
        expression = filled(query.expression, window, f"{round(times.end - times.start)}s")
        if panel.kind == "table":
            return ask_now(self.url, expression, times.end)
        return ask_range(self.url, expression, times.start, times.end, times.step)


def draw(dashboard: Dashboard, prometheus_url: str, start: float, end: float, step: float) -> bytes:
    """The whole dashboard as a PNG, from start to end (Unix seconds), with a value each step (seconds)."""
    times = Times(start, end, step)
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        answers = iter(list(pool.map(Source(prometheus_url, times).answers, dashboard.panels)))
    sheet = Sheet(*size_of(dashboard))
    sheet.heading(MARGIN, HEAD / 2, dashboard.title, dashboard.description, times.said())
    for what, place in placed(dashboard):
        box = box_of(place)
        if isinstance(what, Row):
            sheet.row(box, what.title)
        else:
            sheet.card(box, what.title)
            PAINTERS[what.kind](sheet, box, what, next(answers), times)
    return sheet.png()


def size_of(dashboard: Dashboard) -> tuple[int, int]:
    """Width and height of the picture, in pixels."""
    return WIDTH, HEAD + height_of(dashboard) * LINE_HEIGHT + MARGIN


def box_of(place: Place) -> Box:
    """Where a place of the grid is in the picture."""
    column = (WIDTH - 2 * MARGIN + GAP) / COLUMNS
    left, top = MARGIN + place.x * column, HEAD + place.y * LINE_HEIGHT
    return Box(left, top, place.width * column - GAP, place.height * LINE_HEIGHT - GAP)
