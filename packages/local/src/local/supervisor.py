"""Runs processes: prefixes what they print, starts again what died, stops them stage by stage.

Ours and not a library's, because the order matters here: whoever stops last is
the store, after the workers have settled or handed back their jobs; and a stop
must reach a worker's parent only, not the jobs in its process group.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

RESTART_SECONDS = 1.0
YOUNG_SECONDS = 5.0
MAX_YOUNG_DEATHS = 3
"""A process that dies so often soon after its start will not get better by being started again."""
CHECK_SECONDS = 0.1
COLOURS = (36, 33, 32, 35, 34, 31, 96, 93, 92, 95)


@dataclass(frozen=True, slots=True)
class Service:
    """A process to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stage: int = 0
    """Stages start in order and stop in reverse order."""
    stop_seconds: float = 10.0
    """After SIGTERM; then it is killed with everything it started."""
    keeps_open: tuple[int, ...] = ()
    """File descriptors that it holds as long as it lives, such as the lock on its data."""
    is_vital: bool = True
    """The stack ends with it when it will not stay up. Whoever only looks on is left off instead."""


class Supervisor:
    """See the module's text."""

    def __init__(self, services: Sequence[Service], output: IO[str] = sys.stdout) -> None:
        self._services = sorted(services, key=lambda service: service.stage)
        self._output = output
        self._output_lock = threading.Lock()
        self._width = max(len(service.name) for service in services)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started_at: dict[str, float] = {}
        self._young_deaths: dict[str, int] = {}
        self._left_off: set[str] = set()
        self._stopping: list[Service] = []

    def start(self) -> None:
        for service in self._services:
            self._start(service)

    def watch(self, stop: threading.Event) -> str:
        """Keep everything running until `stop` is set; the reason to give up, if there is one."""
        while not stop.is_set():
            # Not `stop.wait`: a signal handler that sets the event would wait for a lock that this thread holds.
            time.sleep(CHECK_SECONDS)
            for service in self._services:
                code = self._running[service.name].poll()
                if code is None or service.name in self._left_off:
                    continue
                if not self._dies_young(service):
                    self.say(service.name, f"ended with exit code {code}; starting it again")
                    time.sleep(RESTART_SECONDS)
                    self._start(service)
                    continue
                trouble = f"{service.name} ended {MAX_YOUNG_DEATHS} times soon after its start (exit code {code})"
                if service.is_vital:
                    return trouble
                self._left_off.add(service.name)
                self.say("", f"{trouble} and is left off; its lines above should tell why. All else goes on")
        return ""

    def stop(self) -> None:
        """Stop the last stage first; a stage begins to stop when the one after it has stopped."""
        for stage in sorted({service.stage for service in self._services}, reverse=True):
            services = [
                service for service in self._services if service.stage == stage and service.name in self._running
            ]
            self._stopping = services
            self.hurry()
            for service in services:
                self._wait(service)

    def hurry(self) -> None:
        """Ask once more those who are asked to stop: a worker then hands its jobs back instead of waiting for them."""
        for service in self._stopping:
            self._signal(service, signal.SIGTERM)

    def say(self, name: str, text: str) -> None:
        colour = COLOURS[[service.name for service in self._services].index(name) % len(COLOURS)] if name else 0
        prefix = f"{name or 'headway':<{self._width}} | "
        if self._output.isatty():
            prefix = f"\033[{colour}m{prefix}\033[0m"
        with self._output_lock:
            print(prefix + text, file=self._output, flush=True)

    def _start(self, service: Service) -> None:
        process = subprocess.Popen(
            [*_end_with_us(), *service.command],
            pass_fds=service.keeps_open,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **service.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Its own session: Ctrl-C in the terminal must reach us only, we stop the others in order.
            start_new_session=True,
        )
        self._running[service.name] = process
        self._started_at[service.name] = time.monotonic()
        threading.Thread(target=self._relay, args=(service.name, process), daemon=True).start()

    def _relay(self, name: str, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.say(name, line.decode("utf-8", "replace").rstrip())

    def _dies_young(self, service: Service) -> bool:
        is_young = time.monotonic() - self._started_at[service.name] < YOUNG_SECONDS
        self._young_deaths[service.name] = self._young_deaths.get(service.name, 0) + 1 if is_young else 0
        return self._young_deaths[service.name] >= MAX_YOUNG_DEATHS

    def _signal(self, service: Service, number: signal.Signals) -> None:
        if self._running[service.name].poll() is None:
            self._running[service.name].send_signal(number)

    def _wait(self, service: Service) -> None:
        process = self._running[service.name]
        try:
            process.wait(service.stop_seconds)
        except subprocess.TimeoutExpired:
            self.say(service.name, f"did not stop within {service.stop_seconds:g} s; killed")
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever it left behind
        process.wait()


def _end_with_us() -> list[str]:
    """Where the system can (Linux), a child is told to stop when this process dies without saying so."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
