"""A worker that is told to stop lets its jobs finish, and hands back what it cannot wait for."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from celery.worker import state

from headway.job import Job, State
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from headway.store import Settlement
from worker.drain import Drain
from worker.request import delivered_requests

DEADLINE_SECONDS = 20


@dataclass(eq=False)
class Delivered:
    """What Celery knows of a doorbell that it was given."""

    id: str
    worker_pid: int | None = None
    name: str = "headway.run"


@dataclass
class Running:
    """A job, its process, and what Celery holds of both."""

    job: Job
    process: subprocess.Popen[bytes]
    request: Delivered

    def accept(self) -> None:
        """What the parent does when a process begins with the job."""
        self.request.worker_pid = self.process.pid
        state.task_accepted(self.request)

    def finish(self) -> None:
        """What the parent does when a job or its process is over."""
        state.task_ready(self.request)

    def wait(self) -> int:
        """Until the process is gone; how it ended."""
        code = self.process.wait(DEADLINE_SECONDS)
        self.finish()
        return code


def owner_of(pid: int | None) -> str:
    return f"node/{pid}"


@pytest.fixture
def deliver(store: MemoryJobStore, submit: Callable[..., Job]) -> Iterator[Callable[[], Running]]:
    """A job whose process has not told yet, as far as the worker's parent can tell, that it began."""
    begun: list[Running] = []

    def begin() -> Running:
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        job = store.claim(submit("any").id, owner_of(process.pid))
        assert job
        begun.append(Running(job, process, Delivered(job.id)))
        state.task_reserved(begun[-1].request)
        return begun[-1]

    yield begin
    for each in begun:
        each.finish()
        each.process.kill()
        each.process.wait(10)


@pytest.fixture
def run(deliver: Callable[[], Running]) -> Callable[[], Running]:
    """A job that runs in a process of its own."""

    def begin() -> Running:
        running = deliver()
        running.accept()
        return running

    return begin


@pytest.fixture
def drain_after(store: MemoryJobStore, until: Callable[..., None]) -> Iterator[Callable[..., Drain]]:
    """A drain that lets jobs finish for so many seconds."""
    drains: list[Drain] = []

    def make(seconds: float, answering: Any = store) -> Drain:
        settings = SimpleNamespace(drain_seconds=seconds)
        engine: Any = SimpleNamespace(settings=settings, store=lambda: answering, owner=owner_of)
        drains.append(Drain(engine))
        return drains[-1]

    yield make
    state.reset_state()
    for drain in drains:
        drain.close()
        until(lambda drain=drain: not drain._thread.is_alive())


def test_a_job_may_finish_after_the_first_request_to_stop(
    store: MemoryJobStore, run: Callable[[], Running], drain_after: Callable[..., Drain], until: Callable[..., None]
) -> None:
    running = run()
    drain = drain_after(60)

    drain.begin()
    store.settle(running.job.id, running.job.fence, Settlement(State.SUCCESS))
    running.finish()
    drain.close()

    until(lambda: not drain._thread.is_alive())
    assert store.fetch(running.job.id).state is State.SUCCESS
    assert running.process.poll() is None


def test_whoever_asks_twice_gets_the_jobs_handed_back_now(
    store: MemoryJobStore, run: Callable[[], Running], drain_after: Callable[..., Drain]
) -> None:
    jobs = [run(), run()]
    drain = drain_after(3600)

    drain.begin(sig="SIGTERM", how="Warm")
    assert all(running.process.poll() is None for running in jobs)
    drain.begin(sig="SIGTERM", how="Warm")

    assert [running.wait() for running in jobs] == [-signal.SIGKILL] * 2
    for running in jobs:
        waiting = store.fetch(running.job.id)
        assert (waiting.state, waiting.attempt, waiting.lost, waiting.retries) == (State.RETRY, 0, 0, 0)


def test_a_third_request_to_stop_is_no_mistake(run: Callable[[], Running], drain_after: Callable[..., Drain]) -> None:
    running = run()
    drain = drain_after(3600)

    for _ in range(3):
        drain.begin()

    assert running.wait() == -signal.SIGKILL


def test_a_job_that_does_not_finish_in_time_is_handed_back(
    store: MemoryJobStore, run: Callable[[], Running], drain_after: Callable[..., Drain]
) -> None:
    running = run()

    drain_after(0.2).begin()

    assert running.wait() == -signal.SIGKILL
    assert store.fetch(running.job.id).state is State.RETRY


def test_a_cancelled_job_that_is_handed_back_ends(
    store: MemoryJobStore, run: Callable[[], Running], drain_after: Callable[..., Drain]
) -> None:
    running = run()
    store.cancel(running.job.id)

    drain_after(0).begin()

    assert running.wait() == -signal.SIGKILL
    assert store.fetch(running.job.id).state is State.REVOKED


def test_a_job_that_is_accepted_after_the_time_is_up_is_handed_back_too(
    store: MemoryJobStore, deliver: Callable[[], Running], drain_after: Callable[..., Drain]
) -> None:
    late = deliver()
    drain_after(0).begin()

    late.accept()

    assert late.wait() == -signal.SIGKILL
    assert store.fetch(late.job.id).state is State.RETRY


def test_a_doorbell_that_was_on_its_way_brings_a_job_that_is_handed_back_too(
    store: MemoryJobStore, run: Callable[[], Running], drain_after: Callable[..., Drain]
) -> None:
    drain = drain_after(3600)
    drain.begin()
    late = run()

    drain.begin()

    assert late.wait() == -signal.SIGKILL
    assert store.fetch(late.job.id).state is State.RETRY


def test_one_job_that_cannot_be_handed_back_does_not_keep_the_others(
    store: MemoryJobStore, run: Callable[[], Running], drain_after: Callable[..., Drain]
) -> None:
    odd, neighbour = run(), run()

    class Odd:
        def interrupt(self, job_id: str, *others: Any) -> bool:
            if job_id == odd.job.id:
                raise RuntimeError("odd")
            return store.interrupt(job_id, *others)

    drain_after(0, Odd()).begin()

    assert neighbour.wait() == -signal.SIGKILL
    assert store.fetch(neighbour.job.id).state is State.RETRY
    assert odd.process.poll() is None


def test_a_process_whose_job_has_just_ended_is_left_alone(
    store: MemoryJobStore, run: Callable[[], Running], drain_after: Callable[..., Drain]
) -> None:
    ended, neighbour = run(), run()
    store.settle(ended.job.id, ended.job.fence, Settlement(State.SUCCESS))

    drain_after(0).begin()

    assert neighbour.wait() == -signal.SIGKILL
    assert ended.process.poll() is None
    assert store.fetch(ended.job.id).state is State.SUCCESS


def test_while_the_store_is_away_processes_end_and_leases_do_the_rest(
    store: MemoryJobStore, run: Callable[[], Running], drain_after: Callable[..., Drain]
) -> None:
    class Away:
        def interrupt(self, *_: Any) -> bool:
            raise StoreUnavailable("away")

    running = run()

    drain_after(0, Away()).begin()

    assert running.wait() == -signal.SIGKILL
    assert store.fetch(running.job.id) == running.job


def test_a_worker_without_jobs_stops_at_once(drain_after: Callable[..., Drain], until: Callable[..., None]) -> None:
    drain = drain_after(3600)

    drain.begin()
    drain.close()

    until(lambda: not drain._thread.is_alive())


def test_requests_can_be_asked_for_while_celery_changes_them() -> None:
    is_over = threading.Event()

    def keep_changing() -> None:
        while not is_over.is_set():
            requests = [Delivered(str(number)) for number in range(20)]
            for request in requests:
                state.task_reserved(request)
            for request in requests:
                state.task_ready(request)

    changing = threading.Thread(target=keep_changing)
    changing.start()

    try:
        sizes = {len(delivered_requests()) for _ in range(2_000)}
    finally:
        is_over.set()
        changing.join(DEADLINE_SECONDS)

    assert sizes <= set(range(21))
