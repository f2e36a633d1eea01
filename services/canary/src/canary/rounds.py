"""Run after run, at a steady pace, for as long as the process lives."""

from __future__ import annotations

import http.client
import threading
import time

from canary.client import Client
from canary.deadline import Deadline, DeadlineOver
from canary.metrics import CanaryMetrics
from canary.run import TASK, Run
from canary.settings import CanarySettings
from chassis.logs import get_logger

log = get_logger(__name__)

POLL_SECONDS = 0.5
STUCK_SECONDS = 60.0
"""More than anything that knows no deadline takes, such as looking a name up."""


class Rounds:
    """Runs the canary in a thread of its own, which ends with the process."""

    def __init__(self, settings: CanarySettings, metrics: CanaryMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._began = time.monotonic()

    def start(self) -> None:
        threading.Thread(target=self._go_round, name="rounds", daemon=True).start()

    def check(self) -> None:
        """Raises when no run began for too long. That runs fail is no reason to end this process."""
        patience = self._settings.canary_seconds + self._settings.canary_timeout_seconds + STUCK_SECONDS
        silence = time.monotonic() - self._began
        if silence > patience:
            raise RuntimeError(f"no run began for {silence:.0f} s")

    def _go_round(self) -> None:
        self._wait_for_the_others()
        while True:
            self._began = time.monotonic()
            Run(self._settings, self._metrics).go()
            time.sleep(max(0.0, self._began + self._settings.canary_seconds - time.monotonic()))

    def _wait_for_the_others(self) -> None:
        """All may be starting together, which is no failure. After a run's time it begins in any case."""
        deadline = Deadline(self._settings.canary_timeout_seconds)
        client = Client(self._settings.canary_url, deadline)
        try:
            while not _knows_the_task(client):
                deadline.pause(POLL_SECONDS)
        except DeadlineOver:
            log.warning("canary waits no longer", task=TASK, seconds=self._settings.canary_timeout_seconds)


def _knows_the_task(client: Client) -> bool:
    try:
        return client.ask("GET", f"/tasks/{TASK}").status == 200
    except (OSError, http.client.HTTPException):
        return False
