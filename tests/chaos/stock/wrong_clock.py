"""Stock Celery when the clocks of its workers are wrong."""

from __future__ import annotations

import sys
from pathlib import Path

from table import Row
from trial import Trial, fault

from stock.rig import rig
from stock.worker_faults import SAFE

LAUNCHER = (sys.executable, str(Path(__file__).resolve().parents[1] / "launchers" / "skewed_stock.py"))
CLOCKS = ("3600", "-3600", "0")
"""Ahead, behind, and right."""
SLOTS = 2


@fault("F17", "wrong clocks of workers", ci=None, full={"jobs": 60, "seconds": 30}, is_stock=True)
def skew_clocks(trial: Trial) -> Row:
    size = trial.size
    with rig(trial, workers=0) as stock:
        for clock in CLOCKS:
            stock.add_worker(slots=SLOTS, command=LAUNCHER, environment={"CHAOS_CLOCK": clock})
        ids = [stock.submit("steady", seconds=2) for _ in range(size["jobs"])]
        later = [stock.submit("brief", countdown=2) for _ in range(size["jobs"] // 3)]
        stock.wait_until_settled(len(ids) + size["seconds"])
        findings = stock.findings()
    waiting = sum(job_id in later for job_id in findings.lost)
    problems = [f"{waiting} of {len(later)} jobs with a countdown of 2 s had not begun at the end"] if waiting else []
    done = f"three workers, an hour ahead, an hour behind and right; jobs of 2 s and jobs with a countdown; {SAFE}"
    notes = [f"{len(findings.reruns)} started more than once"]
    return trial.row(done, f"{findings.acknowledged} jobs", findings, problems=problems, notes=notes)
