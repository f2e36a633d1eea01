"""Workers of stock Celery are killed, frozen, cut off and poisoned."""

from __future__ import annotations

import threading
import time
from collections import Counter

from proxy import Connection
from table import Row
from trial import Trial, fault
from waiting import wait_until

from stock.app import VISIBILITY_SECONDS
from stock.rig import Rig, rig

LINE = 50
COUNTED = "duplicated: tasks that ended twice"
"""Stock Celery keeps no record whose final state could be written twice."""
SETTINGS = f"acks_late, reject_on_worker_lost, prefetch 1, visibility timeout {VISIBILITY_SECONDS} s, sweep each second"
SAFE = f"{SETTINGS}; {COUNTED}"


@fault("F1", "workers killed", ci=None, full={"kills": 30}, is_stock=True)
def kill_workers(trial: Trial) -> Row:
    size = trial.size
    stopping = threading.Event()
    with rig(trial) as stock:
        submitting = threading.Thread(target=_keep_a_line, args=(stock, stopping), daemon=True)
        submitting.start()
        for _ in range(size["kills"]):
            time.sleep(trial.random.uniform(0.2, 1.2))
            worker = trial.random.choice(stock.workers)
            worker.kill()
            stock.start(worker)
        stopping.set()
        submitting.join(60)
        stock.wait_until_settled(120)
        findings = stock.findings()
    runs = f"{findings.acknowledged:,} jobs, {size['kills']} kills"
    notes = [f"{len(findings.reruns)} started more than once"]
    return trial.row(f"`kill -9` of whole workers; {SAFE}", runs, findings, notes=notes)


def _keep_a_line(stock: Rig, stopping: threading.Event) -> None:
    """Never let the workers be idle, and never let the line grow long."""
    while not stopping.wait(0.05):
        if stock.valkey.client.llen("celery") < LINE:
            for _ in range(LINE):
                stock.submit("brief", seconds=0.01)


@fault("F2", "kill -9 while the message is in flight", ci={"kills": 2}, full={"kills": 10}, is_stock=True)
def kill_at_messages(trial: Trial) -> Row:
    with rig(trial, workers=1, slots=1, proxied=True) as stock:
        trap = _Trap(stock)
        for _ in range(trial.size["kills"]):
            trap.is_armed.set()
            stock.submit("brief")
            wait_until(lambda: not trap.is_armed.is_set(), 30, "a message to kill the worker at")
            stock.start(stock.workers[0])
        stock.wait_until_settled(60)
        findings = stock.findings()
    runs = f"{findings.acknowledged} jobs, {trial.size['kills']} kills"
    return trial.row(f"proxy sees BRPOP's reply, kills the worker, throws the reply away; {SAFE}", runs, findings)


class _Trap:
    """Kills the one worker at the next message, before it sees it."""

    def __init__(self, stock: Rig) -> None:
        self.is_armed = threading.Event()
        self._stock = stock
        stock.proxies["worker.1"].on_reply = self._see

    def _see(self, connection: Connection, reply: bytes) -> bool:
        is_message = b"BRPOP" in connection.last_request and b'"task": "brief"' in reply
        if not self.is_armed.is_set() or not is_message:
            return True
        self._stock.workers[0].kill()
        self.is_armed.clear()
        return False


@fault("F6", "worker frozen", ci=None, full={"rounds": 3, "seconds": 2 * VISIBILITY_SECONDS}, is_stock=True)
def freeze_workers(trial: Trial) -> Row:
    size = trial.size
    with rig(trial, workers=2, slots=2) as stock:
        for number in range(size["rounds"]):
            ids = [stock.submit("steady", seconds=3) for _ in range(2)]
            wait_until(lambda: _started(stock, ids) == 2, 30, "the jobs to start")  # noqa: B023
            frozen = [worker for worker in stock.workers if _runs_something(stock, worker.family())]
            for worker in frozen[:1]:
                worker.freeze()
                time.sleep(size["seconds"])
                worker.thaw()
            trial.say(f"round {number + 1}")
            time.sleep(VISIBILITY_SECONDS)
        stock.wait_until_settled(90)
        findings = stock.findings()
    runs = f"{findings.acknowledged} jobs, {size['rounds']} times {size['seconds']} s"
    return trial.row(f"SIGSTOP of a whole worker with running jobs, then SIGCONT; {SAFE}", runs, findings)


@fault("F10", "partition", ci=None, full={"seconds": 12}, is_stock=True)
def cut_a_worker_off(trial: Trial) -> Row:
    seconds = trial.size["seconds"]
    with rig(trial, workers=2, slots=2, proxied=True) as stock:
        ids = [stock.submit("steady", seconds=3) for _ in range(4)]
        wait_until(lambda: _started(stock, ids) == 4, 30, "the jobs to start")
        stock.proxies["worker.1"].block()
        ids += [stock.submit("steady", seconds=1) for _ in range(6)]
        time.sleep(seconds)
        stock.proxies["worker.1"].heal()
        stock.wait_until_settled(120)
        time.sleep(2 * VISIBILITY_SECONDS)
        findings = stock.findings()
    runs = f"{findings.acknowledged} jobs, cut off for {seconds} s"
    return trial.row(f"black hole both ways between one worker of two and Valkey; {SAFE}", runs, findings)


@fault("F18", "poison", ci=None, full={"seconds": 20, "neighbours": 50}, is_stock=True)
def poison_workers(trial: Trial) -> Row:
    size = trial.size
    with rig(trial, workers=2, slots=2) as stock:
        poisons = [stock.submit("poison", kind=kind) for kind in ("kill", "exit", "segfault")]
        good = [stock.submit("steady", seconds=0.2) for _ in range(size["neighbours"])]
        time.sleep(size["seconds"])
        starts = Counter(effect.job_id for effect in stock.effects() if effect.kind == "start")
        findings = stock.findings()
    unharmed = sum(starts[job_id] == 1 for job_id in good)
    findings.lost = [job_id for job_id in findings.lost if job_id in good]
    runs_each = sorted(starts[job_id] for job_id in poisons)
    problems = [f"the three poison jobs were run {runs_each} times in {size['seconds']} s and went on"]
    notes_of_good = f"{unharmed} of {len(good)} good neighbours ran exactly once"
    done = f"kill, exit and segfault beside {len(good)} good jobs; {SAFE}"
    runs = f"{len(poisons) + len(good)} jobs"
    return trial.row(done, runs, findings, problems=[*problems, notes_of_good] if max(runs_each) > 3 else [])


def _started(stock: Rig, ids: list[str]) -> int:
    return len({effect.job_id for effect in stock.effects() if effect.kind == "start" and effect.job_id in ids})


def _runs_something(stock: Rig, pids: list[int]) -> bool:
    ended = {effect.job_id for effect in stock.effects() if effect.kind == "end"}
    return any(effect.pid in pids and effect.job_id not in ended for effect in stock.effects())
