"""The figures of all jobs together, read from Redis when somebody asks for metrics.

Every replica says the same, for there is one Redis: whoever adds them up takes one of them (`max`). What nobody could
read is left out, as an old figure would look like a present one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from headway.figures import COUNTS, Counted, Figures
from headway.problem import StoreUnavailable
from headway.redis_figures import ServerFigures
from headway.store import JobStore
from status.server_figures import server_metrics

LABELS = {"taken_back": ["why"], "finished": ["outcome"]}
"""What tells the kinds of a count apart, where there are several."""
DUE = ("leases", "scheduled", "expiring")


class JobFigures(Collector):
    """Asks once for each scrape: one script and one INFO, whatever the number of jobs."""

    def __init__(
        self, store: JobStore, server: Callable[[], ServerFigures | None], set_clock: Callable[[datetime], None]
    ) -> None:
        self._store = store
        self._server = server
        self._set_clock = set_clock
        self._errors = 0

    def describe(self) -> list[Metric]:
        """Nothing, so that Redis is not asked when this is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        began = time.perf_counter()
        try:
            figures, server = self._store.figures(), self._server()
        except StoreUnavailable:
            self._errors += 1
        else:
            self._set_clock(figures.at)
            yield from job_metrics(figures)
            yield from server_metrics(server) if server else ()
        seconds = time.perf_counter() - began
        yield GaugeMetricFamily("headway_collector_duration_seconds", "Time that this look at Redis took.", seconds)
        yield CounterMetricFamily("headway_collector_errors", "Looks that Redis did not answer.", self._errors)


def job_metrics(figures: Figures) -> Iterator[Metric]:
    """One family after the other, as the reference lists them."""
    for what in COUNTS:
        yield _count(figures, what)
    states = GaugeMetricFamily("headway_jobs", "Records by state.", labels=["state"])
    for state, number in figures.states.items():
        states.add_metric([state.value], number)
    yield states
    yield GaugeMetricFamily("headway_jobs_scheduled", "Jobs that wait for their time.", figures.scheduled)
    yield GaugeMetricFamily("headway_jobs_unanswered", "Jobs whose doorbell is missing.", figures.unanswered)
    yield from _lines(figures)
    yield from _running(figures)
    yield _moments(
        "headway_oldest_due", "Due, and not dealt with.", ["kind"], [((k,), v) for k, v in figures.due.items()]
    )


def _count(figures: Figures, what: str) -> Metric:
    """Every kind for every queue and task that was ever seen: a series that begins at 1 hides its first rise."""
    family = CounterMetricFamily(
        f"headway_jobs_{what}", f"Jobs, and attempts at them: {what}.", labels=["queue", "task", *LABELS.get(what, [])]
    )
    for queue, task in figures.kinds():
        for label in COUNTS[what]:
            number = figures.counts.get(Counted(what, label, queue, task), 0)
            family.add_metric([queue, task, *([label] if label else [])], number)
    return family


def _lines(figures: Figures) -> Iterator[Metric]:
    queued = GaugeMetricFamily("headway_jobs_queued", "Jobs in line.", labels=["queue"])
    workers = GaugeMetricFamily("headway_workers", "Live workers.", labels=["queue"])
    slots = GaugeMetricFamily("headway_worker_slots", "Jobs that they can run at the same time.", labels=["queue"])
    for line in figures.lines:
        queued.add_metric([line.queue], line.queued)
        workers.add_metric([line.queue], line.workers)
        slots.add_metric([line.queue], line.slots)
    yield from (queued, workers, slots)
    oldest = [((line.queue,), line.oldest_at) for line in figures.lines if line.oldest_at]
    yield _moments("headway_oldest_queued", "Since when the first in line waits.", ["queue"], oldest)


def _running(figures: Figures) -> Iterator[Metric]:
    names = ["queue", "task"]
    running = GaugeMetricFamily("headway_jobs_running", "Jobs that run.", labels=names)
    overrunning = GaugeMetricFamily("headway_jobs_overrunning", "Of these, past their time limit.", labels=names)
    found = {(each.queue, each.task): (each.jobs, each.overrunning) for each in figures.running}
    for kind in figures.kinds():
        jobs, late = found.get(kind, (0, 0))
        running.add_metric(list(kind), jobs)
        overrunning.add_metric(list(kind), late)
    yield from (running, overrunning)
    oldest = [((each.queue, each.task), each.oldest_at) for each in figures.running]
    quietest = [((each.queue, each.task), each.quietest_at) for each in figures.running]
    yield _moments("headway_oldest_running", "When the longest began.", names, oldest)
    yield _moments("headway_quietest_running", "When the most silent one spoke.", names, quietest)


def _moments(name: str, words: str, labels: list[str], moments: Sequence[tuple[Sequence[str], datetime]]) -> Metric:
    """Moments, not ages: whoever reads them later takes the difference himself."""
    family = GaugeMetricFamily(f"{name}_timestamp_seconds", words, labels=labels)
    for values, moment in moments:
        family.add_metric(list(values), moment.timestamp())
    return family
