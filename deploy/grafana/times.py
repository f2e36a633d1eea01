"""The time that a picture shows, and how it is written below an axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import ceil, nan

from scales import DAY, TIME_STEPS

LABEL_PIXELS, EDGE_PIXELS = 70, 15
"""Room that a name needs, and how near to an edge it may stand."""


@dataclass(frozen=True)
class Times:
    """From start to end in Unix seconds, with a value each step."""

    start: float
    end: float
    step: float

    @cached_property
    def moments(self) -> list[float]:
        return [self.start + number * self.step for number in range(int((self.end - self.start) / self.step + 1.001))]

    def along(self, values: Mapping[float, float], missing: float = nan) -> list[float]:
        """A value for each moment. Prometheus rounds moments to milliseconds."""
        rounded = {round(moment, 2): value for moment, value in values.items()}
        return [rounded.get(round(moment, 2), missing) for moment in self.moments]

    def marks(self, pixels: float) -> list[tuple[float, str]]:
        """Round moments of the clock and their names, as many as there is room for."""
        least = (self.end - self.start) / max(1, pixels // LABEL_PIXELS)
        step = next((float(each) for each in TIME_STEPS if each >= least), ceil(least / DAY) * DAY)
        offset = datetime.fromtimestamp(self.start).astimezone().utcoffset()
        shift = offset.total_seconds() if offset else 0.0
        first = ceil((self.start + shift) / step) * step - shift
        marks = [first + number * step for number in range(int((self.end - first) // step) + 1)]
        form = "%d %b" if step >= DAY else "%H:%M" if step >= 60 else "%H:%M:%S"
        edge = EDGE_PIXELS * (self.end - self.start) / pixels
        marks = [mark for mark in marks if self.start + edge <= mark <= self.end - edge]
        return [(mark, f"{datetime.fromtimestamp(mark):{form}}") for mark in marks]

    def said(self) -> str:
        start, end = datetime.fromtimestamp(self.start), datetime.fromtimestamp(self.end)
        same_day = start.date() == end.date()
        return f"{start:%d %b %Y %H:%M} – {end:%H:%M}" if same_day else f"{start:%d %b %Y %H:%M} – {end:%d %b %H:%M}"
