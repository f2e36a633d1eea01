"""F15: the status service is started again while many watchers follow running jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cluster import Cluster
from processes import Process
from recovery import percentile
from swarm import Connection, NoAnswer
from table import Row
from trial import Trial, fault
from watcher import Watcher

BACK_SECONDS = 15.0
READ_SECONDS = 0.5
"""What a plain GET may take at p99 while all watchers come back; in CI at p90, for one stall is a hundredth there."""
READ_PAUSE_SECONDS = 0.05
END_SECONDS = 60.0
MOST_MEGABYTES = 200
"""Resident, of the status service's largest process."""


@fault(
    "F15",
    "status restarted under watchers",
    ci={"watchers": 200, "jobs": 8, "pause": 1.0, "restarts": 1},
    full={"watchers": 5000, "jobs": 20, "pause": 3.0, "restarts": 2},
)
def restart_under_watchers(trial: Trial) -> Row:
    size = trial.size
    room = {"HEADWAY_MAX_STREAMS": str(size["watchers"] + 100)}  # a stream that breaks may stand a moment longer
    with trial.cluster(workers=1, slots=size["jobs"], submits=1, statuses=1, environment=room) as cluster:
        client = cluster.client("f15")
        # The jobs outlast the restarts, however long those take.
        gate = cluster.folder / "gate"
        args = {"gate": str(gate), "pause": size["pause"]}
        ids = [client.submit_until_accepted("followed", args=args) for _ in range(size["jobs"])]
        watchers = [Watcher(cluster.status_ports[0], ids[number % len(ids)]) for number in range(size["watchers"])]
        scene = _Scene(trial, cluster, watchers, gate)
        asyncio.run(scene.play())
        cluster.wait_until_settled(60)
        findings = trial.check(cluster, is_once=True)
        read_p99 = percentile(scene.read_seconds, 0.99)
        read_judged = read_p99 if trial.is_full else percentile(scene.read_seconds, 0.9)
        problems = [*scene.problems, *_watcher_problems(watchers), *_wrong_documents(cluster, watchers)]
    is_slow = read_judged > trial.patience * READ_SECONDS
    problems += [f"other GETs took {read_judged:.2f} s (p{99 if trial.is_full else 90})"] if is_slow else []
    megabytes = max(scene.resident_megabytes)
    problems += [f"status took {megabytes:.0f} MB"] if megabytes > MOST_MEGABYTES else []
    notes = [
        f"{sum(watcher.ends for watcher in watchers):,} ends for {len(watchers):,} watchers, "
        f"{sum(sum(watcher.seen.values()) for watcher in watchers):,} events",
        f"other GETs p99 {read_p99 * 1000:.0f} ms meanwhile",
        f"status at most {megabytes:.0f} MB",
    ]
    runs = f"{len(watchers):,} watchers, {size['restarts']} restarts"
    done = (
        "SIGTERM, then `kill -9` in the full tier, and started again; watchers come back with Last-Event-ID after 2 s"
    )
    return trial.row(done, runs, findings, recovery_seconds=scene.back_seconds, problems=problems, notes=notes)


@dataclass(slots=True)
class _Scene:
    """Everything that happens in one event loop: the watchers, a reader, the restarts."""

    trial: Trial
    cluster: Cluster
    watchers: Sequence[Watcher]
    gate: Path
    back_seconds: list[float] = field(default_factory=list)
    reads: list[tuple[float, float]] = field(default_factory=list)
    """When a plain GET began, and the seconds it took."""
    downtimes: list[tuple[float, float]] = field(default_factory=list)
    """From a restart to the first answer after it."""
    resident_megabytes: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def read_seconds(self) -> list[float]:
        """Of the reads that did not begin while the service was down or starting."""
        return [
            seconds for at, seconds in self.reads if not any(began <= at <= ended for began, ended in self.downtimes)
        ]

    async def play(self) -> None:
        follows = [asyncio.create_task(watcher.follow()) for watcher in self.watchers]
        reading = asyncio.create_task(self._read())
        await self._wait_until_all_open("at first")
        for number in range(self.trial.size["restarts"]):
            await self._restart(is_killed=number % 2 == 1)
        self.gate.touch()
        _, missing = await asyncio.wait(follows, timeout=self.trial.patience * END_SECONDS)
        for task in [*missing, reading]:
            task.cancel()
        if missing:
            self.problems.append(f"{len(missing)} watchers never saw the end of their job")

    async def _restart(self, *, is_killed: bool) -> None:
        [status] = self.cluster.statuses
        began_at = time.monotonic()
        await asyncio.to_thread(status.kill if is_killed else status.stop)
        status.start()
        started_at = time.monotonic()
        await self._wait_until_all_open("after the restart", began_at)
        back = [watcher.opened_at[-1] - began_at for watcher in self.watchers if watcher.opened_at[-1] > began_at]
        self.back_seconds += back
        answered_at = [at + seconds for at, seconds in self.reads if at + seconds > started_at]
        self.downtimes.append((began_at, min(answered_at, default=started_at)))
        self.trial.say(f"{len(back):,} watchers back, the last after {max(back, default=0):.1f} s")
        if len(back) < len(self.watchers):
            self.problems.append(f"{len(self.watchers) - len(back)} watchers were never interrupted")

    async def _wait_until_all_open(self, when: str, since: float = 0.0) -> None:
        seconds = self.trial.patience * BACK_SECONDS
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            away = sum(not watcher.opened_at or watcher.opened_at[-1] < since for watcher in self.watchers)
            if not away:
                return
            await asyncio.sleep(0.05)
        self.problems.append(f"{away} of {len(self.watchers)} watchers were not there {when} within {seconds:g} s")

    async def _read(self) -> None:
        """Somebody else asks for a job now and then; what fails while the service is down does not count."""
        connection = Connection(self.cluster.status_ports[0])
        while True:
            began_at = time.monotonic()
            try:
                await connection.request("GET", f"/status/{self.watchers[0].job_id}")
                self.reads.append((began_at, time.monotonic() - began_at))
            except NoAnswer:
                pass
            self.resident_megabytes.append(_resident_megabytes(self.cluster.statuses[0]))
            await asyncio.sleep(READ_PAUSE_SECONDS)


def _watcher_problems(watchers: Sequence[Watcher]) -> list[str]:
    """Each watcher saw one end, and no event twice."""
    found = []
    wrong_ends = [watcher for watcher in watchers if watcher.ends != 1]
    if wrong_ends:
        found.append(f"{len(wrong_ends)} watchers saw {wrong_ends[0].ends} ends")
    doubled = [watcher for watcher in watchers if watcher.doubled]
    if doubled:
        found.append(f"{len(doubled)} watchers got an event twice: {doubled[0].doubled[:3]}")
    return found


def _wrong_documents(cluster: Cluster, watchers: Sequence[Watcher]) -> list[str]:
    """What a watcher has put together from its events is what the record says at the end."""
    jobs = {job_id: cluster.store.fetch(job_id) for job_id in {watcher.job_id for watcher in watchers}}
    shown = ("state", "version", "current", "total")
    wrong = [
        watcher
        for watcher in watchers
        if [watcher.document.get(name) for name in shown] != [getattr(jobs[watcher.job_id], name) for name in shown]
    ]
    return (
        [f"{len(wrong)} watchers ended with another document than the record, as {wrong[0].document}"] if wrong else []
    )


def _resident_megabytes(process: Process) -> float:
    """The largest of its processes."""
    found = [0.0]
    for pid in process.family():
        path = Path(f"/proc/{pid}/statm")
        if path.exists():
            found.append(int(path.read_text().split()[1]) * 4096 / 1e6)
    return max(found)
