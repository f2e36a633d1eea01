"""F19: a huge result, a huge message and a million reports must hurt nobody but the job itself."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from cluster import Cluster
from table import Row
from trial import Trial, fault

GROWTH_BYTES = 5 * 1024 * 1024
RSS_GROWTH_BYTES = 50 * 1024 * 1024
REPORTS_PER_SECOND = 12
"""Ten flushes a second, and some room for the first and the last one."""
MEGABYTE = 1_000_000


@fault(
    "F19",
    "huge result, huge message, a million reports",
    ci={"result_mb": 60, "calls": 1_000_000},
    full={"result_mb": 600, "calls": 5_000_000},
    limit_seconds=240,
)
def run_too_big(trial: Trial) -> Row:
    with trial.cluster(workers=1, slots=3) as cluster:
        client = cluster.client("c")
        client.submit_until_accepted("brief")
        cluster.wait_until_settled(20)
        memory, rss = _memory(cluster), _rss_of(cluster)
        size = trial.size["result_mb"] * MEGABYTE
        result = client.submit_until_accepted("bulky", args={"result_bytes": size})
        message = client.submit_until_accepted("bulky", args={"message_bytes": 10 * MEGABYTE})
        began_at = time.monotonic()
        chatter = client.submit_until_accepted("chatter", args={"calls": trial.size["calls"]})
        good = [client.submit_until_accepted("brief") for _ in range(20)]
        cluster.wait_until_settled(150)
        seconds = time.monotonic() - began_at
        findings = trial.check(cluster, is_once=True)
        problems = _check_jobs(cluster, result, message, [chatter, *good])
        problems += _check_pace(cluster, chatter, seconds)
        grown, swollen = _memory(cluster) - memory, _rss_of(cluster) - rss
    problems += [f"Valkey grew by {grown:,} bytes"] * (grown > GROWTH_BYTES)
    problems += [f"the worker grew by {swollen:,} bytes"] * (swollen > RSS_GROWTH_BYTES)
    done = f"a result of {trial.size['result_mb']} MB, a message of 10 MB, {trial.size['calls']:,} reports in a loop"
    notes = [f"Valkey grew by {grown / 1024:,.0f} KB, the worker by {swollen / MEGABYTE:,.1f} MB"]
    return trial.row(done, "23 jobs beside them", findings, problems=problems, notes=notes)


def _check_jobs(cluster: Cluster, result: str, message: str, good: list[str]) -> list[str]:
    problems = []
    job = cluster.store.fetch(result)
    if job.state != "FAILURE" or "result-too-large" not in (job.error_json or ""):
        problems.append(f"the huge result ended in {job.state} {job.error_json}")
    bad = [each for each in [message, *good] if cluster.store.fetch(each).state != "SUCCESS"]
    return problems + [f"{len(bad)} of the other jobs failed"] * bool(bad)


def _check_pace(cluster: Cluster, chatter: str, seconds: float) -> list[str]:
    """The version counts the writes to the record."""
    job = cluster.store.fetch(chatter)
    most = seconds * REPORTS_PER_SECOND + 5
    return [f"{job.version} writes in {seconds:.1f} s"] * (job.version > most)


def _memory(cluster: Cluster) -> int:
    return int(cluster.redis.info("memory")["used_memory"])


def _rss_of(cluster: Cluster) -> int:
    """Resident bytes of the worker and its children."""
    return sum(_pages_of(pid) for pid in cluster.workers[0].family()) * 4096


def _pages_of(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):  # a child may end at any moment
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return 0
