"""The small vocabulary that dashboards are written in: stat, lines, stack, heatmap, table, row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypedDict, Unpack

from palette import BAD, CALM, GOOD, WARN

PER_MINUTE = "suffix: /min"

Kind = Literal["stat", "lines", "stack", "heatmap", "table"]


@dataclass(frozen=True)
class Query:
    """One question to Prometheus, and how its answers are called."""

    expression: str
    legend: str = ""
    apart: bool = False
    """In a stack: drawn as a line of its own, on top of nothing."""


@dataclass(frozen=True)
class Steps:
    """Colours by value: the first one from the beginning, each other one from its value on."""

    base: str = CALM
    above: tuple[tuple[float, str], ...] = ()

    def colour_of(self, value: float) -> str:
        return next((colour for limit, colour in reversed(self.above) if value >= limit), self.base)


def high_is_bad(warn: float, bad: float) -> Steps:
    return Steps(GOOD, ((warn, WARN), (bad, BAD)))


def low_is_bad(bad_below: float, warn_below: float) -> Steps:
    return Steps(BAD, ((bad_below, WARN), (warn_below, GOOD)))


ANY_IS_BAD = Steps(GOOD, ((1e-9, BAD),))
ANY_IS_NOTABLE = Steps(GOOD, ((1e-9, WARN),))
NONE_IS_BAD = Steps(BAD, ((1, GOOD),))
PLAIN = Steps()


@dataclass(frozen=True)
class Panel:
    """One picture with a title; what it shows and what to do about it stand in its description."""

    kind: Kind
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    width: int
    height: int
    steps: Steps = PLAIN
    decimals: int | None = None
    below_zero: bool = False
    words: Mapping[float, str] = field(default_factory=dict)
    """Words for certain values."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Of a table: the unit of each column; its queries' legends are the names of the columns."""
    link: Literal["", "task"] = ""
    """A click on a series leads to its task on the dashboard of the workers."""
    empty_when_healthy: str = ""
    """Why it is no fault when this shows nothing."""


@dataclass(frozen=True)
class Row:
    """Panels that answer one question, below one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    """Rows of panels under one address."""

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]
    chooses: tuple[str, ...] = ("queue", "task")
    """Labels that one can choose by, beside the namespace."""

    @property
    def uid(self) -> str:
        return f"headway-{self.name}"

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows for panel in row.panels)


class More(TypedDict, total=False):
    """What a panel may say beyond what it must."""

    height: int
    steps: Steps
    decimals: int
    below_zero: bool
    words: Mapping[float, str]
    link: Literal["", "task"]
    empty_when_healthy: str


def row(title: str, *panels: Panel) -> Row:
    return Row(title, panels)


def stat(title: str, expression: str, unit: str, description: str, *, width: int = 3, **more: Unpack[More]) -> Panel:
    """One large figure of now, with its way there behind it."""
    panel = Panel("stat", title, description, unit, (Query(expression, title),), width, 4)
    return replace(panel, **more)


def lines(
    title: str, queries: Mapping[str, str], unit: str, description: str, *, width: int = 8, **more: Unpack[More]
) -> Panel:
    """A line for each answer; thresholds are drawn across."""
    panel = Panel("lines", title, description, unit, _queries(queries), width, 8)
    return replace(panel, **more)


def stack(
    title: str,
    queries: Mapping[str, str],
    unit: str,
    description: str,
    *,
    apart: Mapping[str, str] | None = None,
    width: int = 8,
    **more: Unpack[More],
) -> Panel:
    """Areas on top of each other, whose height is their sum; what stands apart is a line."""
    alone = tuple(Query(expression, legend, apart=True) for legend, expression in (apart or {}).items())
    panel = Panel("stack", title, description, unit, (*_queries(queries), *alone), width, 8)
    return replace(panel, **more)


def heatmap(
    title: str, expression: str, unit: str, description: str, *, width: int = 12, **more: Unpack[More]
) -> Panel:
    """How many cases fell into each bucket, by time: the darker, the more."""
    panel = Panel("heatmap", title, description, unit, (Query(expression, "{{le}}"),), width, 8)
    return replace(panel, **more)


def table(
    title: str, columns: Mapping[str, tuple[str, str]], description: str, *, width: int = 24, **more: Unpack[More]
) -> Panel:
    """A line for each task, a column for each question: its name, its unit and what it asks."""
    queries = tuple(Query(expression, name) for name, (_, expression) in columns.items())
    panel = Panel("table", title, description, "short", queries, width, 8)
    return replace(panel, columns={name: unit for name, (unit, _) in columns.items()}, **more)


def _queries(queries: Mapping[str, str]) -> tuple[Query, ...]:
    return tuple(Query(expression, legend) for legend, expression in queries.items())
