"""The tutorial's task under its own name, ten times as fast: for tests of the page that start many."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

from headway import task

HOLD = "hold_long_task"
"""While this file lies beside the stack's data, the task stands still before its last step."""


@task(bind=True)
def long_task(self: Any) -> dict[str, Any]:
    """Pretend to repair a spaceship, for one second."""
    total = random.randint(5, 10)
    for i in range(total):
        self.update_state(state="PROGRESS", meta={"current": i, "total": total, "status": f"Booting fast bit {i}..."})
        time.sleep(0.1)
    _stand_still()
    return {"current": 100, "total": 100, "status": "Task completed!", "result": 42}


def _stand_still() -> None:
    hold = Path(os.environ["HEADWAY_HOME"]).parent / HOLD
    deadline = time.monotonic() + 60
    while hold.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
