"""Tasks for the pictures of the page: one that works, one that fails halfway."""

from __future__ import annotations

import time

from headway import progress, task


@task
def build_report(month: str = "2026-11", pages: int = 10, pause: float = 0.05) -> str:
    """Build the monthly report."""
    for _ in progress.track(range(pages), "Rendering"):
        time.sleep(pause)
    return f"/reports/{month}.pdf"


@task
def import_orders(file: str = "orders.csv", rows: int = 1_250) -> int:
    """Import orders from a file."""
    for row in range(rows):
        progress.report(row, rows, f"Reading {file}")
        if row == 775:
            progress.log(f"{file}: {row} rows read")
            time.sleep(0.3)
            raise ValueError(f"{file}, row 776: the price 'twelve' is not a number.")
    return rows
