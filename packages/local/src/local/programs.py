"""Programs of this machine that the monitoring needs: Prometheus, and Grafana where it is installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from local.settings import REPOSITORY

FETCHED_PROMETHEUS = REPOSITORY / ".tools/prometheus/usr/bin/prometheus"
"""Where `make prometheus` puts it."""


class ProgramMissing(Exception):
    """A program that was asked for is not on this machine; the text says how to get it."""


def find_prometheus() -> str:
    """What PROMETHEUS names, else the machine's, else the one that was fetched. Raises `ProgramMissing`."""
    named = os.environ.get("PROMETHEUS")
    found = shutil.which(named or "prometheus") or (None if named else shutil.which(str(FETCHED_PROMETHEUS)))
    if not found:
        what = (
            f"PROMETHEUS={named} is no program" if named else "HEADWAY_MONITORING needs Prometheus, which is not here"
        )
        raise ProgramMissing(f"{what}. Run: make prometheus, or set PROMETHEUS=/path/to/prometheus")
    return str(found)


def find_grafana() -> list[str]:
    """The command that serves Grafana, with its own files named; nothing where it is not installed."""
    for name, words in (("grafana", ["server"]), ("grafana-server", [])):
        program = shutil.which(name)
        files = program and _files_of_grafana(Path(program))
        if program and files:
            return [program, *words, "--homepath", str(files)]
    return []


def _files_of_grafana(program: Path) -> Path | None:
    """An archive has them around its `bin`, packages in `share`. Without them Grafana does not start."""
    around = program.resolve().parent.parent
    places = (around, around / "share/grafana", Path("/usr/share/grafana"))
    return next((place for place in places if (place / "conf/defaults.ini").is_file()), None)
