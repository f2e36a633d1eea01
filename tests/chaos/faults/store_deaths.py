"""F7: Valkey is killed under load, in the durable profile: nothing that was accepted is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cluster import Cluster
from load import Load, Try
from observer import Observer
from processes import Process
from recovery import percentile
from refusals import is_proper, refusal_problems
from table import Row
from trial import Trial, fault
from waiting import TooLate, wait_until

BACK_SECONDS = 10.0
"""All works again so soon after Valkey is back, without a restart of ours."""
REFUSAL_SECONDS = 2.0
"""Submit says 503 within this time when Valkey is away."""
SETTLE_SECONDS = 240.0
RECONNECT_SECONDS = 2.0


@fault(
    "F7",
    "Valkey killed under load",
    ci={"kills": 3, "per_second": 80, "clients": 8, "between": (1.0, 2.0)},
    full={"kills": 20, "per_second": 140, "clients": 16, "between": (5.0, 8.0)},
    limit_seconds=900,
)
def kill_the_durable_store(trial: Trial) -> Row:
    with trial.cluster(workers=2, slots=2, submits=1, statuses=1) as cluster:
        workers = [worker.pid for worker in cluster.workers]
        client = cluster.client("f7")
        # It ends after the last kill, so that the stream has something to end with.
        seconds = trial.size["kills"] * (sum(trial.size["between"]) / 2 + 2)
        observed = client.submit_until_accepted("brief", countdown=round(seconds + 5))
        observer = Observer(cluster.status_ports[0], observed).start()
        size = trial.size
        load = Load("load", cluster.history, cluster.submit_ports, size["clients"], size["per_second"]).start()
        outages = kill_under_load(trial, cluster, load)
        load.stop()
        cluster.wait_until_settled(SETTLE_SECONDS)
        observer.stop()
        findings = trial.check(cluster)
        problems = [*load.problems, *observer.problems, *outage_problems(trial, load, outages)]
        problems += ["a worker was lost to the outages"] if workers != [each.pid for each in _alive(cluster)] else []
    runs = f"{findings.acknowledged:,} jobs, {len(outages)} kills"
    notes = [load.outcomes, observer.note, f"{len(findings.reruns)} jobs started twice"]
    back = [outage.worked_at - outage.back_at for outage in outages]
    done = "`kill -9` of Valkey while jobs are submitted, run and watched; started again 0.2 to 2 s later"
    return trial.row(done, runs, findings, recovery_seconds=back, problems=problems, notes=notes)


@dataclass(slots=True)
class Outage:
    """One death of Valkey."""

    killed_at: float
    back_at: float
    worked_at: float = 0.0
    """When a submit was accepted again and a job ran again."""


def kill_under_load(
    trial: Trial,
    cluster: Cluster,
    load: Load,
    on_back: Callable[[Cluster, Load, float], None] = lambda cluster, load, killed_at: None,
) -> list[Outage]:
    """`on_back` is called as soon as Valkey is back, with the time of the kill."""
    outages = []
    for number in range(trial.size["kills"]):
        time.sleep(trial.random.uniform(*trial.size["between"]))
        killed_at = time.monotonic()
        cluster.valkey.kill()
        time.sleep(trial.random.uniform(0.2, 2.0))
        cluster.valkey.start()
        outage = Outage(killed_at, time.monotonic())
        on_back(cluster, load, killed_at)
        _wait_for_work(cluster, load, outage)
        outages.append(outage)
        trial.say(f"kill {number + 1}: works again {outage.worked_at - outage.back_at:.1f} s after Valkey was back")
    return outages


def _wait_for_work(cluster: Cluster, load: Load, outage: Outage) -> None:
    """Until a submit was accepted and a job ran; how late that was, or that it never came, is judged afterwards."""
    seconds = 3 * BACK_SECONDS
    size_before = cluster.effects_path.stat().st_size if cluster.effects_path.exists() else 0
    with suppress(TooLate):
        wait_until(lambda: load.first_accepted_after(outage.back_at), seconds, "a submit after the outage")
        wait_until(lambda: cluster.effects_path.stat().st_size > size_before, seconds, "a job to run after the outage")
    outage.worked_at = time.monotonic()


def outage_problems(trial: Trial, load: Load, outages: list[Outage]) -> list[str]:
    found, patience = [], trial.patience
    seconds = [outage.worked_at - outage.back_at for outage in outages]
    slow = [each for each in seconds if each > patience * BACK_SECONDS]
    if slow:
        found.append(
            f"{len(slow)} outages took more than {patience * BACK_SECONDS:g} s to get over, up to {max(slow):.1f} s"
        )
    wrong = [each for each in load.refused if not is_proper(each)]
    if wrong:
        found.append(f"{len(wrong)} refusals were no 503 `backend-unavailable` with Retry-After: {wrong[0]}")
    seconds = [each.seconds for each in load.refused]
    if percentile(seconds, 0.99) > patience * REFUSAL_SECONDS:
        found.append(f"a refusal took {percentile(seconds, 0.99):.1f} s (p99)")
    outside = [each for each in load.refused if not any(_is_within(each, outage, patience) for outage in outages)]
    return found + refusal_problems(trial, load, [each for each in outside if is_proper(each)])


def _is_within(refusal: Try, outage: Outage, patience: float) -> bool:
    """It overlaps with the outage, or with the moment after it in which connections are made again."""
    return (
        outage.killed_at <= refusal.began_at + refusal.seconds
        and refusal.began_at <= outage.back_at + patience * RECONNECT_SECONDS
    )


def _alive(cluster: Cluster) -> Sequence[Process]:
    return [worker for worker in cluster.workers if worker.is_alive()]
