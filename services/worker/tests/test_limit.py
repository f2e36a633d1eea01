"""The time limit of an attempt ends the task, and never what comes before and after it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from billiard.pool import SIG_SOFT_TIMEOUT

from headway import Task, progress, task
from headway.job import Job, State
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from headway.store import Report, Settlement, Standing
from worker.limit import TimeLimit
from worker.run import OUTAGE_SECONDS, Runner, failed, timed_out


class AwayWhenTheTimeIsUp(MemoryJobStore):
    """A store that is away for one question; the time limit comes meanwhile."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question
        self._away_until = 0.0

    def claim(self, job_id: str, owner: str) -> Job | None:
        self._be_away("claim", OUTAGE_SECONDS)
        return super().claim(job_id, owner)

    def report(self, job_id: str, fence: int, report: Report) -> Standing:
        self._be_away("report", 0)
        return super().report(job_id, fence, report)

    def settle(self, job_id: str, fence: int, settlement: Settlement) -> bool:
        self._be_away("settle", 0)
        return super().settle(job_id, fence, settlement)

    def _be_away(self, question: str, seconds: float) -> None:
        if question == self._question and not self._away_until:
            self._away_until = time.monotonic() + seconds
            come()
            raise StoreUnavailable("away")
        if time.monotonic() < self._away_until:
            raise StoreUnavailable("away")


def come() -> None:
    """What the engine's parent does when the time is up."""
    signal.raise_signal(SIG_SOFT_TIMEOUT)


@task
def overrun() -> None:
    come()


@task
def catch_and_end() -> str:
    try:
        come()
    except SoftTimeLimitExceeded:
        return "half of it"
    return "all of it"


@task
def speak_and_end() -> int:
    progress.report(1, 2, "nearly")
    return 42


@pytest.fixture
def store(request: pytest.FixtureRequest) -> AwayWhenTheTimeIsUp:
    """Its parameter names the question at which it is away."""
    return AwayWhenTheTimeIsUp(getattr(request, "param", ""))


@pytest.fixture
def run(store: MemoryJobStore, submit: Callable[..., Job]) -> Iterator[Callable[..., Job]]:
    """Run one attempt that a signal can end, as in a child of the engine; the job afterwards."""
    before = signal.getsignal(SIG_SOFT_TIMEOUT)

    def run_task(wanted: Task[..., Any], limit: TimeLimit | None = None, **changes: Any) -> Job:
        job = submit(wanted.name, **{"timeout_seconds": 2.5} | changes)
        Runner(store, {wanted.name: wanted}, 100, limit or TimeLimit().armed()).answer(job.id, "worker/1")
        return store.fetch(job.id)

    yield run_task
    signal.signal(SIG_SOFT_TIMEOUT, before)


def test_a_time_limit_is_a_failure_that_may_be_tried_again(run: Callable[..., Job]) -> None:
    ended = run(overrun)
    waiting = run(overrun, max_retries=1)

    assert (ended.state, orjson.loads(ended.error_json or "")["type"]) == (State.FAILURE, "/problems/timeout")
    assert "2.5 s" in ended.message
    assert waiting.state is State.RETRY


def test_a_task_may_end_in_its_own_way_when_its_time_is_up(run: Callable[..., Job]) -> None:
    job = run(catch_and_end)

    assert (job.state, job.result_json) == (State.SUCCESS, '"half of it"')


@pytest.mark.parametrize("store", ["settle", "report"], indirect=True)
def test_time_that_is_up_after_the_task_has_ended_changes_nothing(run: Callable[..., Job]) -> None:
    job = run(speak_and_end)

    assert (job.state, job.result_json, job.attempt) == (State.SUCCESS, "42", 1)


@pytest.mark.parametrize("store", ["claim"], indirect=True)
def test_a_job_whose_time_went_by_in_an_outage_gets_it_anew(run: Callable[..., Job]) -> None:
    job = run(speak_and_end)

    assert (job.state, job.attempt, job.retries, job.lost) == (State.RETRY, 0, 0, 0)
    assert job.scheduled_for is None


def test_time_that_is_up_before_the_task_begins_is_a_failure(run: Callable[..., Job]) -> None:
    limit = TimeLimit().armed()
    come()

    job = run(speak_and_end, limit)

    assert (job.state, job.current) == (State.FAILURE, None)


def test_an_engine_without_time_limits_takes_no_error_of_a_task_for_one(run: Callable[..., Job]) -> None:
    @task
    def ask_a_slow_server() -> None:
        raise TimeoutError("no answer")

    job = run(ask_a_slow_server, TimeLimit(), timeout_seconds=None)

    assert (job.state, job.message) == (State.FAILURE, "no answer")


def test_the_words_for_a_time_limit_name_the_limit(submit: Callable[..., Job]) -> None:
    job = submit("any", timeout_seconds=90)

    assert "90 s" in timed_out(job).detail
    assert failed(job, timed_out(job)).state is State.FAILURE
