"""Run the benchmarks: `python bench`, or `python bench --quick` to see in half a minute that they work."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fixtures import Stores
from page_table import render_page
from processes import running_valkey
from progress_cost import measure_progress
from scrape_cost import measure_scrape
from table import LAST_RUN, render, write_into
from web import measure_web
from weights import weigh_page

from page import LISTED, measure_page

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    options = _options()
    heading = _heading(options)
    with running_valkey() as url:
        stores = Stores(ours_url=f"{url}/0", seed_url=f"{url}/1")
        if options.only != "page":
            _measure_against_peers(stores, heading, options)
        if options.only != "peers":
            _measure_page(stores, heading, options)


def _measure_against_peers(stores: Stores, heading: str, options: argparse.Namespace) -> None:
    _say("progress: what a report costs")
    costs = measure_progress(
        stores,
        rounds=options.rounds,
        calls=100_000 if options.quick else 1_000_000,
        seed_calls=100 if options.quick else 1_000,
    )
    _say("metrics: what a scrape costs")
    scrape = measure_scrape(stores, jobs=2_000 if options.quick else 100_000)
    rows = measure_web(stores, rounds=options.rounds, seconds=options.seconds, say=_say)
    heading += f" {options.rounds} rounds of {options.seconds:g} s."
    text = render(heading, rows, costs, scrape)
    result = {
        "run": heading,
        "web": [asdict(row) for row in rows],
        "progress": [asdict(cost) for cost in costs],
        "scrape": asdict(scrape),
    }
    _tell(text, result, LAST_RUN, options)


def _measure_page(stores: Stores, heading: str, options: argparse.Namespace) -> None:
    situations, openings = measure_page(
        stores,
        seconds=5 if options.quick else 60,
        listed=2_000 if options.quick else LISTED,
        openings=1 if options.quick else 3,
        say=_say,
    )
    page = {"run": heading, "moving": [asdict(each) for each in situations], "opened": [asdict(o) for o in openings]}
    _tell(render_page(heading, situations, openings, weigh_page()), {"page": page}, "page", options)


def _tell(text: str, result: dict[str, Any], part: str, options: argparse.Namespace) -> None:
    """Print it; and keep it, with what other parts have said before."""
    print(text)
    if options.quick:
        return  # too short to be kept
    kept = FOLDER / "results.json"
    whole = (json.loads(kept.read_text()) if kept.exists() else {}) | result
    kept.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    write_into(FOLDER / "README.md", text, part)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure Headway next to the tutorial's application.")
    parser.add_argument("--quick", action="store_true", help="one short round, kept nowhere: does the bench work?")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every candidate (5)")
    parser.add_argument("--seconds", type=float, default=3, help="counted seconds of a candidate in a round (3)")
    parser.add_argument("--only", choices=("peers", "page"), help="one part alone; what the other said is kept")
    parser.add_argument("--machine", default=f"{os.cpu_count()} shared cores", help="the machine in words")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 0.5
    return options


def _heading(options: argparse.Namespace) -> str:
    """What a reader must know to judge the figures."""
    today = datetime.now(UTC).date().isoformat()
    busy = f"load {os.getloadavg()[0]:.1f} before the run"
    return f"{today}, {options.machine} ({platform.machine()}, {busy}), Python {platform.python_version()}."


def _say(text: str) -> None:
    print(f"bench | {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
