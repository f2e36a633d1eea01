"""The result as tables, for the terminal and the README, with the targets beside what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from progress_cost import Cost
from scrape_cost import ScrapeCost
from web import Row

LAST_RUN = "last run"
SUBMIT_RATIO = 2.5
STATUS_RATIO = 1.5
REPORT_RATIO = 200
REPORT_NANOSECONDS = 1000
SCRAPE_MILLISECONDS = 50


def render(heading: str, rows: Sequence[Row], costs: Sequence[Cost], scrape: ScrapeCost) -> str:
    """Everything as Markdown, which reads well in a terminal too."""
    parts = [heading, _web_table(rows), _progress_table(costs), _scrape_table(scrape)]
    parts.append(_target_table(rows, costs, scrape))
    return "\n\n".join(parts)


def write_into(readme: Path, text: str, part: str = LAST_RUN) -> None:
    """Put the text between the two marks of its part. Raises `ValueError` when they are not there."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, _, rest = readme.read_text().partition(begin)
    _, mark, after = rest.partition(end)
    if not mark:
        raise ValueError(f"{readme.name} has lost its marks; it needs a line {begin} and a line {end}.")
    readme.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def _web_table(rows: Iterable[Row]) -> str:
    head = ["Request", "Who", "Times the seed's", "lowest–highest", "Requests/s", "p50 ms", "p99 ms", "CPU µs"]
    cells = [
        [
            row.group,
            row.who,
            f"{row.ratio_to_seed:.2f}",
            f"{row.ratio_lowest:.2f}–{row.ratio_highest:.2f}",
            f"{row.requests_per_second:,.0f}",
            f"{row.p50_milliseconds:.1f}",
            f"{row.p99_milliseconds:.1f}",
            "-" if row.cpu_microseconds is None else f"{row.cpu_microseconds:,.0f}",
        ]
        for row in rows
    ]
    return markdown(head, cells)


def _progress_table(costs: Iterable[Cost]) -> str:
    head = ["A call of", "Calls a round", "Net ns a call", "Times cheaper than the seed's"]
    cells = [
        [
            cost.name,
            f"{cost.calls:,}",
            f"{cost.nanoseconds:,.0f}",
            f"{cost.times_cheaper_than_seed:,.0f}" if cost.name.startswith(("headway", "tqdm")) else "",
        ]
        for cost in costs
    ]
    return markdown(head, cells)


def _scrape_table(scrape: ScrapeCost) -> str:
    cells = [f"{scrape.open_jobs:,}", f"{scrape.median_milliseconds:.1f}", f"{scrape.slowest_milliseconds:.1f}"]
    return markdown(["Open jobs", "A scrape takes, ms", "slowest of 50", "kB"], [[*cells, f"{scrape.kilobytes:.0f}"]])


def _target_table(rows: Iterable[Row], costs: Iterable[Cost], scrape: ScrapeCost) -> str:
    cells = []
    for row in rows:
        if row.who == "headway" and row.group != "POST /jobs":
            wanted = SUBMIT_RATIO if row.group.startswith("POST") else STATUS_RATIO
            cells.append([row.group, f"at least {wanted} × the seed's", *_verdict(row.ratio_to_seed, wanted, "×")])
    report = next(cost for cost in costs if cost.name == "headway progress.report")
    ratio = _verdict(report.times_cheaper_than_seed, REPORT_RATIO, "×")
    cells.append(["progress.report", f"at least {REPORT_RATIO} × cheaper than update_state", *ratio])
    is_cheap = report.nanoseconds < REPORT_NANOSECONDS
    cells.append(["progress.report", "less than 1 µs a call", f"{report.nanoseconds:,.0f} ns", word(is_cheap)])
    is_brief = scrape.median_milliseconds < SCRAPE_MILLISECONDS
    wanted_scrape = f"less than {SCRAPE_MILLISECONDS} ms with {scrape.open_jobs:,} open jobs"
    cells.append(["GET /metrics", wanted_scrape, f"{scrape.median_milliseconds:.1f} ms", word(is_brief)])
    return markdown(["Target", "Wanted", "Measured", ""], cells)


def _verdict(measured: float, wanted: float, unit: str) -> tuple[str, str]:
    shown = f"{measured:,.0f}" if measured >= 100 else f"{measured:.2f}"
    return f"{shown} {unit}", word(measured >= wanted)


def word(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)
