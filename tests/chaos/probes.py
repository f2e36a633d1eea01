"""Asks processes all the time whether they live, as Kubernetes does: it would restart one that says no."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
PERIOD_SECONDS = 0.5
JOIN_SECONDS = 20.0


@dataclass(slots=True)
class Probes:
    """Runs in a thread of its own between `start` and `stop`."""

    ports: Mapping[str, int]
    """Name of a process → its management port."""
    timeout_seconds: float
    asked: int = 0
    failed: list[str] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> Probes:
        self._thread = threading.Thread(target=self._probe, name="probes", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        assert self._thread is not None
        self._thread.join(JOIN_SECONDS)

    def _probe(self) -> None:
        began_at = time.monotonic()
        while not self._stopping.wait(PERIOD_SECONDS):
            for name, port in self.ports.items():
                self.asked += 1
                answer = self._ask(port)
                if answer:
                    self.failed.append(f"{name} after {time.monotonic() - began_at:.0f} s: {answer}")

    def _ask(self, port: int) -> str:
        """What is wrong; nothing when it lives."""
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=self.timeout_seconds)
        try:
            connection.request("GET", "/livez")
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        finally:
            connection.close()
        return "" if answer.status == 200 else f"{answer.status} {text[:200]}"
