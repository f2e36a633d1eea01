"""hung: Valkey stands still under load, longer than leases and than time-outs, and goes on as if nothing had been."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cluster import Cluster
from load import Load
from observer import Observer
from probes import Probes
from processes import Process
from recovery import percentile
from table import Row
from trial import Trial, fault
from waiting import TooLate, wait_until

SLOTS = 2
BACK_SECONDS = 10.0
"""All works again so soon after the end of a pause."""
REFUSAL_SECONDS = 2.0
"""Submit gives a Valkey up that does not answer within this time."""
PROBE_SECONDS = 5.0
"""An answer that takes longer than this is none."""
END_SECONDS = 5.0
"""How soon a watcher hears of an end when Valkey is there."""


@dataclass(slots=True)
class Pause:
    """Monotonic times."""

    ended_at: float
    worked_at: float = 0.0
    """When a submit was accepted again and a job began again."""

    @property
    def back_seconds(self) -> float:
        return self.worked_at - self.ended_at


@fault(
    "hung",
    "Valkey paused under load",
    ci={"pauses": (10.0,), "per_second": 30, "clients": 6},
    full={"pauses": (10.0, 60.0), "per_second": 60, "clients": 12},
    limit_seconds=600,
)
def pause_the_store(trial: Trial) -> Row:
    size = trial.size
    with trial.cluster(workers=2, slots=SLOTS, submits=1, statuses=1) as cluster:
        processes = [*cluster.workers, *cluster.submits, *cluster.statuses]
        pids = [each.pid for each in processes]
        gate = cluster.folder / "gate"
        observed, *_ = _take_slots(trial, cluster, gate)
        observer = Observer(cluster.status_ports[0], observed).start()
        probes = Probes(_management_ports(processes), PROBE_SECONDS * trial.patience).start()
        load = Load("load", cluster.history, cluster.submit_ports, size["clients"], size["per_second"]).start()
        pauses = [_pause(trial, cluster, load, seconds) for seconds in size["pauses"]]
        load.stop()
        problems = _end_of_the_stream(trial, observer, gate)
        cluster.wait_until_settled(60 * trial.patience)
        probes.stop()
        observer.stop()
        findings = trial.check(cluster)
        problems += [*load.problems, *observer.problems, *_wrong_refusals(load, trial.patience)]
        problems += _slow_returns(pauses, BACK_SECONDS * trial.patience)
        problems += ["something of ours ended"] if pids != [each.pid for each in processes if each.is_alive()] else []
        problems += [f"{len(probes.failed)} of {probes.asked} probes failed: {probes.failed[:2]}"] * bool(probes.failed)
    runs = f"{findings.acknowledged:,} jobs, pauses of {' and '.join(f'{each:g} s' for each in size['pauses'])}"
    slowest = max((each.seconds for each in load.refused), default=0.0)
    notes = [
        f"{load.outcomes}, the slowest refusal {slowest:.1f} s",
        observer.note,
        f"{probes.asked} probes answered, {len(findings.reruns)} jobs started twice",
    ]
    back = [pause.back_seconds for pause in pauses]
    done = "SIGSTOP of Valkey while jobs are submitted, run and watched, then SIGCONT: connections hang and never break"
    return trial.row(done, runs, findings, recovery_seconds=back, problems=problems, notes=notes)


def _take_slots(trial: Trial, cluster: Cluster, gate: Path) -> list[str]:
    """A job in every second slot runs through all pauses; the others are for the load."""
    client = cluster.client("gated")
    ids = [client.submit_until_accepted("gated", args={"gate": str(gate)}) for _ in range(SLOTS)]
    wait_until(
        lambda: all(cluster.store.fetch(each).state.is_running for each in ids), 20 * trial.patience, "running jobs"
    )
    return ids


def _pause(trial: Trial, cluster: Cluster, load: Load, seconds: float) -> Pause:
    accepted = len(load.accepted)
    wait_until(lambda: len(load.accepted) > accepted, 20 * trial.patience, "an accepted job")
    time.sleep(trial.random.uniform(0.0, 1.0))
    cluster.valkey.freeze()
    time.sleep(seconds)
    pause = Pause(time.monotonic())
    cluster.valkey.thaw()
    # How late it was, or that it never came, is judged afterwards.
    with suppress(TooLate):
        limit_seconds = 2 * trial.patience * BACK_SECONDS
        wait_until(lambda: load.first_accepted_after(pause.ended_at), limit_seconds, "a submit after the pause")
        wait_until(lambda: _has_begun_since(cluster, pause.ended_at), limit_seconds, "a job to run after the pause")
    pause.worked_at = time.monotonic()
    trial.say(f"works again {pause.back_seconds:.1f} s after a pause of {seconds:g} s")
    return pause


def _has_begun_since(cluster: Cluster, moment: float) -> bool:
    return any(each.kind == "start" and each.at > moment for each in cluster.effects())


def _end_of_the_stream(trial: Trial, observer: Observer, gate: Path) -> list[str]:
    """The job of the stream goes on until now; its watcher hears of the end."""
    gate.touch()
    limit_seconds = END_SECONDS * trial.patience
    try:
        wait_until(lambda: observer.watcher and observer.watcher.has_ended, limit_seconds, "the end of a stream")
    except TooLate as error:
        return [str(error)]
    return []


def _management_ports(processes: Sequence[Process]) -> dict[str, int]:
    found = {}
    for process in processes:
        kind = process.name.partition(".")[0].upper()
        found[process.name] = int(process.environment[f"HEADWAY_{kind}_MANAGEMENT_PORT"])
    return found


def _wrong_refusals(load: Load, patience: float) -> list[str]:
    """Submit gives up soon, says 503 and when to come back."""
    wanted = (503, "backend-unavailable", True)
    wrong = [each for each in load.refused if (each.status, each.slug, each.has_retry_after) != wanted]
    found = [f"{len(wrong)} refusals were no 503 `backend-unavailable` with Retry-After: {wrong[:1]}"] if wrong else []
    p99 = percentile([each.seconds for each in load.refused], 0.99)
    if p99 > REFUSAL_SECONDS * patience:
        found.append(f"a refusal took {p99:.2f} s (p99)")
    return found if load.refused else ["nothing was refused; the pause was not felt"]


def _slow_returns(pauses: Sequence[Pause], limit_seconds: float) -> list[str]:
    slow = [pause.back_seconds for pause in pauses if pause.back_seconds > limit_seconds]
    return (
        [f"{len(slow)} pauses took more than {limit_seconds:g} s to get over, up to {max(slow):.1f} s"] if slow else []
    )
