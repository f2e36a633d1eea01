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

from fixtures import Stores
from processes import running_valkey
from progress_cost import measure_progress
from scrape_cost import measure_scrape
from table import render, write_into
from web import measure_web

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    options = _options()
    heading = _heading(options)
    with running_valkey() as url:
        stores = Stores(ours_url=f"{url}/0", seed_url=f"{url}/1")
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
    text = render(heading, rows, costs, scrape)
    print(text)
    if options.quick:
        return  # too short to be kept
    result = {
        "run": heading,
        "web": [asdict(row) for row in rows],
        "progress": [asdict(cost) for cost in costs],
        "scrape": asdict(scrape),
    }
    (FOLDER / "results.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    write_into(FOLDER / "README.md", text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure Headway next to the tutorial's application.")
    parser.add_argument("--quick", action="store_true", help="one short round, kept nowhere: does the bench work?")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every candidate (5)")
    parser.add_argument("--seconds", type=float, default=3, help="counted seconds of a candidate in a round (3)")
    parser.add_argument("--machine", default=f"{os.cpu_count()} shared cores", help="the machine in words")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 0.5
    return options


def _heading(options: argparse.Namespace) -> str:
    """What a reader must know to judge the figures."""
    today = datetime.now(UTC).date().isoformat()
    busy = f"load {os.getloadavg()[0]:.1f} before the run"
    rounds = f"{options.rounds} rounds of {options.seconds:g} s"
    return f"{today}, {options.machine} ({platform.machine()}, {busy}), Python {platform.python_version()}, {rounds}."


def _say(text: str) -> None:
    print(f"bench | {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
