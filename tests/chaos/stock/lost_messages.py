"""Stock Celery when messages vanish from their list before a worker takes them."""

from __future__ import annotations

from table import Row
from trial import Trial, fault
from waiting import wait_until

from stock.rig import Rig, rig
from stock.worker_faults import SAFE

SLOTS = 2
QUEUE = "celery"


@fault("F5", "message removed before it was taken", ci=None, full={"jobs": 200}, is_stock=True)
def lose_messages(trial: Trial) -> Row:
    """As for Headway: what is in the list is the whole of a job here, and only a reminder there."""
    with rig(trial, workers=1, slots=SLOTS) as stock:
        blockers = [stock.submit("steady", seconds=4) for _ in range(SLOTS)]
        wait_until(lambda: _started(stock) >= set(blockers), 30, "all slots to be taken")
        for _ in range(trial.size["jobs"]):
            stock.submit("brief")
        messages = stock.valkey.client.lrange(QUEUE, 0, -1)
        chosen = [each for each in messages if trial.random.random() < 0.5]
        removed = sum(stock.valkey.client.lrem(QUEUE, 1, message) for message in chosen)
        stock.wait_until_settled(60)
        findings = stock.findings()
    runs = f"{findings.acknowledged} jobs, {removed} messages removed"
    return trial.row(f"half of the messages removed (`LREM`) while all slots were busy; {SAFE}", runs, findings)


def _started(stock: Rig) -> set[str]:
    return {effect.job_id for effect in stock.effects() if effect.kind == "start"}
