"""The progress part: what one word of a running task costs the task, ours, Celery's and tqdm's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from statistics import median
from typing import Any

from fixtures import Stores, open_store, submit_job
from seed_app import create_celery, create_task
from tqdm import tqdm

from headway import progress
from headway.job import new_job_id
from headway.progress import listener
from headway.redis_store import RedisJobStore
from headway.task import BoundTask, load_tasks
from worker.reporter import Reporter

WORDS = "Repairing silent cosmic ray..."
Loop = Callable[[int], float]
"""Runs so many calls; the seconds it took."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call takes beyond the bare loop; medians over the rounds."""

    name: str
    calls: int
    nanoseconds: float
    times_cheaper_than_seed: float


def measure_progress(stores: Stores, *, rounds: int, calls: int, seed_calls: int) -> list[Cost]:
    """Raises `AssertionError` when the last value of ours did not arrive."""
    stores.prepare_ours()
    store = open_store(stores.ours_url)
    loops: dict[str, tuple[Loop, int]] = {
        "bare loop": (_bare, calls),
        "empty function": (_empty, calls),
        "headway progress.report": (lambda n: _ours(store, n), calls),
        "headway self.update_state": (lambda n: _ours_as_in_the_seed(store, n), calls),
        "tqdm update": (_tqdm, calls),
        "seed self.update_state": (lambda n: _seed(stores.seed_url, n), seed_calls),
    }
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(rounds):
        for name, (loop, number) in loops.items():
            seconds[name].append(loop(number) / number)
    bare = median(seconds["bare loop"])
    net = {name: (median(each) - (bare if name != "bare loop" else 0)) * 1e9 for name, each in seconds.items()}
    seed = net["seed self.update_state"]
    return [Cost(name, number, net[name], seed / net[name]) for name, (_, number) in loops.items()]


def _bare(calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        pass
    return time.perf_counter() - began


def _nothing(current: float, total: float | None = None, message: str | None = None) -> None: ...


def _empty(calls: int) -> float:
    began = time.perf_counter()
    for i in range(calls):
        _nothing(i, calls, WORDS)
    return time.perf_counter() - began


def _ours(store: RedisJobStore, calls: int) -> float:
    with _running_job(store, calls):
        began = time.perf_counter()
        for i in range(calls):
            progress.report(i, calls, WORDS)
        return time.perf_counter() - began


def _ours_as_in_the_seed(store: RedisJobStore, calls: int) -> float:
    task = BoundTask()
    with _running_job(store, calls):
        began = time.perf_counter()
        for i in range(calls):
            task.update_state(state="PROGRESS", meta={"current": i, "total": calls, "status": WORDS})
        return time.perf_counter() - began


@contextmanager
def _running_job(store: RedisJobStore, calls: int) -> Iterator[None]:
    """A job as the worker runs it, reporter and all; at the end its record must hold the last report."""
    submitted = submit_job(store, load_tasks(["worker.tasks"])["long_task"])
    job = store.claim(submitted.id, "bench")
    assert job is not None
    with Reporter(store, job) as reporter:
        token = listener.set(reporter)
        try:
            yield
        finally:
            listener.reset(token)
    last = store.fetch(job.id)
    found, wanted = (last.current, last.total, last.message), (calls - 1, calls, WORDS)
    assert found == wanted, f"The last report was {wanted}, the record holds {found}."


def _tqdm(calls: int) -> float:
    bar = tqdm(total=calls, desc=WORDS, file=StringIO())
    began = time.perf_counter()
    for _ in range(calls):
        bar.update()
    seconds = time.perf_counter() - began
    bar.close()
    return seconds


def _seed(url: str, calls: int) -> float:
    task: Any = create_task(create_celery(url))
    task.push_request(id=new_job_id())
    task.update_state(state="PROGRESS", meta={})  # connects
    began = time.perf_counter()
    for i in range(calls):
        task.update_state(state="PROGRESS", meta={"current": i, "total": calls, "status": WORDS})
    return time.perf_counter() - began
