"""Where each panel stands: rows below each other, panels from left to right in 24 columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from panels import Dashboard, Panel, Row

COLUMNS = 24


@dataclass(frozen=True)
class Place:
    """A box in the grid, in columns and lines from the top left."""

    x: int
    y: int
    width: int
    height: int


def placed(dashboard: Dashboard) -> Iterator[tuple[Row | Panel, Place]]:
    """Every heading and every panel, from the top down."""
    y = 0
    for row in dashboard.rows:
        yield row, Place(0, y, COLUMNS, 1)
        x, y, line_height = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, line_height = 0, y + line_height, 0
            yield panel, Place(x, y, panel.width, panel.height)
            x, line_height = x + panel.width, max(line_height, panel.height)
        y += line_height


def height_of(dashboard: Dashboard) -> int:
    return max(place.y + place.height for _, place in placed(dashboard))
