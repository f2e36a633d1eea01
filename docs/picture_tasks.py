"""Tasks for the pictures of the page: some that work, some that fail halfway."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from headway import progress, task


@task
def build_report(month: str = "2026-11", pages: int = 10, pause: float = 0.05) -> str:
    """Build the monthly report."""
    for page in progress.track(range(pages), "Rendering"):
        if page % 20 == 0:
            progress.log(f"Page {page + 1}: {month}")
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


@task
def list_cities() -> list[dict[str, object]]:
    """Count who lives where."""
    for _ in progress.track(range(20), "Counting"):
        time.sleep(0.05)
    return [
        {"city": "Oslo", "people": 717_710},
        {"city": "Bergen", "people": 291_940},
        {"city": "Bodø", "people": 53_712},
    ]


@task(max_retries=5)
def fetch_prices(source: str = "prices.example.org") -> int:
    """Fetch the prices of today."""
    progress.report(1, 8, f"Asking {source}")
    raise ConnectionError(f"{source} does not answer")


class Item(BaseModel):
    name: Annotated[str, Field(min_length=2)]
    pieces: Annotated[int, Field(ge=1, le=100)] = 1


@task
def print_invoice(
    customer: str, items: Annotated[list[Item], Field(min_length=1)], paper: Literal["A4", "A5"] = "A4"
) -> str:
    """Print an invoice for a customer."""
    return f"/invoices/{customer}-{len(items)}.pdf"
