"""Everything in one process: what the threads engine does with jobs that a real worker would treat with care."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from headway import task
from headway.job import Job, State, new_job_id
from headway.store import NewJob, WaitingFor
from local.settings import LocalSettings
from local.threads import ThreadsEngine

DEADLINE_SECONDS = 10.0
Submit = Callable[..., Job]


@task
def double(number: int = 21) -> int:
    return number * 2


@task
def ask_a_slow_server() -> None:
    raise TimeoutError("timed out")


@pytest.fixture
def engine() -> Iterator[ThreadsEngine]:
    engine = ThreadsEngine(LocalSettings(slots=1), {each.name: each for each in (double, ask_a_slow_server)})
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
def submit(engine: ThreadsEngine) -> Submit:
    def submit_job(task_name: str, queue: str = "default") -> Job:
        new = NewJob(new_job_id(), task_name, args_json="{}", queue=queue, retention_seconds=60)
        return engine.store.submit(new).job

    return submit_job


@pytest.fixture
def wait(engine: ThreadsEngine) -> Callable[[Job], Job]:
    """The job when it has ended."""

    def until_ended(job: Job) -> Job:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (now := engine.store.fetch(job.id)).state.is_final:
            assert time.monotonic() < deadline, now
            time.sleep(0.01)
        return now

    return until_ended


def test_a_job_of_a_queue_that_is_not_served_waits_for_a_worker(
    engine: ThreadsEngine, submit: Submit, wait: Callable[[Job], Job]
) -> None:
    unserved = submit("double", queue="unserved")

    served = wait(submit("double"))  # the only slot takes jobs in their order

    now, place = engine.store.look(unserved.id)
    assert served.result_json == "42"
    assert (now.state, place.waiting_for) == (State.PENDING, WaitingFor.WORKER)


def test_a_time_out_inside_a_task_ends_its_job(submit: Submit, wait: Callable[[Job], Job]) -> None:
    job = wait(submit("ask_a_slow_server"))

    assert (job.state, job.message) == (State.FAILURE, "timed out")
