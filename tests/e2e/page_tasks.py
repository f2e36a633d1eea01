"""Tasks for the tests of the page: arguments of every shape, results of every kind, and words that mean harm."""

from __future__ import annotations

import datetime
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from headway import progress, task


class Format(StrEnum):
    PDF = "pdf"
    CSV = "csv"


class Reader(BaseModel):
    name: Annotated[str, Field(min_length=2, description="Who gets it.")]
    copies: Annotated[int, Field(ge=1, le=20)] = 1


class Layout(BaseModel):
    title: str = "Monthly report"
    landscape: bool = False
    margin: Annotated[float, Field(ge=0, le=50)] = 10.5


PLAIN = Layout()


@task
def print_report(
    month: datetime.date,
    readers: Annotated[list[Reader], Field(min_length=1)],
    format: Format = Format.PDF,
    layout: Layout = PLAIN,
    note: str | None = None,
    pages: Annotated[int, Field(ge=1, le=500)] = 10,
) -> dict[str, Any]:
    """Print a report: the result is what was asked for."""
    return {
        "month": month.isoformat(),
        "readers": [reader.model_dump() for reader in readers],
        "format": format.value,
        "layout": layout.model_dump(),
        "note": note,
        "pages": pages,
    }


Kind = Literal["number", "table", "text", "link", "nested", "nothing", "long"]

RESULTS: dict[str, Any] = {
    "number": 9007199254740993,
    "table": [{"city": "Oslo", "people": 709_037}, {"city": "Bergen", "people": 291_940, "rain": True}],
    "text": "first line\nsecond line",
    "link": "Ready: https://example.org/report.pdf, not javascript:alert(1)",
    "nested": {"deep": {"er": [1, 2, {"est": 12345678901234567890}]}},
    "nothing": None,
    "long": [{"row": number} for number in range(100)],
}


@task
def give(kind: Kind = "number") -> Any:
    """Give back a result of one kind."""
    return RESULTS[kind]


@task(retention_seconds=1)
def vanish() -> str:
    """Give back a result that is gone soon."""
    return "soon gone"


@task(max_retries=1)
def stumble(path: str) -> str:
    """Fail at the first attempt; wait for a file at the second one, for a minute at the most."""
    if progress.request().attempt == 1:
        progress.log("going to stumble")
        raise ConnectionError("the first attempt fails")
    progress.report(4, 10, "on its feet again")
    deadline = time.monotonic() + 60
    while not Path(path).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return "arrived"


@task
def speak(path: str, lines: int = 30) -> int:
    """Write log lines: all but the last ten at once, each of those when another file is there."""
    for number in range(lines):
        progress.log(f"{'odd' if number % 2 else 'even'} line {number}")
        progress.report(number + 1, lines, f"said {number + 1}")
        deadline = time.monotonic() + 60
        while number >= lines - 10 and not Path(path).exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    return lines


@task(max_retries=0)
def repeat_words(words: str, end: Literal["return", "raise", "wait"] = "return") -> Any:
    """Say what it was given in every place where a task can say something."""
    progress.log(words)
    progress.report(1, 3, words)
    if end == "raise":
        raise ValueError(words)
    while end == "wait":
        progress.report(2, 3, words)
        time.sleep(0.05)
    return {"text": words, words[:50]: [words]}
