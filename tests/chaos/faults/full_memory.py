"""F12: Valkey's memory fills up: new jobs are refused in time, and those that run can end."""

from __future__ import annotations

import time
from pathlib import Path

from cluster import Cluster
from load import Load, Try
from refusals import refusal_problems
from table import Row
from trial import Trial, fault
from valkey_server import Valkey
from waiting import wait_until

from headway.job import State
from local.ports import free_ports

FULL_PERCENT = 85
CARGO_BYTES = 10_000
RESULT_BYTES = 20_000
SLOTS = 4
MEGABYTE = 1024 * 1024
BACK_SECONDS = 10.0


@fault(
    "F12",
    "memory full",
    ci={"megabytes": 10, "per_second": 80, "clients": 8},
    full={"megabytes": 64, "per_second": 250, "clients": 12},
)
def fill_the_memory(trial: Trial) -> Row:
    size = trial.size
    folder = trial.folder / "valkey"
    folder.mkdir()
    valkey = Valkey(folder, free_ports(1)[0], [f"maxmemory {size['megabytes'] * MEGABYTE}"])
    tasks = "chaos_tasks,weighty_tasks"
    with trial.cluster(workers=1, slots=SLOTS, submits=1, statuses=1, valkey=valkey, tasks=tasks) as cluster:
        running = _start_what_must_end(cluster, trial.folder / "full")
        body = {"task": "carry", "args": {"cargo": "x" * CARGO_BYTES}}
        load = Load(
            "f12", cluster.history, cluster.submit_ports, size["clients"], size["per_second"], body=body
        ).start()
        first = wait_until(lambda: _refusals(load), 240, "a refusal for want of memory")[0]
        used_percent = _used_percent(cluster)
        (trial.folder / "full").touch()
        problems = _problems_while_full(cluster, running)
        most_percent = max(used_percent, _used_percent(cluster))
        cluster.redis.config_set("maxmemory", 4 * size["megabytes"] * MEGABYTE)
        roomy_at = time.monotonic()
        accepted_at = wait_until(lambda: load.first_accepted_after(roomy_at), 60, "a submit with memory again")
        load.stop()
        cluster.wait_until_settled(240)
        findings = trial.check(cluster, is_once=True)
        hard = cluster.redis.info("errorstats").get("errorstat_OOM", {}).get("count", 0)
    others = [each for each in load.refused if not _is_for_memory(each)]
    problems += load.problems
    problems += [f"{hard} commands were refused by Valkey itself (OOM)"] if hard else []
    problems += refusal_problems(trial, load, others)
    problems += [f"refused at {used_percent:.0f} % already"] if used_percent < FULL_PERCENT - 1 else []
    back = accepted_at - roomy_at
    problems += [f"it took {back:.1f} s to accept again"] if back > trial.patience * BACK_SECONDS else []
    filled_seconds = first.began_at - load.tries[0].began_at
    notes = [
        f"first refusal after {filled_seconds:.0f} s at {used_percent:.1f} %, later {most_percent:.1f} % at the most",
        f"{len(running)} running jobs ended with {RESULT_BYTES // 1000} KB results meanwhile",
        load.outcomes,
    ]
    done = f"`maxmemory` of {size['megabytes']} MB filled with jobs of {CARGO_BYTES // 1000} KB, then raised"
    runs = f"{findings.acknowledged:,} jobs"
    return trial.row(done, runs, findings, recovery_seconds=[back], problems=problems, notes=notes)


def _start_what_must_end(cluster: Cluster, until_file: Path) -> list[str]:
    """A job in every slot, each reporting all the time; they end when the file is there."""
    client = cluster.client("running")
    args = {"until_file": str(until_file), "result_bytes": RESULT_BYTES}
    ids = [client.submit_until_accepted("carry", args=args) for _ in range(SLOTS)]
    wait_until(lambda: len(cluster.running_on(cluster.workers[0])) == SLOTS, 20, "all slots to be taken")
    return ids


def _problems_while_full(cluster: Cluster, running: list[str]) -> list[str]:
    """Running jobs settle with their results, and their states can be read."""
    client = cluster.client("reader")
    found = []
    for job_id in running:
        wait_until(lambda: cluster.store.fetch(job_id).state.is_final, 30, "the end of a running job")  # noqa: B023
        answer = client.status(job_id)
        is_whole = answer.status == 200 and len(answer.body.get("result") or "") == RESULT_BYTES
        if cluster.store.fetch(job_id).state is not State.SUCCESS or not is_whole:
            found.append(f"the running job {job_id} ended as {answer.status} {str(answer.body)[:200]}")
    return found


def _refusals(load: Load) -> list[Try]:
    return [each for each in load.refused if _is_for_memory(each)]


def _is_for_memory(refusal: Try) -> bool:
    return refusal.status == 503 and refusal.slug == "storage-full" and refusal.has_retry_after


def _used_percent(cluster: Cluster) -> float:
    memory = cluster.redis.info("memory")
    return 100 * memory["used_memory"] / memory["maxmemory"]
