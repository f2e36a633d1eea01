"""The metrics part: what Prometheus's question costs a status service, with many open jobs in Redis."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from statistics import median

from fixtures import TASKS, Stores, open_store, submit_job
from processes import running_status

from headway.task import load_tasks
from local.ports import LOOPBACK

SUBMITTERS = 32
RUNNING = 200
"""Of the open jobs; each costs a look at its record."""
SCRAPES = 50


@dataclass(frozen=True, slots=True)
class ScrapeCost:
    """Of one scrape with so many open jobs, as Prometheus sees it."""

    open_jobs: int
    median_milliseconds: float
    slowest_milliseconds: float
    kilobytes: float


def measure_scrape(stores: Stores, *, jobs: int) -> ScrapeCost:
    """Raises `AssertionError` when the figures are not those of the jobs that were made."""
    stores.prepare_ours()
    _make_jobs(stores, jobs)
    with running_status(stores.ours_url) as port:
        text, _ = _scrape(port)
        assert f'headway_jobs_queued{{queue="default"}} {float(jobs - RUNNING)}' in text, "not all jobs are counted"
        milliseconds = [_scrape(port)[1] for _ in range(SCRAPES)]
    return ScrapeCost(jobs, median(milliseconds), max(milliseconds), len(text) / 1000)


def _make_jobs(stores: Stores, jobs: int) -> None:
    store, task = open_store(stores.ours_url, shares_round_trips=True), load_tasks(TASKS)["long_task"]
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        made = list(pool.map(lambda _: submit_job(store, task), range(jobs)))
        list(pool.map(partial(store.claim, owner="bench"), [job.id for job in made[:RUNNING]]))


def _scrape(port: int) -> tuple[str, float]:
    connection = HTTPConnection(LOOPBACK, port, timeout=10)
    began = time.perf_counter()
    connection.request("GET", "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    text = connection.getresponse().read().decode()
    seconds = time.perf_counter() - began
    connection.close()
    return text, seconds * 1000
