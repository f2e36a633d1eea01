"""The page's figures as tables: how it moves, how soon it is there, how much it weighs, each with its target."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from table import markdown, word

from page import SLOW_DOWN, Opening, Situation

LEAST_FRAMES_PER_SECOND = 58
USABLE_MILLISECONDS = 2_000
WATCHED_HEAD = [
    *("Page", "CPU slower", "Frames/s", "p99 frame ms", "Long tasks", "longest ms", "Main thread %", "script %"),
    *("kB/s", "Elements", "Heap MB", "grew MB", "Reports/s"),
]


def render_page(
    heading: str, situations: Sequence[Situation], openings: Sequence[Opening], weights: Sequence[tuple[str, str, str]]
) -> str:
    parts = [heading, markdown(WATCHED_HEAD, [_cells(each) for each in situations]), _opening_table(openings)]
    parts += [_weight_table(weights), _target_table(situations, openings)]
    return "\n\n".join(parts)


def _cells(situation: Situation) -> list[str]:
    seen = situation.watched
    return [
        f"{situation.name}, {situation.seconds:g} s",
        f"{situation.slow_down} ×",
        f"{seen.frames_per_second:.1f}",
        f"{seen.p99_frame_milliseconds:.1f}",
        str(seen.long_tasks),
        f"{seen.longest_task_milliseconds:.0f}",
        f"{seen.main_thread_percent:.0f}",
        f"{seen.script_percent:.0f}",
        f"{seen.kilobytes_per_second:.0f}",
        str(seen.nodes),
        f"{seen.heap_megabytes:.1f}",
        f"{seen.heap_growth_megabytes:.1f}",
        f"{situation.reports_per_second:,.0f}",
    ]


def _opening_table(openings: Sequence[Opening]) -> str:
    cells = [
        [str(number), f"{each.first_paint_milliseconds:,.0f}", f"{each.usable_milliseconds:,.0f}"]
        for number, each in enumerate(openings, 1)
    ]
    return markdown(["Opened on a slow line", "First contentful paint, ms", "Usable, ms"], cells)


def _weight_table(weights: Sequence[tuple[str, str, str]]) -> str:
    return markdown(["What is loaded, gzipped", "KB", "at most"], [list(each) for each in weights])


def _target_table(situations: Sequence[Situation], openings: Sequence[Opening]) -> str:
    cells = []
    for each in situations:
        name, seen = f"{each.name}, {each.slow_down} ×", each.watched
        is_smooth = seen.frames_per_second >= LEAST_FRAMES_PER_SECOND
        shown = f"{seen.frames_per_second:.1f}"
        cells.append([name, f"at least {LEAST_FRAMES_PER_SECOND} frames a second", shown, word(is_smooth)])
        if each.slow_down == 1:
            cells.append([name, "no task of more than 50 ms", str(seen.long_tasks), word(seen.long_tasks == 0)])
    usable = median(each.usable_milliseconds for each in openings)
    wanted = f"usable in less than {USABLE_MILLISECONDS:,} ms, median"
    is_soon = usable < USABLE_MILLISECONDS
    cells.append([f"1.6 Mbit/s, 150 ms, {SLOW_DOWN} ×", wanted, f"{usable:,.0f} ms", word(is_soon)])
    return markdown(["Target", "Wanted", "Measured", ""], cells)
