"""The table of a run: Markdown, one row for every fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from checker import Findings
from recovery import percentile

HEADINGS = (
    "fault",
    "what was done",
    "runs",
    "lost",
    "duplicated",
    "ended twice",
    "recovery p50 / p99 / max, s",
    "verdict",
)


@dataclass(slots=True)
class Row:
    """How one fault went."""

    fault: str
    done: str
    """What was done, in words, with what was scaled down."""
    runs: str = ""
    """Jobs and faults, such as `10,000 jobs, 50 kills`."""
    lost: int = 0
    duplicated: int = 0
    ended_twice: int = 0
    recovery_seconds: Sequence[float] = ()
    problems: list[str] = field(default_factory=list)
    """Broken promises; empty means that the fault was survived."""
    notes: list[str] = field(default_factory=list)
    """Figures worth a line."""
    seconds: float = 0.0

    @classmethod
    def of(
        cls,
        fault: str,
        done: str,
        runs: str,
        *findings: Findings,
        recovery_seconds: Sequence[float] = (),
        problems: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> Row:
        """A row from what the checker found, with the fault's own problems added."""
        return cls(
            fault,
            done,
            runs,
            lost=sum(len(each.lost) for each in findings),
            duplicated=sum(len(each.duplicated) + len(each.extra) for each in findings),
            ended_twice=sum(_ended_twice(each) for each in findings),
            recovery_seconds=recovery_seconds,
            problems=[*(problem for each in findings for problem in each.problems), *problems],
            notes=list(notes),
        )

    @property
    def verdict(self) -> str:
        if self.problems:
            return "**BROKEN**: " + "; ".join(self.problems)
        return "kept" + (f" ({'; '.join(self.notes)})" if self.notes else "")


def render(rows: Sequence[Row]) -> str:
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    for row in rows:
        counts = (str(row.lost), str(row.duplicated), str(row.ended_twice))
        cells = (row.fault, row.done, row.runs, *counts, _recovery(row), row.verdict)
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)


def _ended_twice(findings: Findings) -> int:
    """One measure for Headway and for stock Celery, whose checker knows no other."""
    return len(findings.duplicated if findings.ended_twice is None else findings.ended_twice)


def _recovery(row: Row) -> str:
    values = row.recovery_seconds
    if not values:
        return "–"
    return f"{percentile(values, 0.5):.1f} / {percentile(values, 0.99):.1f} / {max(values):.1f}"
