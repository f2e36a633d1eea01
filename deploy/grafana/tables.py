"""Figures of now: one large one, or one for each task in a table."""

from __future__ import annotations

import math

from answers import Series
from panels import Panel, Query
from plots import named_lines
from scales import shown
from sheet import EDGE, PADDING, PLAIN, SOFT, TITLE_HEIGHT, Box, Sheet
from times import Times

FIGURE_SIZE, LEAST_SIZE = 19.0, 11.0
LINE = 21

Answers = list[tuple[Query, list[Series]]]


def draw_stat(sheet: Sheet, box: Box, panel: Panel, answers: Answers, times: Times) -> None:
    """The last value, and its way there below it."""
    lines = named_lines(answers, times)
    if not lines:
        return sheet.nothing(box, panel.empty_when_healthy)
    values = lines[0][2]
    last = next(value for value in reversed(values) if not math.isnan(value))
    colour = panel.steps.colour_of(last)
    text = panel.words.get(last) or shown(last, panel.unit, panel.decimals)
    size = FIGURE_SIZE
    while size > LEAST_SIZE and sheet.width_of(text, size, bold=True) > box.width - 2 * PADDING:
        size -= 1
    middle = box.top + TITLE_HEIGHT + (box.height - TITLE_HEIGHT) * 0.36
    sheet.write(box.left + box.width / 2, middle, text, size=size, colour=colour, align="center", bold=True)
    axes = sheet.axes(box.inside(1, box.height * 0.68, 1, 2))
    axes.fill_between(times.moments, 0, values, color=colour, alpha=0.14, lw=0)
    axes.plot(times.moments, values, color=colour, lw=1.1, alpha=0.8)
    top = max((value for value in values if math.isfinite(value)), default=0)
    axes.set(xlim=(times.start, times.end), ylim=(0, (top or 1) * 1.1), xticks=[], yticks=[])
    return None


def draw_table(sheet: Sheet, box: Box, panel: Panel, answers: Answers, times: Times) -> None:
    """A line for each task, a column for each question."""
    columns = [_by_task(found) for _, found in answers]
    tasks = sorted({task for column in columns for task in column})
    if not tasks:
        return sheet.nothing(box, panel.empty_when_healthy)
    room = int((box.height - TITLE_HEIGHT - 2 * PADDING) // LINE) - 1
    names = list(panel.columns)
    first, width = 0.28 * box.width, 0.7 * box.width / len(names)
    top = box.top + TITLE_HEIGHT + PADDING
    sheet.write(box.left + PADDING, top, "Task", colour=SOFT)
    for number, name in enumerate(names):
        sheet.write(box.left + first + (number + 1) * width, top, name, colour=SOFT, align="right")
    for line, task in enumerate(tasks[:room], start=1):
        y = top + line * LINE
        sheet.rectangle(Box(box.left + PADDING, y - LINE / 2, box.width - 2 * PADDING, 0.8), EDGE)
        sheet.write(box.left + PADDING, y, sheet.shortened(task, first, PLAIN))
        for number, name in enumerate(names):
            value = columns[number].get(task, math.nan)
            text = shown(value, panel.columns[name])
            sheet.write(box.left + first + (number + 1) * width, y, text, align="right")
    return None


def _by_task(found: list[Series]) -> dict[str, float]:
    return {series.labels.get("task", ""): series.values[max(series.values)] for series in found}
