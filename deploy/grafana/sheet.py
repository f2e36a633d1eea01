"""A sheet to draw on, in pixels from the top left: cards with titles, words, legends, and room for plots."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.textpath import TextPath

PAPER, CARD, EDGE = "#F3F4F7", "#FFFFFF", "#DCDFE6"
INK, SOFT, GRID = "#24292E", "#6B7280", "#ECEEF2"
DPI = 100
POINT = DPI / 72
SMALL, PLAIN, TITLE, HEADING = 7.6, 8.4, 8.8, 13.0
TITLE_HEIGHT, PADDING = 27, 10
LEGEND_LINE = 16


@dataclass(frozen=True)
class Box:
    """A part of the sheet."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def inside(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Without these margins."""
        return Box(self.left + left, self.top + top, self.width - left - right, self.height - top - bottom)


class Sheet:
    """Paper of a certain size."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=PAPER)
        self._canvas = FigureCanvasAgg(self._figure)
        self._paper = self._figure.add_axes((0, 0, 1, 1))
        self._paper.set(xlim=(0, width), ylim=(height, 0))
        self._paper.axis("off")

    def heading(self, left: float, middle: float, title: str, description: str, right_side: str) -> None:
        self.write(left, middle, title, size=HEADING, bold=True)
        self.write(left + self.width_of(title, HEADING, bold=True) + 14, middle + 1, description, colour=SOFT)
        self.write(self.width - left, middle, right_side, colour=SOFT, align="right")

    def row(self, box: Box, title: str) -> None:
        self.write(box.left + 2, box.top + box.height / 2 + 3, title, size=TITLE + 1.4, bold=True)

    def card(self, box: Box, title: str) -> None:
        shape = FancyBboxPatch(
            (box.left, box.top), box.width, box.height, boxstyle="round,pad=0,rounding_size=5", fc=CARD, ec=EDGE, lw=0.8
        )
        self._paper.add_patch(shape)
        title = self.shortened(title, box.width - 2 * PADDING, TITLE, bold=True)
        self.write(box.left + PADDING, box.top + TITLE_HEIGHT / 2 + 1, title, size=TITLE, bold=True)

    def nothing(self, box: Box, reason: str) -> None:
        """What a panel without an answer says."""
        middle = box.top + (box.height + TITLE_HEIGHT) / 2
        centre = box.left + box.width / 2
        self.write(centre, middle - (8 if reason else 0), "–", size=HEADING, colour=SOFT, align="center")
        if reason:
            reason = self.shortened(reason, box.width - 2 * PADDING, SMALL)
            self.write(centre, middle + 10, reason, size=SMALL, colour=SOFT, align="center")

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = PLAIN,
        colour: str = INK,
        align: str = "left",
        bold: bool = False,
    ) -> None:
        """One line of text; y is its middle."""
        weight = "bold" if bold else "normal"
        text = text.replace("$", r"\$")
        self._paper.text(x, y, text, size=size, color=colour, ha=align, va="center_baseline", weight=weight)

    def rectangle(self, box: Box, colour: str) -> None:
        self._paper.add_patch(Rectangle((box.left, box.top), box.width, box.height, fc=colour, ec="none"))

    def width_of(self, text: str, size: float, *, bold: bool = False) -> float:
        font = FontProperties(size=size, weight="bold" if bold else "normal")
        path = TextPath((0, 0), text.replace("$", r"\$"), prop=font)
        return float(path.get_extents().x1) * POINT

    def shortened(self, text: str, room: float, size: float, *, bold: bool = False) -> str:
        if self.width_of(text, size, bold=bold) <= room:
            return text
        while text and self.width_of(text + "…", size, bold=bold) > room:
            text = text[:-1]
        return text.rstrip() + "…"

    def legend_lines(self, names: list[str], room: float) -> list[list[str]]:
        """The names, line by line, as they fit."""
        lines: list[list[str]] = [[]]
        used = 0.0
        for name in names:
            width = self.width_of(name, SMALL) + 30
            if lines[-1] and used + width > room:
                lines.append([])
                used = 0.0
            lines[-1].append(name)
            used += width
        return lines

    def legend(self, left: float, middle: float, names: list[str], colours: dict[str, str]) -> None:
        """One line of it."""
        for name in names:
            self.rectangle(Box(left, middle - 1.5, 12, 3), colours.get(name, SOFT))
            self.write(left + 17, middle, name, size=SMALL, colour=INK if name in colours else SOFT)
            left += self.width_of(name, SMALL) + 30

    def axes(self, box: Box) -> Axes:
        """A plot in this box."""
        bottom = 1 - box.bottom / self.height
        place = (box.left / self.width, bottom, box.width / self.width, box.height / self.height)
        axes = self._figure.add_axes(place)
        axes.set_facecolor("none")
        for side in axes.spines.values():
            side.set_visible(False)
        axes.tick_params(length=0, labelsize=SMALL, labelcolor=SOFT, pad=4)
        return axes

    def png(self) -> bytes:
        target = BytesIO()
        self._figure.savefig(target, format="png", dpi=DPI, facecolor=PAPER)
        return target.getvalue()
