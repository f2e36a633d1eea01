"""The tutorial's task under its own name, ten times as fast: for tests of the page that start many."""

from __future__ import annotations

import random
import time
from typing import Any

from headway import task


@task(bind=True)
def long_task(self: Any) -> dict[str, Any]:
    """Pretend to repair a spaceship, for one second."""
    total = random.randint(5, 10)
    for i in range(total):
        self.update_state(state="PROGRESS", meta={"current": i, "total": total, "status": f"Booting fast bit {i}..."})
        time.sleep(0.1)
    return {"current": 100, "total": 100, "status": "Task completed!", "result": 42}
