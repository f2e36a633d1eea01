"""What goes wrong, for each alert: a real fault on a running stack, and which alerts it must set off."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

Fault = Callable[[Any], AbstractContextManager[None]]
ASK_SECONDS = 5
SILENT_SECONDS = 40
WATCHERS = 7
REPLICAS = 3
"""Of status; each takes ten streams."""


@dataclass(frozen=True)
class Trouble:
    """A fault and the alerts that it must set off, each by its name and labels: `HeadwayJobsStuck reason=late`.

    Within the `with` the fault lasts, afterwards it is undone.
    """

    fault: Fault
    alerts: frozenset[str]
    seconds: float
    """How long the slowest of them may take, its scaled times and what the code itself waits for."""


FAULTS: dict[str, Trouble] = {}


def fault(name: str, *alerts: str, seconds: float = 60) -> Callable[[Callable[[Any], Iterator[None]]], Fault]:
    def note(function: Callable[[Any], Iterator[None]]) -> Fault:
        lasting = contextmanager(function)
        FAULTS[name] = Trouble(lasting, frozenset(alerts), seconds)
        return lasting

    return note


@contextmanager
def meanwhile(act: Callable[[], object], pause_seconds: float) -> Iterator[None]:
    """Do something again and again, whether or not it succeeds."""
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(pause_seconds):
            try:
                act()
            except (httpx2.HTTPError, AssertionError, StopIteration):
                continue  # what is broken cannot answer

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(ASK_SECONDS + 1)


def cancel(client: Any, jobs: list[str]) -> None:
    for job in jobs:
        client.http.post(f"/jobs/{job}/cancel")


@fault(
    "Redis stands still while clients ask",
    "HeadwayRedisDown",
    *(
        f"Headway{name}ErrorBudgetBurn window={window}"
        for name in ("Submit", "Status")
        for window in ("1h", "6h", "3d")
    ),
)
def redis_stands_still(watched: Any) -> Iterator[None]:
    job = watched.client.submit("misbehave")["id"]
    with ExitStack() as meantime:
        for _ in range(6):  # each answer takes up to two seconds
            meantime.enter_context(meanwhile(lambda: watched.client.submit("misbehave"), 0.05))
            meantime.enter_context(meanwhile(lambda: watched.client.http.get(f"/status/{job}"), 0.05))
        with watched.standing_still("valkey-server"):
            yield


@fault(
    "No worker is started again",
    "HeadwayNoWorkers",
    "HeadwayOldestQueuedTooOld",
    "HeadwayMetricsMissing missing=worker",
)
def no_worker(watched: Any) -> Iterator[None]:
    with watched.standing_still():
        for pid in watched.pids("-m worker"):
            os.kill(pid, signal.SIGKILL)
        jobs = [watched.client.submit("misbehave")["id"]]
        yield
    watched.client.wait(jobs[0])


@fault(
    "The only worker stands still with a job that has a time limit",
    "HeadwayJobsStuck reason=late",
    "HeadwayJobsStuck reason=overrunning",
    seconds=150,
)
def overdue(watched: Any) -> Iterator[None]:
    """Both kinds: nobody takes its job back, and a minute later that is past its limit."""
    job = watched.client.submit("misbehave", args={"action": "sleep", "seconds": 30}, timeout=2)["id"]
    watched.client.wait(job, states={"STARTED", "PROGRESS"})
    with watched.standing_still("-m worker"):
        yield
    watched.client.wait(job)


@fault("No worker has the task of a waiting job", "HeadwayJobsStuck reason=declined")
def declined(watched: Any) -> Iterator[None]:
    job = watched.client.submit("misbehave", countdown=2)["id"]
    watched.redis.hset(f"headway:job:{job}", "task", "task_of_another_release")  # as after a roll-back
    try:
        yield
    finally:
        cancel(watched.client, [job])


@fault("Workers may not take doorbells", "HeadwayQueueStalled", "HeadwayWorkerDeaf", seconds=120)
def unheard(watched: Any) -> Iterator[None]:
    """All else is allowed, so they live on, announce themselves, and hear nothing: an ACL was changed by hand."""
    watched.redis.execute_command("ACL", "SETUSER", "default", "-brpop")
    job = watched.client.submit("misbehave")["id"]
    try:
        yield
    finally:
        watched.redis.execute_command("ACL", "SETUSER", "default", "+brpop")
    watched.client.wait(job)


@fault("A job says nothing", "HeadwayJobSilent")
def silent(watched: Any) -> Iterator[None]:
    job = watched.client.submit("misbehave", args={"action": "sleep", "seconds": SILENT_SECONDS})["id"]
    try:
        yield
    finally:
        cancel(watched.client, [job])


@fault("A task fails again and again", "HeadwayJobFailureRatioHigh")
def failing(watched: Any) -> Iterator[None]:
    with meanwhile(lambda: watched.client.submit("misbehave", args={"action": "fail"}), 0.05):
        yield


@fault("The processes of jobs die", "HeadwayJobsLost")
def dying(watched: Any) -> Iterator[None]:
    with meanwhile(lambda: watched.client.submit("misbehave", args={"action": "die"}), 2):
        yield


@fault("More comes than workers can do", "HeadwayWorkersSaturated")
def saturated(watched: Any) -> Iterator[None]:
    jobs: list[str] = []

    def submit() -> None:
        jobs.append(watched.client.submit("misbehave", args={"action": "sleep", "seconds": SILENT_SECONDS})["id"])

    try:
        with meanwhile(submit, 0.3):
            yield
    finally:
        cancel(watched.client, jobs[::-1])  # those that wait first, lest they start


@fault("Redis has little memory", "HeadwayRedisMemoryHigh limit=70", "HeadwayRedisMemoryHigh limit=80")
def little_memory(watched: Any) -> Iterator[None]:
    used = watched.redis.info("memory")["used_memory"]
    watched.redis.config_set("maxmemory", int(used / 0.82))
    try:
        yield
    finally:
        watched.redis.config_set("maxmemory", 0)


@fault("Redis cannot write its snapshot", "HeadwayRedisPersistenceFailing")
def no_snapshot(watched: Any) -> Iterator[None]:
    in_the_way = watched.stack.home / "home" / "data" / "dump.rdb"
    in_the_way.mkdir()  # a file cannot take the place of a folder, whoever Redis runs as
    watched.redis.bgsave()
    try:
        yield
    finally:
        in_the_way.rmdir()
        watched.redis.bgsave()


@fault("Redis may throw keys away", "HeadwayRedisEvictsKeys")
def evicting(watched: Any) -> Iterator[None]:
    """Expendable keys come first, so that the stack lives on."""
    with watched.redis.pipeline(transaction=False) as sent:
        for number in range(2000):
            sent.set(f"expendable:{number}", "x" * 2000, ex=600)
        sent.execute()
    watched.redis.config_set("maxmemory-policy", "volatile-ttl")
    watched.redis.config_set("maxmemory", watched.redis.info("memory")["used_memory"] - 1_000_000)
    try:
        yield
    finally:
        watched.redis.config_set("maxmemory", 0)
        watched.redis.config_set("maxmemory-policy", "noeviction")


@fault("Watchers take nearly all streams", "HeadwayStreamsNearLimit")
def many_streams(watched: Any) -> Iterator[None]:
    job = watched.client.submit("misbehave", args={"action": "sleep", "seconds": SILENT_SECONDS})["id"]
    with ExitStack() as streams:
        streams.callback(cancel, watched.client, [job])
        for _ in range(9 * REPLICAS):
            streams.enter_context(watched.client.http.stream("GET", f"/status/{job}/events", timeout=SILENT_SECONDS))
        yield


@fault("Status stands still now and then", "HeadwayProgressSlow", seconds=90)
def late_progress(watched: Any) -> Iterator[None]:
    """Tasks that say little: of several reports that came meanwhile a watcher gets the last, which is young."""
    jobs = [watched.client.submit("talk", args={"lines": 100, "pause": 3})["id"] for _ in range(4)]
    path = "/status/events?" + "&".join(f"id={job}" for job in jobs)
    with ExitStack() as watching:
        watching.callback(cancel, watched.client, jobs)
        for _ in range(WATCHERS):
            stream = watching.enter_context(watched.client.http.stream("GET", path, timeout=SILENT_SECONDS))
            watching.enter_context(meanwhile(stream.iter_raw().__next__, 0))
        with meanwhile(lambda: hold_up(watched), 2):
            yield


def hold_up(watched: Any) -> None:
    with watched.standing_still("-m status"):
        time.sleep(2.6)  # the fault itself, and no wait for something


@fault("Submit stands still", "HeadwayCanaryFailing", "HeadwayMetricsMissing missing=submit")
def submit_stands_still(watched: Any) -> Iterator[None]:
    with watched.standing_still("-m submit"):
        yield
