"""What every worker has for the canary, for stacks whose workers do not have it."""

from __future__ import annotations

from headway import progress, task


@task(name="headway.canary", retention_seconds=60)
def canary() -> str:
    progress.report(1, 2, "halfway")
    progress.report(2, 2, "there")
    return "ok"
