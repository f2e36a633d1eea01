"""The one task of Headway's own: a canary's job goes the way of all jobs, to show that there is a way."""

from __future__ import annotations

from headway import progress, task

STEPS = 2


@task(name="headway.canary", timeout_seconds=30, retention_seconds=300)
def sing() -> str:
    """Report twice and return: for the canary, which looks whether jobs get through."""
    for step in range(1, STEPS + 1):
        progress.report(step, STEPS, "Singing")
    return "alive"
