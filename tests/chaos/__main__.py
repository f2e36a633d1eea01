"""Break Headway on purpose and see whether its promises hold: `make chaos`, `FULL=1 ONLY=F1,F6 SEED=7 make chaos`."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import faults
from evidence import clip, print_evidence
from table import Row, render
from trial import FAULTS, STOCK_FAULTS, Fault, Trial

HERE = Path(__file__).resolve().parent
STOCK_HEADING = "The same faults on stock Celery"
VERDICT_CHARACTERS = 1500


class TrialTooLong(BaseException):
    """The trial's limit was reached. Not an `Exception`, so that no retry loop swallows it."""


def main() -> int:
    options = _options()
    _load_faults()
    _stop_on_signals()
    home = Path(tempfile.mkdtemp(prefix="headway-chaos-"))
    print(f"seed {options.seed}, {'full' if options.full else 'CI'} tier, logs in {home}", flush=True)
    rows = [_run(each, options, home) for each in _chosen(FAULTS, options)]
    stock_rows = [_run(each, options, home, is_stock=True) for each in _chosen(STOCK_FAULTS, options)]
    text = _text(rows, stock_rows, options)
    print("\n" + text)
    if options.write:
        options.write.write_text(text + "\n")
    broken = [row for row in rows if row.problems]
    if broken:
        # Last, so that the end of CI's log tells it all.
        print(f"\n{len(broken)} of {len(rows)} faults broke a promise. Seed {options.seed}; history and logs: {home}")
        for row in broken:
            print(f"{row.fault}: {clip(row.verdict, VERDICT_CHARACTERS)}")
        return 1
    if not options.keep:
        shutil.rmtree(home, ignore_errors=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description="Break Headway on purpose and check its promises.")
    parser.add_argument("--full", action="store_true", default=os.environ.get("FULL", "") not in ("", "0"))
    parser.add_argument("--only", default=os.environ.get("ONLY", ""), help="names of faults, with commas between them")
    parser.add_argument("--seed", default=os.environ.get("SEED") or str(secrets.randbelow(1_000_000)))
    parser.add_argument("--write", type=Path, help="write the table into this file too")
    parser.add_argument("--keep", action="store_true", help="keep logs and histories of a run that went well")
    parser.add_argument("--no-stock", action="store_true", help="leave stock Celery out")
    parser.add_argument("--only-stock", action="store_true", help="break nothing but stock Celery")
    return parser.parse_args()


def _load_faults() -> None:
    packages = [faults]
    if (HERE / "stock" / "__init__.py").exists():
        packages.append(importlib.import_module("stock"))
    for package in packages:
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"{package.__name__}.{module.name}")


def _chosen(register: dict[str, Fault], options: argparse.Namespace) -> list[Fault]:
    if (options.no_stock and register is STOCK_FAULTS) or (options.only_stock and register is FAULTS):
        return []
    only = {name.strip().lower() for name in options.only.split(",") if name.strip()}
    chosen = [each for each in register.values() if not only or each.name.lower() in only]
    if not only and not options.full:
        chosen = [each for each in chosen if each.ci is not None]
    return sorted(chosen, key=_number)


def _number(each: Fault) -> tuple[int, str]:
    digits = re.match(r"F(\d+)", each.name)
    return (int(digits[1]) if digits else 1000, each.name)


def _run(each: Fault, options: argparse.Namespace, home: Path, *, is_stock: bool = False) -> Row:
    """One trial; whatever goes wrong in it becomes its row."""
    is_full = options.full or each.ci is None
    folder = home / f"{'stock-' if is_stock else ''}{each.name.replace(' ', '-')}"
    trial = Trial(each, f"{options.seed}-{each.name}", folder, is_full)
    trial.say(f"{each.title}{' on stock Celery' if is_stock else ''}, {dict(trial.size)}")
    try:
        row = _run_within_limit(trial)
    except (Exception, TrialTooLong) as error:
        traceback.print_exc()
        row = trial.row("the trial itself failed", "", problems=[f"{type(error).__name__}: {error}"])
    finally:
        trial.history.close()
    row.seconds = time.monotonic() - trial.began_at
    trial.say(f"{row.verdict}")
    if row.problems and not is_stock:
        print_evidence(folder)
    if not row.problems and not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return row


def _run_within_limit(trial: Trial) -> Row:
    def too_long(number: int, frame: FrameType | None) -> None:
        raise TrialTooLong(f"The trial took longer than {trial.fault.limit_seconds:g} s.")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, trial.fault.limit_seconds)
    try:
        return trial.fault.run(trial)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _text(rows: Sequence[Row], stock_rows: Sequence[Row], options: argparse.Namespace) -> str:
    took = ", ".join(f"{row.fault.split()[0]} {row.seconds:.0f} s" for row in [*rows, *stock_rows])
    tier = "full" if options.full else "CI"
    parts = [render(rows), f"Seed {options.seed}, {tier} tier, {os.cpu_count()} cores. Times: {took}."]
    if stock_rows:
        parts += [f"## {STOCK_HEADING}", render(stock_rows)]
    return "\n\n".join(parts)


def _stop_on_signals() -> None:
    """SIGTERM ends like Ctrl-C: through every `finally`, so that no process is left behind."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)


if __name__ == "__main__":
    sys.exit(main())
