"""A process that keeps many jobs alive: they report again and again, and some end and begin anew.

It speaks to the store directly, as a fleet of workers would: what is measured is the page and not a worker.
Those that a page can follow report ten times a second, the rest once: nobody sees more of them, and writing
ten thousand reports a second would leave nothing of two cores for the browser.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from typing import Any

from fixtures import TASKS, announce_worker, open_store, submit_job

from headway.job import State
from headway.redis_store import RedisJobStore
from headway.store import Report, Settlement
from headway.task import load_tasks

TASK = "long_task"
STEPS = 1_000
ROUNDS_PER_SECOND = 10
FOLLOWED = 100
"""The newest, which report in every round; the page follows no more than these."""
ENDS_PER_SECOND = 2
THREADS = 16
MADE_SECONDS = 60.0
STOP_SECONDS = 20.0
WORDS = ("Repairing silent cosmic ray...", "Comparing quick harmonic orbits...", "Sorting a heap of letters...")


@dataclass(slots=True)
class LiveJobs:
    """What the process says about itself."""

    process: Any
    _reports: Any
    _seen: tuple[float, int] = field(default=(0.0, 0))

    def begin(self) -> None:
        self._seen = (time.monotonic(), self._reports.value)

    def reports_per_second(self) -> float:
        """Since `begin`: how much of what was wanted the machine could do."""
        began_at, before = self._seen
        return float((self._reports.value - before) / (time.monotonic() - began_at))


@contextmanager
def running_jobs(url: str, *, live: int) -> Iterator[LiveJobs]:
    """Jobs that stay alive inside the block. Raises `TimeoutError` when they cannot be made."""
    spawn = multiprocessing.get_context("spawn")
    made, stop, reports = spawn.Event(), spawn.Event(), spawn.Value("q", 0)
    process = spawn.Process(target=_keep_alive, args=(url, live, made, stop, reports))
    process.start()
    try:
        if not made.wait(MADE_SECONDS):
            raise TimeoutError(f"{live} live jobs were not made within {MADE_SECONDS:g} s.")
        yield LiveJobs(process, reports)
    finally:
        stop.set()
        process.join(STOP_SECONDS)
        if process.is_alive():
            process.kill()


def make_ended_jobs(url: str, count: int) -> None:
    """So many jobs that are over, older than all that are made later."""
    store = open_store(url, shares_round_trips=True)
    task = load_tasks(TASKS)[TASK]

    def make(_: int) -> None:
        job = submit_job(store, task)
        store.claim(job.id, "bench")
        store.settle(job.id, 1, Settlement(State.SUCCESS, result_json="42", current=STEPS, total=STEPS))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(make, range(count)))


def _keep_alive(url: str, live: int, made: Event, stop: Event, reports: Any) -> None:
    os.nice(5)  # the browser and the services are what is measured, and they share the cores with this
    store = open_store(url, shares_round_trips=True)
    jobs = _Jobs(store, live)
    made.set()
    with ThreadPoolExecutor(THREADS) as pool:
        ends_at = announces_at = 0.0
        while not stop.is_set():
            began_at = time.monotonic()
            if began_at >= announces_at:
                announce_worker(store)
                announces_at = began_at + 1
            if began_at >= ends_at:
                jobs.replace_oldest()
                ends_at = began_at + 1 / ENDS_PER_SECOND
            reporting = jobs.next_round()
            list(pool.map(jobs.report, reporting))
            reports.value += len(reporting)
            stop.wait(max(0.0, began_at + 1 / ROUNDS_PER_SECOND - time.monotonic()))


class _Jobs:
    def __init__(self, store: RedisJobStore, live: int) -> None:
        self._store = store
        self._task = load_tasks(TASKS)[TASK]
        self._round = 0
        with ThreadPoolExecutor(THREADS) as pool:
            self.ids = dict.fromkeys(pool.map(lambda _: self._begin(), range(live)), 0)

    def next_round(self) -> list[str]:
        """Who reports now: of the older ones each tenth."""
        self._round = (self._round + 1) % ROUNDS_PER_SECOND
        ids = list(self.ids)
        return ids[-FOLLOWED:] + ids[self._round : -FOLLOWED : ROUNDS_PER_SECOND]

    def report(self, job_id: str) -> None:
        step = self.ids[job_id] = min(self.ids[job_id] + 1, STEPS)
        self._store.report(job_id, 1, Report(current=step, total=STEPS, message=WORDS[step // 20 % len(WORDS)]))

    def replace_oldest(self) -> None:
        oldest = next(iter(self.ids))
        del self.ids[oldest]
        self._store.settle(oldest, 1, Settlement(State.SUCCESS, result_json="42", current=STEPS, total=STEPS))
        self.ids[self._begin()] = 0

    def _begin(self) -> str:
        job = submit_job(self._store, self._task)
        self._store.claim(job.id, "bench")
        return job.id
