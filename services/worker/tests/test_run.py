"""The life of an attempt: claim, resolve, perform, settle."""

from __future__ import annotations

import threading
import time
from asyncio import CancelledError
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest
from billiard.exceptions import SoftTimeLimitExceeded

from headway import JobCancelled, progress, task
from headway.job import Job, State
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from headway.store import Interruption, JobStore, Settlement, WaitingFor
from worker.run import Runner, backoff_seconds


@task
def double(number: int = 21) -> int:
    return number * 2


@task
def explode(text: str = "boom") -> None:
    raise RuntimeError(text)


@task(bind=True)
def tell_the_seeds_way(self: Any) -> dict[str, Any]:
    self.update_state(state="PROGRESS", meta={"current": 3, "total": 7, "status": "Working"})
    return {"current": 100, "total": 100, "status": "Task completed!", "result": self.request.id}


@task(bind=True)
def return_a_plain_dict(self: Any) -> dict[str, Any]:
    return {"current": 1, "anything": "else"}


@task
def weekday(day: date) -> int:
    return day.isoweekday()


@task
def stop_when_cancelled() -> None:
    raise JobCancelled


@task
def overrun() -> None:
    raise SoftTimeLimitExceeded


def error_type(job: Job) -> str:
    kind: str = orjson.loads(job.error_json or "{}")["type"]
    return kind


def test_a_job_runs_and_is_settled_with_its_result(run: Callable[..., Job]) -> None:
    job = run(double, {"number": 4})

    assert (job.state, job.result_json, job.attempt) == (State.SUCCESS, "8", 1)


def test_arguments_become_what_the_signature_asks_for(run: Callable[..., Job]) -> None:
    job = run(weekday, {"day": "2026-11-23"})

    assert job.result_json == "1"


def test_arguments_that_do_not_fit_end_the_job_without_a_retry(run: Callable[..., Job]) -> None:
    job = run(double, {"number": "many"}, max_retries=5)

    assert (job.state, error_type(job)) == (State.FAILURE, "/problems/invalid-arguments")


def test_a_task_this_worker_does_not_have_is_left_to_another(store: MemoryJobStore, submit: Callable[..., Job]) -> None:
    job = submit("never_heard_of")

    Runner(store, {}, 100).answer(job.id, "worker/1")

    waiting = store.fetch(job.id)
    assert (waiting.state, waiting.attempt, waiting.retries) == (State.RETRY, 0, 0)
    assert store.place(waiting).waiting_for is WaitingFor.WORKER


def test_a_doorbell_for_a_job_that_has_ended_is_ignored(store: MemoryJobStore, run: Callable[..., Job]) -> None:
    job = run(double)

    again = Runner(store, {"double": double}, 100).answer(job.id, "worker/2")

    assert again is None
    assert store.fetch(job.id) == job


def test_the_seeds_meta_is_taken_apart(run: Callable[..., Job]) -> None:
    job = run(tell_the_seeds_way)

    assert (job.current, job.total, job.message) == (100, 100, "Task completed!")
    assert orjson.loads(job.result_json or "") == job.id


def test_a_bound_task_may_return_any_other_dict(run: Callable[..., Job]) -> None:
    job = run(return_a_plain_dict)

    assert orjson.loads(job.result_json or "") == {"current": 1, "anything": "else"}


def test_an_exception_without_retries_is_the_end(run: Callable[..., Job]) -> None:
    job = run(explode)

    assert (job.state, job.message, error_type(job)) == (State.FAILURE, "boom", "/problems/task-failed")


def test_an_exception_with_retries_left_waits_for_another_attempt(run: Callable[..., Job]) -> None:
    job = run(explode, max_retries=1)

    assert (job.state, job.retries, job.message) == (State.RETRY, 1, "boom")
    assert job.scheduled_for is not None
    assert job.scheduled_for > job.updated_at


def test_a_huge_exception_text_is_clipped(run: Callable[..., Job]) -> None:
    job = run(explode, {"text": "x" * 100_000})

    assert len(job.message) == 2_000


def test_an_exception_that_cannot_say_its_text_is_named(run: Callable[..., Job]) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    @task
    def raise_mute() -> None:
        raise Mute

    job = run(raise_mute)

    assert job.message == "Mute"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SystemExit(3), "The task called sys.exit(3)."),
        (SystemExit("no such month"), "The task called sys.exit('no such month')."),
        (SystemExit(), "The task called sys.exit(None)."),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (CancelledError("by its loop"), "by its loop"),
    ],
    ids=repr,
)
def test_a_task_that_leaves_with_more_than_an_error_has_failed(
    run: Callable[..., Job], error: BaseException, words: str
) -> None:
    @task
    def leave() -> None:
        raise error

    job = run(leave)

    assert (job.state, job.message, error_type(job)) == (State.FAILURE, words, "/problems/task-failed")


@pytest.mark.parametrize("error", [SystemExit(-241), RuntimeError("while it cleaned up")], ids=repr)
def test_a_process_that_is_ended_settles_nothing(
    store: MemoryJobStore, submit: Callable[..., Job], error: BaseException
) -> None:
    @task
    def leave() -> None:
        raise error

    job = submit("leave", max_retries=3)

    with pytest.raises(type(error)):
        Runner(store, {"leave": leave}, 100, is_leaving=lambda: True).answer(job.id, "worker/1")

    assert store.fetch(job.id).state is State.STARTED


def test_a_cancelled_task_ends_revoked(run: Callable[..., Job]) -> None:
    job = run(stop_when_cancelled)

    assert (job.state, error_type(job)) == (State.REVOKED, "/problems/cancelled")


def test_a_task_that_leaves_its_loop_because_it_was_cancelled_ends_revoked(
    store: MemoryJobStore, run: Callable[..., Job]
) -> None:
    @task
    def leave_politely() -> str:
        store.cancel(progress.request().id, "wrong month")
        deadline = time.monotonic() + 10
        while not progress.cancelled and time.monotonic() < deadline:
            time.sleep(0.01)
        return "half of it"

    job = run(leave_politely)

    assert (job.state, error_type(job), job.result_json) == (State.REVOKED, "/problems/cancelled", None)
    assert job.message.endswith("and the task stopped. The reason given: wrong month")


def test_a_task_that_finishes_before_it_hears_of_its_cancel_keeps_its_result(
    store: MemoryJobStore, run: Callable[..., Job]
) -> None:
    @task
    def be_quicker() -> int:
        store.cancel(progress.request().id)
        return 42

    job = run(be_quicker)

    assert (job.state, job.result_json) == (State.SUCCESS, "42")


def test_a_task_that_fails_after_its_cancel_is_not_tried_again(store: MemoryJobStore, run: Callable[..., Job]) -> None:
    @task
    def fail_while_cleaning_up() -> None:
        store.cancel(progress.request().id)
        raise RuntimeError("disk full")

    job = run(fail_while_cleaning_up, max_retries=5)

    assert (job.state, job.retries, error_type(job)) == (State.REVOKED, 0, "/problems/cancelled")


def test_a_retried_job_goes_on_from_its_checkpoint(store: MemoryJobStore, run: Callable[..., Job]) -> None:
    @task
    def stop_at_first() -> int:
        if progress.checkpoint is None:
            progress.save(3)
            raise RuntimeError("boom")
        return int(progress.checkpoint)

    failed_job = run(stop_at_first)
    store.retry(failed_job.id)
    Runner(store, {stop_at_first.name: stop_at_first}, 100).answer(failed_job.id, "worker/2")

    job = store.fetch(failed_job.id)
    assert (failed_job.state, job.state, job.result_json, job.attempt) == (State.FAILURE, State.SUCCESS, "3", 2)


def test_a_time_limit_is_a_failure_that_may_be_tried_again(run: Callable[..., Job]) -> None:
    ended = run(overrun, timeout_seconds=2.5)
    waiting = run(overrun, timeout_seconds=2.5, max_retries=1)

    assert (ended.state, error_type(ended)) == (State.FAILURE, "/problems/timeout")
    assert "2.5 s" in ended.message
    assert waiting.state is State.RETRY


def test_a_network_that_times_out_in_a_task_is_an_error_as_any_other(run: Callable[..., Job]) -> None:
    @task
    def ask_a_slow_server() -> None:
        raise TimeoutError("timed out")

    job = run(ask_a_slow_server)

    assert (job.state, job.message, error_type(job)) == (State.FAILURE, "timed out", "/problems/task-failed")


def test_a_task_that_raises_the_engines_error_without_a_limit_has_failed(run: Callable[..., Job]) -> None:
    job = run(overrun)

    assert (job.state, job.message) == (State.FAILURE, "The attempt ran longer than its limit.")


def test_back_off_grows_and_is_never_the_same_for_all(run: Callable[..., Job], submit: Callable[..., Job]) -> None:
    job = submit("double", max_retries=20)
    pauses = [[backoff_seconds(replace(job, retries=retries)) for _ in range(50)] for retries in range(12)]

    assert all(2.0**n / 2 <= pause <= 2.0**n for n, row in enumerate(pauses[:8]) for pause in row)
    assert all(pause <= 300 for row in pauses for pause in row)
    assert len(set(pauses[3])) > 40


def test_a_stale_attempt_cannot_settle(store: MemoryJobStore, submit: Callable[..., Job]) -> None:
    job = submit("double")
    stale = store.claim(job.id, "worker/1")
    assert stale
    store.interrupt(job.id, "worker/1", Interruption.LOST)
    store.claim(job.id, "worker/2")

    state = Runner(store, {}, 100).settle(stale, Settlement(State.SUCCESS, result_json="1"), began=0.0)

    assert state is None
    assert store.fetch(job.id).state is State.STARTED


def test_a_finished_job_waits_for_a_store_that_is_away(store: MemoryJobStore, submit: Callable[..., Job]) -> None:
    class Refusing:
        def __init__(self) -> None:
            self.left = 2

        def settle(self, *args: Any) -> bool:
            if self.left:
                self.left -= 1
                raise StoreUnavailable("away")
            return store.settle(*args)

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    refusing: Any = Refusing()
    job = submit("double")

    state = Runner(refusing, {"double": double}, 100).answer(job.id, "worker/1")

    assert state is State.SUCCESS
    assert store.fetch(job.id).result_json == "42"


def test_jobs_in_one_process_do_not_hear_each_other(store: JobStore, run: Callable[..., Job]) -> None:
    meeting = threading.Barrier(2, timeout=10)

    @task
    def say(word: str) -> str:
        progress.report(1, 2, word)
        meeting.wait()
        return progress.request().id

    jobs: list[Job] = []
    threads = [threading.Thread(target=lambda word=word: jobs.append(run(say, {"word": word}))) for word in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert {orjson.loads(job.result_json or "") for job in jobs} == {job.id for job in jobs}
