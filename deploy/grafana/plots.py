"""Plots over time: lines, stacked areas, and heatmaps."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from zlib import crc32

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm

from answers import Series
from palette import GREY, ORDER, SERIES, meanings
from panels import Panel, Query
from scales import axis, shown
from sheet import GRID, LEGEND_LINE, PADDING, SMALL, TITLE_HEIGHT, Box, Sheet
from times import Times

LEGEND_LINES = 2
AXIS_WIDTH, CLOCK_HEIGHT = 56, 20
HEAT = LinearSegmentedColormap.from_list("heat", ["#E4EEFB", "#8AB8FF", "#3274D9", "#173A78"])
BUCKET_LABELS = 6
DASHES = (0, (6, 4))

Answers = list[tuple[Query, list[Series]]]
Line = tuple[str, Query, list[float]]


def draw_lines(sheet: Sheet, box: Box, panel: Panel, answers: Answers, times: Times) -> None:
    lines = named_lines(answers, times)
    if not lines:
        return sheet.nothing(box, panel.empty_when_healthy)
    colours = colours_of(lines)
    axes = _framed(sheet, box, panel, lines, times, _extremes(panel, [values for _, _, values in lines]))
    for name, _, values in lines:
        axes.plot(times.moments, values, color=colours[name], lw=1.5, solid_capstyle="round", clip_on=True)
    for limit, colour in panel.steps.above:
        if limit < axes.get_ylim()[1] and len(lines) > 0:
            axes.axhline(limit, color=colour, lw=0.9, ls=DASHES, zorder=1)
    return None


def draw_stack(sheet: Sheet, box: Box, panel: Panel, answers: Answers, times: Times) -> None:
    lines = named_lines(answers, times)
    if not lines:
        return sheet.nothing(box, panel.empty_when_healthy)
    colours = colours_of(lines)
    stacked = [(name, _without_gaps(values)) for name, query, values in lines if not query.apart]
    sums = [sum(column) for column in zip(*(values for _, values in stacked), strict=True)]
    apart = [values for _, query, values in lines if query.apart]
    axes = _framed(sheet, box, panel, lines, times, _extremes(panel, [sums, *apart]))
    floor = [0.0] * len(times.moments)
    for name, values in stacked:
        top = [below + value for below, value in zip(floor, values, strict=True)]
        axes.fill_between(times.moments, floor, top, color=colours[name], alpha=0.62, lw=0)
        edge = [
            height if value > 0.01 * axes.get_ylim()[1] else math.nan for height, value in zip(top, values, strict=True)
        ]
        axes.plot(times.moments, edge, color=colours[name], lw=0.9)
        floor = top
    for name, query, values in lines:
        if query.apart:
            axes.plot(times.moments, values, color=colours[name], lw=1.6, ls=DASHES)
    return None


def draw_heatmap(sheet: Sheet, box: Box, panel: Panel, answers: Answers, times: Times) -> None:
    edges, rows = buckets(answers[0][1], times)
    if not rows:
        return sheet.nothing(box, panel.empty_when_healthy)
    axes = sheet.axes(box.inside(AXIS_WIDTH + PADDING, TITLE_HEIGHT + 8, PADDING + 4, CLOCK_HEIGHT + PADDING))
    grid = [[value if value > 0 else math.nan for value in row] for row in rows]
    half = times.step / 2
    moments = [times.start - half, *(moment + half for moment in times.moments)]
    axes.pcolormesh(moments, range(len(rows) + 1), grid, cmap=HEAT, norm=PowerNorm(0.5, vmin=0), lw=0.4, ec="white")
    every = max(1, math.ceil(len(edges) / BUCKET_LABELS))
    labelled = [(number, edge) for number, edge in enumerate(edges) if number % every == 0]
    axes.set_yticks([number for number, _ in labelled], [_edge(edge, panel.unit) for _, edge in labelled])
    axes.set(ylim=(0, len(rows)), xlim=(times.start, times.end))
    _clock(axes, times, box.width)
    return None


def named_lines(answers: Answers, times: Times) -> list[Line]:
    """Every series with its name as the legend has it, sorted within its query."""
    lines: list[Line] = []
    for query, found in answers:
        named = sorted(((name_of(query, series), series) for series in found), key=lambda pair: _rank(pair[0]))
        lines += [(name, query, times.along(series.values)) for name, series in named]
    return [line for line in lines if not all(math.isnan(value) for value in line[2])]


def _rank(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def name_of(query: Query, series: Series) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda label: series.labels.get(label[1], ""), query.legend).strip() or "value"


def colours_of(lines: Sequence[Line]) -> dict[str, str]:
    """By meaning where there is one; else each name has its own, the same in every panel if it is free there."""
    chosen: dict[str, str] = {}
    for name, query, _ in lines:
        if name in (known := meanings(query.legend)):
            chosen[name] = known[name]
    for name, _, _ in lines:
        if name not in chosen:
            free = [colour for colour in SERIES if colour not in chosen.values()] or list(SERIES)
            wanted = SERIES[crc32(name.encode()) % len(SERIES)]
            chosen[name] = wanted if wanted in free else free[crc32(name.encode()) % len(free)]
    return chosen


def buckets(found: Sequence[Series], times: Times) -> tuple[list[float], list[list[float]]]:
    """The lower edges of the buckets that hold anything, and how many cases are in each at each moment."""
    by_edge = sorted((float(series.labels["le"]), times.along(series.values, 0.0)) for series in found)
    below = [0.0] * len(times.moments)
    edges, rows, lower = [], [], 0.0
    for edge, counts in by_edge:
        rows.append([max(0.0, count - less) for count, less in zip(counts, below, strict=True)])
        edges.append(lower)
        below, lower = counts, edge
    used = [number for number, row in enumerate(rows) if any(value > 0 for value in row)]
    if not used:
        return [], []
    first, last = max(0, used[0] - 1), min(len(rows), used[-1] + 2)
    return [*edges[first:last], *([by_edge[last - 1][0]] if last <= len(by_edge) else [])], rows[first:last]


def _without_gaps(values: Sequence[float]) -> list[float]:
    return [0.0 if math.isnan(value) else value for value in values]


def _edge(edge: float, unit: str) -> str:
    return "∞" if math.isinf(edge) else shown(edge, unit)


def _extremes(panel: Panel, lines: Sequence[Sequence[float]]) -> tuple[float, float]:
    values = [value for line in lines for value in line if math.isfinite(value)] or [0.0]
    return (min(0.0, *values) if panel.below_zero else 0.0), max(0.0, *values)


def _framed(
    sheet: Sheet, box: Box, panel: Panel, lines: Sequence[Line], times: Times, extremes: tuple[float, float]
) -> Axes:
    """Axes with a legend below, a clock, and round values at the left."""
    colours = colours_of(lines)
    legend = sheet.legend_lines(list(dict.fromkeys(name for name, _, _ in lines)), box.width - 2 * PADDING - 30)
    if len(legend) > LEGEND_LINES:
        left_out = sum(map(len, legend[LEGEND_LINES:]))
        legend = [*legend[: LEGEND_LINES - 1], [*legend[LEGEND_LINES - 1], f"+ {left_out}"]]
    below = PADDING + LEGEND_LINE * len(legend)
    for number, names in enumerate(legend):
        sheet.legend(box.left + PADDING, box.bottom - below + LEGEND_LINE * (number + 0.5) + 3, names, colours)
    axes = sheet.axes(box.inside(AXIS_WIDTH + PADDING, TITLE_HEIGHT + 8, PADDING + 4, below + CLOCK_HEIGHT))
    marks = axis(*extremes, panel.unit)
    axes.set_yticks(marks, [shown(mark, panel.unit) for mark in marks])
    room = (marks[-1] - marks[0]) * 0.012
    axes.set(ylim=(marks[0] - room, marks[-1] + room), xlim=(times.start, times.end))
    axes.grid(axis="y", color=GRID, lw=0.9, zorder=0)
    axes.set_axisbelow(True)
    if marks[0] < 0:
        axes.axhline(0, color=GREY, lw=0.9, zorder=1)
    _clock(axes, times, box.width)
    return axes


def _clock(axes: Axes, times: Times, pixels: float) -> None:
    marks = times.marks(pixels - AXIS_WIDTH - 2 * PADDING)
    axes.set_xticks([moment for moment, _ in marks], [name for _, name in marks], size=SMALL)
