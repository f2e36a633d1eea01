"""A task that fills the store: large arguments, a large result, and a running time that the trial decides."""

from __future__ import annotations

import time
from pathlib import Path

from effects import write_effect

from headway import progress, task

LONGEST_SECONDS = 120.0
REPORT_SECONDS = 0.2


@task
def carry(cargo: str = "", result_bytes: int = 0, until_file: str = "") -> str:
    """Report until the file is there, if one is named; then return so many bytes."""
    request = progress.request()
    write_effect("start", request.id, request.attempt, request.fence)
    deadline = time.monotonic() + LONGEST_SECONDS
    step = 0
    while until_file and not Path(until_file).exists() and time.monotonic() < deadline:
        step += 1
        progress.report(step, message=f"step {step}")
        time.sleep(REPORT_SECONDS)
    write_effect("end", request.id, request.attempt, request.fence)
    return "x" * result_bytes
