"""F4: the submit service dies between the commit and its answer."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from functools import partial

from load import Load
from proxy import Connection
from table import Row
from trial import Trial, fault
from waiting import wait_until

COMMITTED = b"created\r\n"
"""How the reply of the submit script begins, after its length: the job is in the store, nobody knows it yet."""
BACK_SECONDS = 20.0
MORE_SECONDS = 240.0


@fault(
    "F4",
    "submit killed at the reply of the commit",
    ci={"kills": 5, "submits": 100, "clients": 4, "per_second": 60},
    full={"kills": 100, "submits": 10_000, "clients": 8, "per_second": 160},
)
def kill_at_the_reply(trial: Trial) -> Row:
    size = trial.size
    with trial.cluster(workers=1, slots=2, submits=1, proxied=("submit",)) as cluster:
        killer = _Killer(cluster.submits[0].pid)
        cluster.proxies["submit.1"].on_reply = killer.look
        load = Load("f4", cluster.history, cluster.submit_ports, size["clients"], size["per_second"]).start()
        for _ in range(size["kills"]):
            time.sleep(trial.random.uniform(0.1, 0.5))
            killer.arm()
            wait_until(killer.has_struck, trial.patience * BACK_SECONDS, "a commit to kill the submit service at")
            struck_at = killer.struck_at[-1]
            is_back = partial(load.first_accepted_after, struck_at)
            wait_until(is_back, trial.patience * BACK_SECONDS, "submit's return")
        wait_until(lambda: len(load.accepted) >= size["submits"], MORE_SECONDS, "all submits", poll_seconds=0.2)
        load.stop()
        cluster.wait_until_settled(60)
        findings = trial.check(cluster, is_once=True)
        unacknowledged = len(findings.recovered)
    back = [(load.first_accepted_after(at) or at) - at for at in killer.struck_at]
    runs = f"{findings.acknowledged:,} jobs, {len(killer.struck_at)} kills"
    notes = [f"{killer.swallowed} committed jobs whose answer was lost, each got by the same key", load.outcomes]
    problems = [*load.problems]
    if unacknowledged:
        problems.append(f"{unacknowledged} jobs ran that no client got by its key")
    if killer.swallowed < size["kills"]:
        problems.append(f"only {killer.swallowed} of {size['kills']} kills hit a commit")
    done = "`kill -9` of the process that serves, before Valkey's reply reaches it; same Idempotency-Key again"
    return trial.row(done, runs, findings, recovery_seconds=back, problems=problems, notes=notes)


class _Killer:
    """Sees the replies on their way to submit; kills at the first commit after it was armed."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._is_armed = threading.Event()
        self.struck_at: list[float] = []
        self.swallowed = 0

    def arm(self) -> None:
        self._is_armed.set()

    def has_struck(self) -> bool:
        return not self._is_armed.is_set()

    def look(self, connection: Connection, data: bytes) -> bool:
        if COMMITTED not in data or not self._is_armed.is_set():
            return True
        # Gunicorn's parent stays: it starts the next process, as the kubelet would start a container.
        for pid in _children_of(self._parent):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.swallowed += data.count(COMMITTED)
        self.struck_at.append(time.monotonic())
        self._is_armed.clear()
        return False


def _children_of(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]
