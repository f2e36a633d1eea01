"""Stock Celery when Valkey is killed, and when a job takes longer than the visibility timeout."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

from table import Row
from trial import Trial, fault

from stock.app import VISIBILITY_SECONDS
from stock.rig import Rig, rig
from stock.worker_faults import COUNTED, SAFE

PACE_SECONDS = 0.02
SETTLE_SECONDS = 90


@fault("F7", "Valkey killed under load", ci=None, full={"kills": 6}, is_stock=True)
def kill_the_store(trial: Trial) -> Row:
    """The client does not repeat: what it was not told counts as unknown, as for Headway without a key."""
    stopping, over = threading.Event(), threading.Event()
    with rig(trial) as stock, ExitStack() as at_the_end:
        at_the_end.callback(over.set)
        at_the_end.callback(stopping.set)

        def submit() -> None:
            while not stopping.wait(PACE_SECONDS):
                stock.submit("brief", seconds=0.05)

        submitting = threading.Thread(target=submit, daemon=True)
        submitting.start()
        ended: list[str] = []
        threading.Thread(target=_supervise, args=(stock, over, ended), daemon=True).start()
        for _ in range(trial.size["kills"]):
            time.sleep(trial.random.uniform(2, 4))
            stock.valkey.kill()
            time.sleep(trial.random.uniform(0.2, 2.0))
            stock.valkey.start()
        time.sleep(3)
        stopping.set()
        submitting.join(60)
        stock.wait_until_settled(SETTLE_SECONDS)
        findings = stock.findings()
        over.set()
        waiting = stock.valkey.client.llen("celery")
    runs = f"{findings.acknowledged:,} jobs, {trial.size['kills']} kills"
    problems = [f"workers ended {len(ended)} times and had to be started again"] if ended else []
    if waiting:
        problems.append(f"of the lost, {waiting} still wait in the queue {SETTLE_SECONDS} s later, of deaf workers")
    notes = [f"{len(findings.reruns)} started more than once"]
    done = f"`kill -9` of Valkey (appendfsync always), started again; {SAFE}"
    return trial.row(done, runs, findings, problems=problems, notes=notes)


@fault("long job", "longer than the broker waits", ci=None, full={"seconds": 4 * VISIBILITY_SECONDS}, is_stock=True)
def run_longer_than_the_timeout(trial: Trial) -> Row:
    seconds = trial.size["seconds"]
    with rig(trial) as stock:
        stock.submit("steady", seconds=seconds)
        time.sleep(2 * seconds)  # the copies of the first run end later than it
        findings = stock.findings()
        starts = sum(effect.kind == "start" for effect in stock.effects())
    problems = [f"one job was started {starts} times"] if starts > 1 else []
    done = f"one job of {seconds} s, visibility timeout {VISIBILITY_SECONDS} s, two workers with two slots; {COUNTED}"
    return trial.row(done, "1 job", findings, problems=problems)


def _supervise(stock: Rig, over: threading.Event, ended: list[str]) -> None:
    """Start a worker again that ended by itself, as any careful team would have it."""
    while not over.wait(1):
        for worker in stock.workers:
            if not worker.is_alive():
                ended.append(worker.name)
                worker.start()
