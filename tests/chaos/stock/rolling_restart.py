"""Stock Celery when its workers are restarted politely, one after the other, under load."""

from __future__ import annotations

import threading

from table import Row
from trial import Trial, fault

from stock.rig import Rig, rig
from stock.worker_faults import SAFE

SLOTS = 2
LINE = 50
PACE_SECONDS = 0.05
STOP_SECONDS = 60.0


@fault("F23", "rolling restart", ci=None, full={"rounds": 3}, is_stock=True)
def restart_workers(trial: Trial) -> Row:
    stopping = threading.Event()
    with rig(trial, workers=2, slots=SLOTS) as stock:
        submitting = threading.Thread(target=_keep_a_line, args=(stock, stopping), daemon=True)
        submitting.start()
        for number in range(trial.size["rounds"]):
            for worker in trial.random.sample(stock.workers, len(stock.workers)):
                worker.stop(STOP_SECONDS)
                stock.start(worker)
            trial.say(f"round {number + 1}")
        stopping.set()
        submitting.join(60)
        stock.wait_until_settled(90)
        findings = stock.findings()
    runs = f"{findings.acknowledged:,} jobs, {2 * trial.size['rounds']} restarts"
    notes = [f"{len(findings.reruns)} started more than once"]
    return trial.row(f"SIGTERM of one worker after the other (warm shutdown); {SAFE}", runs, findings, notes=notes)


def _keep_a_line(stock: Rig, stopping: threading.Event) -> None:
    while not stopping.wait(PACE_SECONDS):
        if stock.valkey.client.llen("celery") < LINE:
            stock.submit("brief", seconds=0.1)
