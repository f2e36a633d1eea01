"""Tasks for the end-to-end tests: quick, and able to go wrong in every way that a task can."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path
from typing import Any, Literal

from headway import progress, task

Action = Literal[
    *("ok", "fail", "fail_once", "nothing", "nan", "set", "huge", "odd_amounts"),
    *("die", "exit", "exit_politely", "time_out", "sleep", "sleep_deaf"),
]


@task(max_retries=0)
def misbehave(action: Action = "ok", seconds: float = 0.0) -> Any:
    """Do what is asked, however bad."""
    if action == "fail":
        progress.report(3, 10, "about to fail")
        raise ValueError("as you wished")
    if action == "fail_once" and progress.request().attempt == 1:
        raise ConnectionError("the first attempt fails")
    if action == "die":
        os.kill(os.getpid(), 9)
    if action == "exit":
        os._exit(3)
    if action == "exit_politely":
        sys.exit(3)
    if action == "time_out":
        raise TimeoutError("the server did not answer")
    if action == "sleep":
        time.sleep(seconds)
    if action == "sleep_deaf":
        _sleep_in_c(seconds)
    if action == "odd_amounts":
        progress.report(float("nan"), 10, "not a number")
        progress.report(-5, 10, "negative")
        progress.report(50, 10, "too much")
        progress.report(2, 10, "going back")
        time.sleep(0.3)
    return {"nothing": None, "nan": {"mean": float("nan")}, "set": {"unique": {1, 2}}, "huge": "x" * 2_000_000}.get(
        action, action
    )


@task
def talk(lines: int = 3, pause: float = 0.0) -> int:
    """Write log lines with progress between them."""
    for number in range(lines):
        progress.log(f"line {number}")
        progress.report(number + 1, lines, f"said {number + 1}")
        time.sleep(pause)
    return lines


@task
def crawl(steps: int = 5, pause: float = 0.05) -> int:
    """Advance step by step."""
    for _ in progress.track(range(steps), "Crawling"):
        time.sleep(pause)
    return steps


@task
def resume_from(folder: str, steps: int = 40, pause: float = 0.05) -> dict[str, int]:
    """Advance and save; writes one line a step, so that a test sees which steps ran."""
    trace = Path(folder) / "steps.txt"
    for step in progress.track(range(steps), "Resuming", resume=True):
        with trace.open("a") as file:
            file.write(f"{step} {os.getpid()}\n")
        time.sleep(pause)
    return {"attempts": progress.request().attempt}


@task
def tidy(path: str, way: Literal["raised", "asked", "swallowed"] = "raised") -> str:
    """Run until it is cancelled, and clean up in one of the ways that a task can."""
    progress.report(1, 10, "Working")
    if way == "asked":
        while not progress.cancelled:
            time.sleep(0.05)
        Path(path).write_text("asked and cleaned up")
        return "partial"
    while True:
        try:
            progress.report(2, 10)
            time.sleep(0.05)
        except progress.JobCancelled:
            Path(path).write_text("raised and cleaned up")
            if way == "raised":
                raise


@task
def record_order(path: str, name: str) -> None:
    """Append a name to a file: in which order did the jobs run?"""
    with Path(path).open("a") as file:
        file.write(name + "\n")


@task
def hold(path: str, steps: int = 0) -> int:
    """Stand still, deaf to everything, until a file is there; then advance step by step."""
    progress.report(0, steps or None, "Holding")
    deadline = time.monotonic() + 100
    while not Path(path).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    for _ in progress.track(range(steps), "Going on"):
        time.sleep(0.05)
    return steps


@task(bind=True)
def brief_task(self: Any) -> dict[str, Any]:
    """The tutorial's task in three seconds: the same reports and the same result."""
    total = 10
    for i in range(total):
        self.update_state(state="PROGRESS", meta={"current": i, "total": total, "status": f"Repairing orbiter {i}..."})
        time.sleep(0.3)
    return {"current": 100, "total": 100, "status": "Task completed!", "result": 42}


def _sleep_in_c(seconds: float) -> None:
    """Sleep where no Python signal handler runs, as a hung C extension would."""
    libc = ctypes.PyDLL(None)  # PyDLL keeps the interpreter's lock
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        libc.usleep(1_000_000)
