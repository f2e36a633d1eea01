"""Stock Celery on the loopback: the same Valkey, the same side-effect log, and a client that writes the history."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from checker import Findings
from effects import VARIABLE, Effect, read_effects
from kombu.exceptions import OperationalError
from processes import Process
from proxy import Proxy
from redis.exceptions import RedisError
from trial import Trial
from valkey_server import LOOPBACK, Valkey
from waiting import TooLate, wait_until

from local.ports import free_ports
from stock.app import BROKER_VARIABLE, SLOTS_VARIABLE, VISIBILITY_SECONDS, create_app

HERE = Path(__file__).resolve().parents[1]
WORKER = (sys.executable, "-m", "stock")
READY_SECONDS = 40.0
QUIET_SECONDS = 2.0 * VISIBILITY_SECONDS
"""Nothing was redelivered for so long: what has not run by now never will."""


class Rig:
    """Valkey and workers; made by `rig`, which also ends it."""

    def __init__(self, trial: Trial) -> None:
        self.folder = trial.folder
        self.history = trial.history
        self.valkey = Valkey(self.folder, free_ports(1)[0])
        self.workers: list[Process] = []
        self.proxies: dict[str, Proxy] = {}
        self.effects_path = self.folder / "effects.log"
        self._app = create_app(self.valkey.url)
        self._settling_since = 0.0

    def add_worker(
        self,
        *,
        slots: int = 2,
        proxied: bool = False,
        command: Sequence[str] = WORKER,
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        name = f"worker.{len(self.workers) + 1}"
        port = self.valkey.port
        if proxied:
            self.proxies[name] = Proxy(port)
            port = self.proxies[name].port
        shared = {
            BROKER_VARIABLE: f"redis://{LOOPBACK}:{port}/0",
            SLOTS_VARIABLE: str(slots),
            VARIABLE: str(self.effects_path),
            "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }
        worker = Process(name, command, self.folder, shared | dict(environment or {}))
        self.workers.append(worker)
        self.start(worker)
        return worker

    def start(self, worker: Process) -> None:
        """Start it, the first time or again, and wait until it says that it is ready."""
        before = worker.log.count(" ready.")
        worker.start()
        wait_until(lambda: worker.log.count(" ready.") > before, READY_SECONDS, f"{worker.name} of stock Celery")

    def submit(self, task: str, *, countdown: float | None = None, **arguments: Any) -> str:
        """The client chooses the id, so also a submit with an unknown outcome has one."""
        job_id = str(uuid.uuid4())
        self.history.add("stock", "submit", "invoke", key=job_id)
        try:
            self._app.send_task(task, kwargs=arguments, task_id=job_id, countdown=countdown, retry=False)
        except (OperationalError, RedisError, OSError, RuntimeError) as error:
            self.history.add("stock", "submit", "unknown", key=job_id, detail=repr(error)[:200])
            return ""
        self.history.add("stock", "submit", "ok", key=job_id, job_id=job_id)
        return job_id

    def effects(self) -> Sequence[Effect]:
        return read_effects(self.effects_path)

    def wait_until_settled(self, seconds: float) -> None:
        """Until every accepted job has ended; or nothing moves any more and nothing is left to be redelivered."""
        self._settling_since = time.monotonic()
        try:
            wait_until(self._is_settled, seconds, "the end of all jobs", poll_seconds=0.5)
        except TooLate:
            return  # the checker tells what is missing

    def findings(self) -> Findings:
        """Lost: accepted and never brought to its end. Duplicated: brought to its end more than once."""
        acknowledged, known = self.history.acknowledged(), self.history.keys()
        starts, ends = self._counts("start"), self._counts("end")
        return Findings(
            acknowledged=len(acknowledged),
            lost=[job_id for job_id in acknowledged if not ends[job_id]],
            duplicated=[f"{job_id} ended {number} times" for job_id, number in ends.items() if number > 1],
            unexpected=[job_id for job_id in starts if job_id not in known],
            recovered=[job_id for job_id in ends if job_id not in acknowledged],
            reruns=[job_id for job_id, number in starts.items() if number > 1],
        )

    def end(self) -> None:
        for worker in self.workers:
            worker.destroy()
        for proxy in self.proxies.values():
            proxy.close()
        self._app.close()
        self.valkey.destroy()

    def _counts(self, kind: str) -> Counter[str]:
        return Counter(effect.job_id for effect in self.effects() if effect.kind == kind)

    def _is_settled(self) -> bool:
        ends = self._counts("end")
        if all(ends[job_id] for job_id in self.history.acknowledged()):
            return True
        last = max((effect.at for effect in self.effects()), default=0.0)
        is_empty = not self.valkey.client.exists("celery", "unacked")
        return is_empty and time.monotonic() - max(last, self._settling_since) > QUIET_SECONDS


@contextmanager
def rig(trial: Trial, *, workers: int = 2, slots: int = 2, proxied: bool = False) -> Iterator[Rig]:
    made = Rig(trial)
    try:
        made.valkey.start()
        for _ in range(workers):
            made.add_worker(slots=slots, proxied=proxied)
        yield made
    finally:
        made.end()
