"""F14: the end of Valkey's log is torn off, as after a power cut in the middle of a write."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from checker import Findings, all_jobs, check_indexes
from clients import Client
from cluster import PREFIX
from table import Row
from trial import Trial, fault
from valkey_server import Valkey

from headway.connection import connect
from headway.redis_store import RedisJobStore
from local.ports import free_ports

MOST_BYTES = 500
MOST_LOST = 1
"""A submit writes more bytes than are torn off, so no more than the newest one can be hit."""


@fault(
    "F14",
    "tail of the log torn off",
    ci={"logs": 3, "jobs": 40, "cuts": 5},
    full={"logs": 20, "jobs": 25, "cuts": 5},
)
def tear_the_log(trial: Trial) -> Row:
    size = trial.size
    with trial.cluster(workers=1, slots=2, submits=1) as cluster:
        client = cluster.client("f14")
        ids: list[str] = []
        cuts: list[_Cut] = []
        for number in range(size["logs"]):
            ids += [_submit_one(trial, client) for _ in range(size["jobs"])]
            # Whatever comes last in the log: a submit, a claim, a report, a settlement, a worker's announcement.
            time.sleep(trial.random.choice((0.0, trial.random.uniform(0.0, 0.3), trial.random.uniform(0.0, 2.0))))
            cluster.valkey.kill()
            whole = trial.folder / f"whole-{number}"
            shutil.copytree(cluster.valkey.aof_folder, whole)
            cuts += [_start_on_torn_copy(trial, whole, ids) for _ in range(size["cuts"])]
            shutil.rmtree(whole)
            if number < size["logs"] - 1:
                cluster.valkey.start()
        _tear(cluster.valkey.aof_folder, trial.random.randint(1, MOST_BYTES))
        cluster.witness.forget_order()
        cluster.valkey.start()
        cluster.wait_until_settled(60)
        findings = trial.check(cluster, may_lose=True)
        problems = _missing_problems([job_id for job_id in ids if job_id not in all_jobs(cluster)], ids)
    problems += [problem for cut in cuts for problem in cut.problems]
    missing = [cut.missing for cut in cuts]
    runs = f"{len(ids):,} jobs, {size['logs']} logs, each torn {size['cuts']} times"
    notes = [
        f"started {sum(cut.is_started for cut in cuts)} of {len(cuts)} times",
        f"the newest job was gone {sum(missing)} times, an older one never",
        "then the services went on with a torn log",
    ]
    done = f"1 to {MOST_BYTES} bytes cut off the newest file in `appendonlydir` of a killed Valkey, then started"
    back = [cut.seconds for cut in cuts]
    return trial.row(done, runs, findings, recovery_seconds=back, problems=problems, notes=notes)


@dataclass(slots=True)
class _Cut:
    """One start on a torn log."""

    is_started: bool = False
    seconds: float = 0.0
    missing: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a torn log left, for the checker."""

    redis: redis.Redis
    store: RedisJobStore


def _submit_one(trial: Trial, client: Client) -> str:
    """Some run at once, some wait in the line, some for their time: every kind of write is in the log."""
    bodies: list[dict[str, Any]] = [{"args": {"seconds": 0.2}}, {"args": {"seconds": 0.01}}, {"countdown": 5}]
    return client.submit_until_accepted("brief", **trial.random.choice(bodies))


def _start_on_torn_copy(trial: Trial, whole: Path, ids: list[str]) -> _Cut:
    folder = trial.folder / f"torn-{time.monotonic_ns()}"
    valkey = Valkey(folder, free_ports(1)[0])
    shutil.copytree(whole, valkey.aof_folder)
    cut_bytes = trial.random.randint(1, MOST_BYTES)
    _tear(valkey.aof_folder, cut_bytes)
    cut = _Cut()
    began_at = time.monotonic()
    try:
        valkey.start()
        cut.is_started = True
        cut.seconds = time.monotonic() - began_at
        _judge(cut, valkey, ids)
    except Exception as error:
        cut.problems.append(f"{cut_bytes} bytes torn off: {error}")
    finally:
        valkey.destroy()
    if not cut.problems:
        shutil.rmtree(folder)
    return cut


def _judge(cut: _Cut, valkey: Valkey, ids: list[str]) -> None:
    """All but the newest job are there, and every job stands where its state says: no half of a move."""
    store = RedisJobStore(connect(valkey.url, timeout_seconds=10), prefix=PREFIX)
    evidence = _Evidence(valkey.client, store)
    jobs = all_jobs(evidence)
    findings = Findings()
    check_indexes(findings, evidence, jobs)
    missing = [job_id for job_id in ids if job_id not in jobs]
    cut.missing = len(missing)
    cut.problems += findings.problems
    cut.problems += _missing_problems(missing, ids)


def _missing_problems(missing: list[str], ids: list[str]) -> list[str]:
    return [] if missing in ([], ids[-MOST_LOST:]) else [f"jobs are gone that are not the newest: {missing}"]


def _tear(folder: Path, cut_bytes: int) -> None:
    newest = max(folder.glob("*.incr.aof"), key=lambda path: int(path.name.split(".")[-3]))
    os.truncate(newest, newest.stat().st_size - cut_bytes)
