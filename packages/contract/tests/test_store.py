"""What a job store promises: every test runs on the store in memory and on the one in Redis."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import orjson
import pytest

from headway.catalogue import TaskEntry, Worker
from headway.document import document_of, encode
from headway.job import Job, Priority, State, new_job_id
from headway.problem import Problem
from headway.store import (
    LISTED_BYTES,
    LOG_LINES_KEPT,
    Change,
    Changes,
    Idempotency,
    Interruption,
    JobStore,
    NewJob,
    Place,
    Report,
    Settlement,
    Standing,
    WaitingFor,
)
from headway.wanted import Wanted

OWNER = "host:1:1/2"
OTHER = "host:1:1/3"
SUCCESS = Settlement(State.SUCCESS, result_json='{"sum":6}', message="")
FAILURE = Settlement(State.FAILURE, error_json='{"detail":"no"}', message="no")
RETRY = Settlement(State.RETRY, error_json='{"detail":"not yet"}', message="not yet")
REVOKED = Settlement(State.REVOKED)
ENDS = {State.SUCCESS: SUCCESS, State.FAILURE: FAILURE, State.REVOKED: REVOKED}
UNPUBLISHED = {"args_json", "result_json", "checkpoint_json"}

New = Callable[..., NewJob]
Submit = Callable[..., Job]
Start = Callable[..., Job]


# Submit


def test_a_new_job_waits_with_nothing_done(submit: Submit) -> None:
    document = document_of(submit())

    shown = {name: document[name] for name in ("state", "current", "total", "status", "percent", "attempt", "version")}

    assert shown == {
        "state": "PENDING",
        "current": 0,
        "total": 1,
        "status": "Pending...",
        "percent": 0,
        "attempt": 0,
        "version": 1,
    }


def test_a_new_job_keeps_all_that_was_asked_for(store: JobStore, new_job: New) -> None:
    new = new_job(
        task="render",
        args_json='{"page":"ü/\\"1\\"","sizes":[1.5,null]}',
        queue="reports",
        retention_seconds=77,
        priority=Priority.HIGH,
        tags=("a", 'b "quoted"'),
        max_retries=4,
        timeout_seconds=2.5,
    )

    store.submit(new)

    job = store.fetch(new.id)
    kept = ("id", "task", "args_json", "queue", "retention_seconds", "priority", "tags", "max_retries")
    assert [getattr(job, name) for name in kept] == [getattr(new, name) for name in kept]
    assert job.timeout_seconds == 2.5


def test_submit_answers_with_the_record_that_is_read_later(store: JobStore, submit: Submit) -> None:
    job = submit(tags=("a",), delay_seconds=60)

    fetched = store.fetch(job.id)

    assert fetched == job


def test_a_submission_sent_twice_by_a_broken_connection_makes_one_job(store: JobStore, new_job: New) -> None:
    new = new_job()
    store.submit(new)
    started = store.claim(new.id, OWNER)

    again = store.submit(new)

    assert (again.job.id, again.is_replay) == (new.id, False)
    assert store.fetch(new.id) == started
    assert store.list_jobs().jobs == (started,)


def test_a_repeated_idempotency_key_answers_with_the_first_job(store: JobStore, new_job: New) -> None:
    key = Idempotency("k", "same")
    first = store.submit(new_job(), key)
    store.claim(first.job.id, OWNER)

    second = store.submit(new_job(), key)

    assert (first.is_replay, second.is_replay) == (False, True)
    assert second.job == store.fetch(first.job.id)
    assert sum(store.totals().values()) == 1


def test_an_idempotency_key_does_not_stand_for_two_requests(store: JobStore, new_job: New) -> None:
    first = store.submit(new_job(), Idempotency("k", "one"))
    other = new_job()

    with pytest.raises(Problem, match=first.job.id) as raised:
        store.submit(other, Idempotency("k", "two"))

    assert raised.value.slug == "idempotency-mismatch"
    assert sum(store.totals().values()) == 1


def test_an_idempotency_key_outlives_the_record_it_stands_for(
    store: JobStore, new_job: New, until_gone: Callable[[str], None]
) -> None:
    key = Idempotency("k", "same")
    job = store.submit(new_job(retention_seconds=1), key).job
    store.claim(job.id, OWNER)
    store.settle(job.id, 1, SUCCESS)
    until_gone(job.id)

    with pytest.raises(Problem) as raised:
        store.submit(new_job(), key)

    assert raised.value.slug == "job-expired"


def test_a_countdown_is_counted_from_the_submission(store: JobStore, submit: Submit) -> None:
    job = submit(delay_seconds=60)

    place = store.place(job)

    assert job.scheduled_for
    assert job.scheduled_for - job.created_at == timedelta(seconds=60)
    assert place == Place(None, WaitingFor.SCHEDULE)


def test_an_eta_is_kept_as_it_was_sent(submit: Submit) -> None:
    moment = datetime(2099, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)

    job = submit(due_at=moment)

    assert job.scheduled_for == moment


def test_an_eta_in_the_past_is_due_at_once(store: JobStore, submit: Submit) -> None:
    job = submit(due_at=datetime(2001, 1, 1, tzinfo=UTC))

    store.wake()

    assert store.place(job).queue_position == 1


def test_the_time_to_start_in_begins_when_the_job_is_due(submit: Submit) -> None:
    job = submit(delay_seconds=60, expires_in_seconds=5)

    assert job.start_before_at
    assert job.start_before_at - job.created_at == timedelta(seconds=65)


def test_a_job_that_did_not_start_in_time_is_revoked(store: JobStore, submit: Submit) -> None:
    job = submit(expires_in_seconds=0)

    store.wake()

    ended = store.fetch(job.id)
    assert ended.state is State.REVOKED
    assert _why_and_who(ended) == ("/problems/expired", "headway")
    assert "longer expires_in" in ended.message


def test_a_job_that_expired_in_line_lets_the_others_move_up(store: JobStore, submit: Submit) -> None:
    submit(expires_in_seconds=0)
    job = submit()

    store.wake()

    assert store.place(job).queue_position == 1


def test_a_job_that_did_start_in_time_runs_on(
    store: JobStore, submit: Submit, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    job = submit(expires_in_seconds=1)
    assert store.claim(job.id, OWNER)
    late = submit(expires_in_seconds=1)

    eventually(lambda: store.wake() and store.fetch(late.id).state is State.REVOKED)

    assert store.fetch(job.id).state is State.STARTED


# Claim


def test_a_claim_begins_an_attempt(store: JobStore, submit: Submit) -> None:
    waiting = submit()

    job = store.claim(waiting.id, OWNER)

    assert job
    assert (job.state, job.attempt, job.fence, job.owner) == (State.STARTED, 1, 1, OWNER)
    assert job.started_at == job.updated_at
    assert job == store.fetch(waiting.id)


def test_every_attempt_has_a_higher_number_and_a_higher_fence(store: JobStore, start: Start) -> None:
    first = start()
    store.settle(first.id, first.fence, RETRY)
    store.wake()

    second = store.claim(first.id, OTHER)

    assert second
    assert (second.attempt, second.fence) == (2, 2)


def test_a_job_that_runs_is_not_given_to_another(store: JobStore, start: Start) -> None:
    job = start()

    answer = store.claim(job.id, OTHER)

    assert answer is None
    assert store.fetch(job.id) == job


def test_the_same_claim_sent_twice_gives_the_same_attempt(store: JobStore, start: Start) -> None:
    job = start(owner=OWNER)

    again = store.claim(job.id, OWNER)

    assert again == job


def test_a_job_is_not_claimed_before_it_is_due(store: JobStore, submit: Submit) -> None:
    job = submit(delay_seconds=60)

    answer = store.claim(job.id, OWNER)

    assert answer is None


def test_a_job_is_not_claimed_after_it_expired(store: JobStore, submit: Submit) -> None:
    job = submit(expires_in_seconds=0)

    answer = store.claim(job.id, OWNER)

    assert answer is None
    assert store.fetch(job.id).state is State.PENDING


def test_a_job_nobody_submitted_is_not_claimed(store: JobStore) -> None:
    answer = store.claim(new_job_id(), OWNER)

    assert answer is None


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_job_is_not_claimed(store: JobStore, start: Start, end: State) -> None:
    job = start()
    store.settle(job.id, job.fence, ENDS[end])

    answer = store.claim(job.id, OTHER)

    assert answer is None


def test_a_new_attempt_begins_with_an_empty_bar(store: JobStore, start: Start) -> None:
    first = start()
    store.report(first.id, 1, Report(current=5, total=10, message="halfway"))
    store.settle(first.id, 1, RETRY)
    store.wake()

    second = store.claim(first.id, OWNER)

    assert second
    assert (second.current, second.total, second.message) == (None, None, "")
    assert (second.pace_at, second.pace_from, second.error_json) == (None, None, None)


def test_an_attempt_that_resumes_keeps_its_bar_and_its_checkpoint(store: JobStore, start: Start) -> None:
    first = start()
    store.report(first.id, 1, Report(current=5, total=10, checkpoint_json='{"done":5}'))
    store.interrupt(first.id, OWNER, Interruption.LOST)

    second = store.claim(first.id, OTHER)

    assert second
    assert (second.current, second.total, second.checkpoint_json) == (5, 10, '{"done":5}')


# Report


def test_a_report_shows_how_far_the_job_is(store: JobStore, start: Start) -> None:
    job = start()

    standing = store.report(job.id, job.fence, Report(current=2.5, total=10, message="Counting"))

    now = store.fetch(job.id)
    assert standing is Standing.OK
    assert (now.state, now.current, now.total, now.message) == (State.PROGRESS, 2.5, 10, "Counting")


@pytest.mark.parametrize("amounts", [(1e20, 1e21), (10**20, 10**21), (1e308, 1.5e308)])
def test_any_amount_can_be_read_by_everybody(store: JobStore, start: Start, amounts: tuple[float, float]) -> None:
    running, ended = start(), start()
    store.report(running.id, running.fence, Report(*amounts))
    store.settle(ended.id, ended.fence, Settlement(State.SUCCESS, current=amounts[0], total=amounts[1]))

    listed = [orjson.loads(encode(document_of(job))) for job in store.list_jobs().jobs]

    assert [(each["current"], each["total"]) for each in listed] == [amounts, amounts]


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ((5, 10), (6, 10), (6, 10)),
        ((5, 10), (3, 10), (5, 10)),
        ((5, 10), (5, 20), (5, 10)),
        ((5, 10), (40, 50), (40, 50)),
        ((5, 10), (6, None), (6, 10)),
        ((5, 10), (3, None), (5, 10)),
        ((5, 10), (5, 0), (5, 10)),
        ((5, None), (6, None), (6, None)),
        ((5, None), (3, None), (5, None)),
        ((5, None), (3, 4), (3, 4)),
    ],
)
def test_the_bar_never_goes_back_within_an_attempt(
    store: JobStore, start: Start, first: tuple[Any, ...], second: tuple[Any, ...], shown: tuple[Any, ...]
) -> None:
    job = start()
    store.report(job.id, job.fence, Report(*first))

    store.report(job.id, job.fence, Report(*second))

    now = store.fetch(job.id)
    assert (now.current, now.total) == shown


def test_a_report_that_would_go_back_keeps_its_words(store: JobStore, start: Start) -> None:
    job = start()
    store.report(job.id, job.fence, Report(current=5, total=10, message="Halfway"))

    store.report(job.id, job.fence, Report(current=1, total=10, message="Looking again"))

    now = store.fetch(job.id)
    assert (now.current, now.message) == (5, "Looking again")


def test_a_resumed_attempt_moves_the_bar_without_naming_its_total_again(store: JobStore, start: Start) -> None:
    first = start()
    store.report(first.id, 1, Report(current=5, total=10, checkpoint_json="5"))
    store.interrupt(first.id, OWNER, Interruption.LOST)
    store.claim(first.id, OWNER)

    store.report(first.id, 2, Report(current=6))

    now = store.fetch(first.id)
    assert (now.current, now.total) == (6, 10)


def test_words_alone_are_progress(store: JobStore, start: Start) -> None:
    job = start()

    store.report(job.id, job.fence, Report(message="Opening the archive"))

    now = store.fetch(job.id)
    assert (now.state, now.current, now.message) == (State.PROGRESS, None, "Opening the archive")


@pytest.mark.parametrize("report", [Report(lines=("a line",)), Report(checkpoint_json="1"), Report(total=9)])
def test_a_report_without_words_or_amount_is_no_progress_yet(store: JobStore, start: Start, report: Report) -> None:
    job = start()

    store.report(job.id, job.fence, report)

    now = store.fetch(job.id)
    assert (now.state, now.current, now.total) == (State.STARTED, None, None)


def test_a_checkpoint_is_kept_and_replaced_by_the_next(store: JobStore, start: Start) -> None:
    job = start()
    store.report(job.id, job.fence, Report(checkpoint_json='{"page":1}'))

    store.report(job.id, job.fence, Report(checkpoint_json='{"page":2}'))

    assert store.fetch(job.id).checkpoint_json == '{"page":2}'


def test_the_pace_is_measured_from_the_first_report_of_the_attempt(store: JobStore, start: Start) -> None:
    job = start()
    store.report(job.id, job.fence, Report(current=2, total=10))
    first = store.fetch(job.id)

    store.report(job.id, job.fence, Report(current=4, total=10))

    now = store.fetch(job.id)
    assert (now.pace_at, now.pace_from) == (first.pace_at, 2)


def test_an_older_attempt_reports_nothing(store: JobStore, start: Start) -> None:
    first = start()
    store.interrupt(first.id, OWNER, Interruption.LOST)
    second = store.claim(first.id, OTHER)

    standing = store.report(first.id, first.fence, Report(9, 10, "late", "1", ("late",)))

    assert standing is Standing.FENCED
    assert store.fetch(first.id) == second
    assert not store.log(first.id)


def test_a_job_taken_back_hears_no_report_of_its_old_worker(store: JobStore, start: Start) -> None:
    job = start()
    store.interrupt(job.id, OWNER, Interruption.DRAINED)
    waiting = store.fetch(job.id)

    standing = store.report(job.id, job.fence, Report(9, 10))

    assert standing is Standing.FENCED
    assert store.fetch(job.id) == waiting


@pytest.mark.parametrize("end", ENDS)
def test_a_report_after_the_end_changes_nothing(store: JobStore, start: Start, end: State) -> None:
    job = start()
    store.settle(job.id, job.fence, ENDS[end])
    ended = store.fetch(job.id)

    standing = store.report(job.id, job.fence, Report(9, 10, "late", "1", ("late",)))

    assert standing is Standing.FENCED
    assert store.fetch(job.id) == ended
    assert not store.log(job.id)


def test_a_report_of_an_unknown_job_is_fenced(store: JobStore) -> None:
    standing = store.report(new_job_id(), 1, Report(1, 2))

    assert standing is Standing.FENCED


def test_a_renewal_tells_a_job_that_nobody_had_from_one_that_was_taken_back(
    store: JobStore, submit: Callable[..., Job], start: Start
) -> None:
    fresh, taken_back, ended = submit(), start(), start()
    store.interrupt(taken_back.id, OWNER, Interruption.LOST)
    store.settle(ended.id, ended.fence, SUCCESS)

    standings = store.renew([(id, OWNER) for id in (fresh.id, taken_back.id, ended.id, new_job_id())])

    assert standings == [Standing.WAITING, Standing.ENDED, Standing.ENDED, Standing.ENDED]


def test_log_lines_are_named_after_the_version_that_brought_them(store: JobStore, start: Start) -> None:
    job = start()

    store.report(job.id, job.fence, Report(current=1, lines=("one", "two")))
    store.report(job.id, job.fence, Report(lines=("three\nlines ü",)))

    found = [(line.id, line.text) for line in store.log(job.id)]
    version = job.version
    expected = [(f"{version + 1}-1", "one"), (f"{version + 1}-2", "two"), (f"{version + 2}-1", "three\nlines ü")]
    assert found == expected
    assert store.fetch(job.id).lines == 3


def test_the_log_is_read_on_from_any_line(store: JobStore, start: Start) -> None:
    job = start()
    store.report(job.id, job.fence, Report(lines=tuple(f"line {n}" for n in range(12))))
    lines = store.log(job.id)

    rest = store.log(job.id, after=lines[9].id)

    assert [line.text for line in rest] == ["line 10", "line 11"]


def test_a_log_keeps_its_last_thousand_lines(store: JobStore, start: Start) -> None:
    job = start()
    for first in range(0, 1_500, 100):
        store.report(job.id, job.fence, Report(lines=tuple(str(n) for n in range(first, first + 100))))

    kept = [int(line.text) for line in store.log(job.id)]

    assert LOG_LINES_KEPT <= len(kept) <= LOG_LINES_KEPT + 200
    assert kept == list(range(1_500 - len(kept), 1_500))


def test_a_job_that_said_nothing_has_an_empty_log(store: JobStore, submit: Submit) -> None:
    job = submit()

    assert not store.log(job.id)


# Settle


def test_success_fills_the_bar_and_keeps_the_result(store: JobStore, start: Start) -> None:
    job = start()
    store.report(job.id, job.fence, Report(current=3, total=8))

    is_ours = store.settle(job.id, job.fence, SUCCESS)

    now = store.fetch(job.id)
    assert is_ours
    assert (now.state, now.current, now.total, now.result_json) == (State.SUCCESS, 8, 8, '{"sum":6}')
    assert (now.owner, now.finished_at) == (None, now.updated_at)


@pytest.mark.parametrize("report", [Report(message="no amount"), Report(current=7), Report(current=0, total=0)])
def test_success_of_an_unknown_whole_is_one_of_one(store: JobStore, start: Start, report: Report) -> None:
    job = start()
    store.report(job.id, job.fence, report)

    store.settle(job.id, job.fence, SUCCESS)

    now = store.fetch(job.id)
    assert (now.current, now.total) == (1, 1)


def test_success_may_name_its_last_amounts(store: JobStore, start: Start) -> None:
    job = start()
    store.report(job.id, job.fence, Report(current=3, total=8))

    store.settle(job.id, job.fence, Settlement(State.SUCCESS, message="Task completed!", current=100, total=100))

    now = store.fetch(job.id)
    assert (now.current, now.total, now.message) == (100, 100, "Task completed!")


@pytest.mark.parametrize("end", [State.FAILURE, State.REVOKED])
def test_a_job_that_ends_badly_keeps_its_bar_where_it_was(store: JobStore, start: Start, end: State) -> None:
    job = start()
    store.report(job.id, job.fence, Report(current=3, total=8))

    store.settle(job.id, job.fence, ENDS[end])

    now = store.fetch(job.id)
    assert (now.state, now.current, now.total) == (end, 3, 8)


def test_a_job_that_failed_tells_the_workers_words(store: JobStore, start: Start) -> None:
    job = start()

    store.settle(job.id, job.fence, FAILURE)

    now = store.fetch(job.id)
    assert (now.error_json, now.message) == (FAILURE.error_json, FAILURE.message)


def test_an_ended_job_says_when_it_will_be_forgotten(store: JobStore, start: Start) -> None:
    job = start(retention_seconds=77)

    store.settle(job.id, job.fence, SUCCESS)

    now = store.fetch(job.id)
    assert now.gone_at
    assert now.finished_at
    assert now.gone_at - now.finished_at == timedelta(seconds=77)


def test_a_failed_attempt_that_may_be_repeated_waits_and_spends_a_retry(store: JobStore, start: Start) -> None:
    job = start()
    store.announce(Worker("w", 1, (job.queue,), (job.task,)), [])

    is_ours = store.settle(job.id, job.fence, Settlement(State.RETRY, message="not yet", delay_seconds=60))

    now = store.fetch(job.id)
    assert is_ours
    assert (now.state, now.retries, now.owner, now.message) == (State.RETRY, 1, None, "not yet")
    assert now.scheduled_for == now.updated_at + timedelta(seconds=60)
    assert store.place(now) == Place(None, WaitingFor.SCHEDULE)


def test_a_retry_is_not_claimed_while_it_waits(store: JobStore, start: Start) -> None:
    job = start()
    store.settle(job.id, job.fence, Settlement(State.RETRY, delay_seconds=60))

    answer = store.claim(job.id, OTHER)

    assert answer is None


def test_a_retry_joins_the_line_when_it_is_due(
    store: JobStore, start: Start, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    job = start()
    store.settle(job.id, job.fence, Settlement(State.RETRY, delay_seconds=0.1))

    eventually(store.wake)

    assert store.place(store.fetch(job.id)).queue_position == 1


@pytest.mark.parametrize("settlement", [SUCCESS, FAILURE, RETRY, REVOKED], ids=lambda each: each.state)
def test_an_older_attempt_settles_nothing(store: JobStore, start: Start, settlement: Settlement) -> None:
    first = start()
    store.interrupt(first.id, OWNER, Interruption.LOST)
    second = store.claim(first.id, OTHER)

    is_ours = store.settle(first.id, first.fence, settlement)

    assert not is_ours
    assert store.fetch(first.id) == second


def test_a_worker_that_lost_its_job_does_not_end_it_while_it_waits(store: JobStore, start: Start) -> None:
    job = start()
    store.interrupt(job.id, OWNER, Interruption.LOST)
    waiting = store.fetch(job.id)

    is_ours = store.settle(job.id, job.fence, SUCCESS)

    assert not is_ours
    assert store.fetch(job.id) == waiting


@pytest.mark.parametrize("settlement", [SUCCESS, FAILURE, RETRY, REVOKED], ids=lambda each: each.state)
def test_the_same_settlement_sent_twice_is_harmless(store: JobStore, start: Start, settlement: Settlement) -> None:
    job = start()
    store.settle(job.id, job.fence, settlement)
    settled = store.fetch(job.id)

    again = store.settle(job.id, job.fence, settlement)

    assert again
    assert store.fetch(job.id) == settled


@pytest.mark.parametrize("end", ENDS)
def test_a_final_state_never_changes(store: JobStore, start: Start, end: State) -> None:
    job = start()
    store.settle(job.id, job.fence, ENDS[end])
    ended = store.fetch(job.id)

    store.claim(job.id, OTHER)
    store.report(job.id, job.fence, Report(1, 2, "late"))
    for settlement in (SUCCESS, FAILURE, RETRY, REVOKED):
        store.settle(job.id, job.fence, settlement)
    store.interrupt(job.id, OWNER, Interruption.LOST)
    store.wake()

    assert store.fetch(job.id) == ended


def test_a_settlement_of_an_unknown_job_is_refused(store: JobStore) -> None:
    is_ours = store.settle(new_job_id(), 1, SUCCESS)

    assert not is_ours


# Interrupt


@pytest.mark.parametrize("why", [Interruption.LOST, Interruption.DRAINED])
def test_an_interrupted_job_goes_ahead_of_the_line_without_spending_a_retry(
    store: JobStore, submit: Submit, start: Start, why: Interruption
) -> None:
    job = start(priority=Priority.LOW)
    submit(priority=Priority.HIGH)

    is_taken = store.interrupt(job.id, OWNER, why)

    now = store.fetch(job.id)
    assert is_taken
    assert (now.state, now.retries, now.owner) == (State.RETRY, 0, None)
    assert store.place(now).queue_position == 1


def test_a_lost_worker_counts_as_an_attempt(store: JobStore, start: Start) -> None:
    job = start()
    store.interrupt(job.id, OWNER, Interruption.LOST)

    again = store.claim(job.id, OTHER)

    assert again
    assert (again.attempt, again.fence, again.lost) == (2, 2, 1)


def test_a_worker_that_was_stopped_refunds_the_attempt_but_not_the_fence(store: JobStore, start: Start) -> None:
    job = start()
    store.interrupt(job.id, OWNER, Interruption.DRAINED)

    again = store.claim(job.id, OTHER)

    assert again
    assert (again.attempt, again.fence, again.lost) == (1, 2, 0)


def test_a_worker_that_was_stopped_refunds_its_own_attempt_only(store: JobStore, start: Start) -> None:
    job = start()
    store.settle(job.id, job.fence, RETRY)
    store.wake()
    store.claim(job.id, OWNER)

    store.interrupt(job.id, OWNER, Interruption.DRAINED)

    now = store.fetch(job.id)
    assert (now.attempt, now.fence, now.retries) == (1, 2, 1)


def test_three_workers_lost_in_a_row_end_the_job(store: JobStore, submit: Submit) -> None:
    job = submit()

    for number in range(3):
        store.claim(job.id, f"worker {number}")
        store.interrupt(job.id, f"worker {number}", Interruption.LOST)

    ended = store.fetch(job.id)
    assert (ended.state, ended.lost) == (State.FAILURE, 3)
    assert _why_and_who(ended) == ("/problems/worker-lost", "headway")
    assert "died three times" in ended.message
    assert ended.gone_at


def test_an_attempt_that_settles_forgets_the_lost_workers_before_it(store: JobStore, submit: Submit) -> None:
    job = submit()
    for _ in range(2):
        store.claim(job.id, OWNER)
        store.interrupt(job.id, OWNER, Interruption.LOST)
    store.claim(job.id, OWNER)

    store.settle(job.id, 3, RETRY)

    assert store.fetch(job.id).lost == 0


def test_a_worker_that_was_stopped_does_not_count_as_lost(store: JobStore, submit: Submit) -> None:
    job = submit()

    for _ in range(4):
        store.claim(job.id, OWNER)
        store.interrupt(job.id, OWNER, Interruption.DRAINED)

    now = store.fetch(job.id)
    assert (now.state, now.attempt, now.fence, now.lost) == (State.RETRY, 0, 4, 0)


@pytest.mark.parametrize("why", Interruption)
def test_only_the_worker_that_runs_a_job_gives_it_back(store: JobStore, start: Start, why: Interruption) -> None:
    job = start(owner=OWNER)

    is_taken = store.interrupt(job.id, OTHER, why)

    assert not is_taken
    assert store.fetch(job.id) == job


def test_a_job_that_waits_is_not_taken_back(store: JobStore, submit: Submit) -> None:
    job = submit()

    is_taken = store.interrupt(job.id, "", Interruption.LOST)

    assert not is_taken


def test_a_job_nobody_knows_is_not_taken_back(store: JobStore) -> None:
    is_taken = store.interrupt(new_job_id(), OWNER, Interruption.LOST)

    assert not is_taken


# Wake


def test_wake_says_how_much_it_dealt_with(store: JobStore, submit: Submit) -> None:
    submit()
    submit(delay_seconds=60)
    submit(delay_seconds=0)
    submit(expires_in_seconds=0)

    counts = [store.wake(), store.wake()]

    assert counts == [2, 0]


def test_a_due_job_can_be_claimed(store: JobStore, submit: Submit) -> None:
    job = submit(delay_seconds=0)
    store.wake()

    claimed = store.claim(job.id, OWNER)

    assert claimed


def test_a_job_that_joins_the_line_has_a_new_version(store: JobStore, submit: Submit) -> None:
    job = submit(delay_seconds=0)

    store.wake()

    assert store.fetch(job.id).version == job.version + 1


def test_due_jobs_join_the_line_in_the_order_of_their_times(store: JobStore, submit: Submit) -> None:
    moments = [datetime(2001, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
    third, first, second = [submit(due_at=moment) for moment in moments]

    store.wake()

    assert [store.place(job).queue_position for job in (first, second, third)] == [1, 2, 3]


# Place


def test_a_job_waits_for_a_worker_that_has_its_task(store: JobStore, submit: Submit) -> None:
    job = submit(task="count", queue="default")
    store.announce(Worker("other task", 1, ("default",), ("resize",)), [])
    store.announce(Worker("other queue", 1, ("reports",), ("count",)), [])

    place = store.place(job)

    assert place == Place(1, WaitingFor.WORKER)


def test_a_job_waits_for_a_slot_when_workers_serve_it(store: JobStore, submit: Submit) -> None:
    job = submit(task="count", queue="default")
    store.announce(Worker("w", 1, ("default",), ("count",)), [])

    place = store.place(job)

    assert place == Place(1, WaitingFor.SLOT)


def test_the_line_is_ordered_by_priority_then_by_time(store: JobStore, submit: Submit) -> None:
    order = [Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.NORMAL, Priority.HIGH]

    jobs = [submit(priority=priority) for priority in order]

    assert [store.place(job).queue_position for job in jobs] == [5, 3, 1, 4, 2]


def test_each_queue_is_a_line_of_its_own(store: JobStore, submit: Submit) -> None:
    submit(queue="reports")

    job = submit(queue="default")

    assert store.place(job).queue_position == 1


def test_a_claim_moves_the_others_up(store: JobStore, submit: Submit) -> None:
    first, second = submit(), submit()

    store.claim(first.id, OWNER)

    assert store.place(second).queue_position == 1


def test_a_job_that_runs_or_ended_has_no_place(store: JobStore, start: Start) -> None:
    running = start()
    ended = start()
    store.settle(ended.id, ended.fence, SUCCESS)

    places = [store.place(store.fetch(job.id)) for job in (running, ended)]

    assert places == [Place(), Place()]


def test_a_job_whose_record_was_just_dropped_has_no_place(
    store: JobStore, start: Start, until_gone: Callable[[str], None]
) -> None:
    job = start(retention_seconds=2)
    store.settle(job.id, job.fence, SUCCESS)
    ended = store.fetch(job.id)
    until_gone(job.id)

    place = store.place(ended)

    assert place == Place()


# Lists and totals


def pages_of(store: JobStore, size: int = 50, **filters: Any) -> list[list[str]]:
    """The ids of all pages of a list, page by page."""
    pages = []
    before: int | None = None
    while True:
        page = store.list_jobs(Wanted(**filters), size=size, before=before)
        pages.append([job.id for job in page.jobs])
        if page.next_before is None:
            return pages
        before = page.next_before


def test_the_newest_jobs_come_first(store: JobStore, submit: Submit) -> None:
    ids = [submit().id for _ in range(3)]

    listed = [job.id for job in store.list_jobs().jobs]

    assert listed == ids[::-1]


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])])
def test_pages_have_no_gaps_and_no_repeats(store: JobStore, submit: Submit, count: int, sizes: list[int]) -> None:
    ids = [submit().id for _ in range(count)]

    pages = pages_of(store, size=3)

    assert [len(page) for page in pages] == sizes
    assert [*chain.from_iterable(pages)] == ids[::-1]


def test_jobs_submitted_while_one_reads_do_not_shift_the_pages(store: JobStore, submit: Submit) -> None:
    ids = [submit().id for _ in range(4)]
    first = store.list_jobs(size=2)
    submit()

    second = store.list_jobs(size=2, before=first.next_before)

    assert [job.id for job in first.jobs + second.jobs] == ids[::-1]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"states": [State.STARTED]}, ["c"]),
        ({"states": [State.PENDING]}, ["d", "b", "a"]),
        ({"states": [State.STARTED, State.PENDING]}, ["d", "c", "b", "a"]),
        ({"states": [State.SUCCESS, State.STARTED], "tag": "red"}, ["c"]),
        ({"task": "resize"}, ["d", "b"]),
        ({"tag": "red"}, ["c", "b"]),
        ({"task": "resize", "tag": "red"}, ["b"]),
        ({"states": [State.PENDING], "tag": "red"}, ["b"]),
        ({"states": [State.SUCCESS]}, []),
        ({"tag": "re"}, []),
        ({"search": "RESI"}, ["d", "b"]),
        ({"search": "Lu"}, ["d", "b"]),
        ({"search": "ed", "task": "count"}, ["c"]),
        ({"search": "re", "states": [State.STARTED]}, ["c"]),
        ({"search": "nothing like it"}, []),
    ],
)
def test_a_list_can_be_narrowed(store: JobStore, submit: Submit, filters: dict[str, Any], expected: list[str]) -> None:
    names = {
        submit(task="count").id: "a",
        submit(task="resize", tags=("red", "blue")).id: "b",
        (claimed := submit(task="count", tags=("red",)).id): "c",
        submit(task="resize", tags=("blue",)).id: "d",
    }
    store.claim(claimed, OWNER)

    listed = [names[job.id] for job in store.list_jobs(Wanted(**filters)).jobs]

    assert listed == expected


@pytest.mark.parametrize("length", [2, 8, 35, 36])
def test_a_job_is_found_by_what_its_id_begins_with(store: JobStore, submit: Submit, length: int) -> None:
    job, *_ = [submit() for _ in range(3)]

    found = store.list_jobs(Wanted(search=job.id[:length].upper())).jobs

    assert job in found
    assert all(each.id.startswith(job.id[:length]) for each in found)


def test_a_part_from_within_an_id_finds_nothing(store: JobStore, submit: Submit) -> None:
    job = submit()

    assert store.list_jobs(Wanted(search=job.id[1:])).jobs == ()


def test_a_whole_id_finds_its_job_and_no_other(store: JobStore, submit: Submit) -> None:
    job = submit()
    submit(tags=(job.id,))

    page = store.list_jobs(Wanted(search=job.id))

    assert (page.jobs, page.next_before) == ((job,), None)
    assert store.list_jobs(Wanted(search=job.id, states=[State.FAILURE])).jobs == ()
    assert store.list_jobs(Wanted(search=job.id), before=1).jobs == ()


def test_a_whole_id_without_a_job_is_looked_for_in_the_tags(store: JobStore, submit: Submit) -> None:
    unknown = new_job_id()
    tagged = submit(tags=(f"child of {unknown}",))
    submit()

    assert store.list_jobs(Wanted(search=unknown)).jobs == (tagged,)


def test_pages_of_several_states_have_no_gaps_and_no_repeats(store: JobStore, submit: Submit) -> None:
    ids = [submit().id for _ in range(20)]
    for job_id in ids[::3]:
        store.claim(job_id, OWNER)
    for job_id in ids[1::3]:
        store.cancel(job_id)

    pages = pages_of(store, size=3, states=[State.STARTED, State.REVOKED])

    wanted = [job_id for number, job_id in enumerate(ids) if number % 3 != 2]
    assert [len(page) for page in pages] == [3, 3, 3, 3, 2]
    assert [*chain.from_iterable(pages)] == wanted[::-1]


def test_narrowed_pages_have_no_gaps_and_no_repeats(store: JobStore, submit: Submit) -> None:
    ids = [submit(tags=("red",) if number % 3 == 0 else ("blue",)).id for number in range(20)]

    pages = pages_of(store, tag="red", size=3)

    assert [*chain.from_iterable(pages)] == ids[::3][::-1]


@pytest.mark.parametrize("filters", [{}, {"task": "count"}])
def test_a_list_shows_short_values_and_null_for_long_ones(
    store: JobStore, start: Start, filters: dict[str, str]
) -> None:
    longest = '"' + "ü" * (LISTED_BYTES // 2 - 1) + '"'
    fits = start(args_json='{"n":3}')
    store.report(fits.id, fits.fence, Report(checkpoint_json=longest))
    store.settle(fits.id, fits.fence, Settlement(State.SUCCESS, result_json=longest))
    too_long = start(args_json='{"text":' + longest + "}")
    store.report(too_long.id, too_long.fence, Report(checkpoint_json=longest + " "))
    store.settle(too_long.id, too_long.fence, Settlement(State.SUCCESS, result_json=longest + " "))

    listed = store.list_jobs(Wanted(**filters)).jobs

    without = {"args_json": "null", "checkpoint_json": "null", "result_json": "null"}
    assert listed == (replace(store.fetch(too_long.id), **without), store.fetch(fits.id))


def test_totals_count_every_state(store: JobStore, submit: Submit, start: Start) -> None:
    submit()
    start()
    reported = start()
    store.report(reported.id, 1, Report(1, 2))
    for settlement in (SUCCESS, FAILURE, RETRY, REVOKED):
        job = start()
        store.settle(job.id, job.fence, settlement)

    totals = store.totals()

    assert totals == dict.fromkeys(State, 1)


# Retention


def test_an_id_that_never_was_is_not_found(store: JobStore) -> None:
    with pytest.raises(Problem) as raised:
        store.fetch(new_job_id())

    assert raised.value.slug == "job-not-found"


def test_a_record_is_dropped_after_its_retention(
    store: JobStore, start: Start, until_gone: Callable[[str], None]
) -> None:
    job = start(retention_seconds=1)
    store.report(job.id, job.fence, Report(lines=("a line",)))
    store.settle(job.id, job.fence, SUCCESS)

    until_gone(job.id)

    assert not store.log(job.id)
    assert store.list_jobs().jobs == ()


def test_dropped_records_leave_the_totals(
    store: JobStore, start: Start, until_gone: Callable[[str], None], eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    job = start(retention_seconds=1)
    store.settle(job.id, job.fence, SUCCESS)
    until_gone(job.id)

    eventually(lambda: not store.wake() and not store.totals()[State.SUCCESS])

    assert sum(store.totals().values()) == 0


# Changes


def test_whoever_begins_to_watch_is_told_to_read_the_record(
    store: JobStore, submit: Submit, collect: Callable[[Changes, int], list[Change]]
) -> None:
    job = submit()
    feed = store.changes()

    feed.watch(job.id)

    assert collect(feed, 1) == [Change(job.id, None)]
    feed.close()


def test_the_published_fields_add_up_to_the_record(
    store: JobStore, submit: Submit, collect: Callable[[Changes, int], list[Change]]
) -> None:
    job = submit(delay_seconds=0, tags=("a", "b"), timeout_seconds=1.5)
    feed = store.changes()
    feed.watch(job.id)
    collect(feed, 1)

    store.wake()
    store.claim(job.id, OWNER)
    store.report(job.id, 1, Report(1, 3, 'ü "/" \\', '{"x":1}', ("a line",)))
    store.settle(job.id, 1, RETRY)
    store.wake()
    store.claim(job.id, OWNER)
    store.interrupt(job.id, OWNER, Interruption.DRAINED)
    store.claim(job.id, OTHER)
    store.report(job.id, 3, Report(0.5, 3))
    store.settle(job.id, 3, SUCCESS)

    merged = job.to_fields()
    for change in collect(feed, 10):
        merged |= {name: text for name, text in (change.fields or {}).items() if name not in UNPUBLISHED}
    expected = store.fetch(job.id).to_fields()
    assert Job.from_fields(merged | {name: expected[name] for name in UNPUBLISHED}) == store.fetch(job.id)
    feed.close()


def test_every_move_arrives_once_with_the_next_version(
    store: JobStore, start: Start, collect: Callable[[Changes, int], list[Change]]
) -> None:
    job = start()
    feed = store.changes()
    feed.watch(job.id)
    collect(feed, 1)

    for current in range(30):
        store.report(job.id, job.fence, Report(current, 100))

    versions = [int(change.fields["version"]) for change in collect(feed, 30) if change.fields]
    assert versions == list(range(job.version + 1, job.version + 31))
    feed.close()


def test_a_feed_tells_only_of_the_jobs_one_watches(
    store: JobStore, submit: Submit, collect: Callable[[Changes, int], list[Change]]
) -> None:
    watched, other, dropped = submit(), submit(), submit()
    feed = store.changes()
    feed.watch(dropped.id)
    feed.watch(watched.id)
    collect(feed, 2)
    feed.unwatch(dropped.id)

    for job in (other, dropped, watched):
        store.claim(job.id, OWNER)

    assert [change.job_id for change in collect(feed, 1)] == [watched.id]
    feed.close()


def test_a_quiet_feed_answers_with_nothing_in_time(store: JobStore, submit: Submit) -> None:
    submit()
    feed = store.changes()
    began = time.monotonic()

    answers = [feed.next(0.05) for _ in range(3)]

    assert answers == [None] * 3
    assert time.monotonic() - began < 10
    feed.close()


# Catalogue


def an_entry(name: str, **changes: Any) -> TaskEntry:
    values = {"name": name, "description": "Counts.", "schema": {"type": "object"}, "queue": "default"}
    return TaskEntry(**(values | {"max_retries": 0, "timeout_seconds": None, "retention_seconds": 60} | changes))


def test_announced_tasks_stand_in_the_catalogue_by_name(store: JobStore) -> None:
    entries = [an_entry("resize"), an_entry("count", description="Zählt.", timeout_seconds=1.5)]

    store.announce(Worker("w", 2, ("default",), ("count", "resize")), entries)

    assert list(store.catalogue().items()) == [("count", entries[1]), ("resize", entries[0])]


def test_a_new_announcement_replaces_the_old_one(store: JobStore) -> None:
    store.announce(Worker("w", 1, ("default",), ("count",)), [an_entry("count")])

    store.announce(Worker("w", 4, ("a", "b"), ("count",)), [an_entry("count", max_retries=3)])

    assert list(store.workers()) == [Worker("w", 4, ("a", "b"), ("count",))]
    assert store.catalogue()["count"].max_retries == 3


def test_a_worker_that_stops_no_longer_counts_but_its_tasks_stay_known(store: JobStore) -> None:
    store.announce(Worker("stops", 1, ("default",), ("count",)), [an_entry("count")])
    store.announce(Worker("stays", 1, ("default",), ("count",)), [])

    store.withdraw("stops")

    assert [worker.name for worker in store.workers()] == ["stays"]
    assert list(store.catalogue()) == ["count"]


def test_an_empty_store_has_no_tasks_and_no_workers(store: JobStore) -> None:
    store.ping()

    assert not store.catalogue()
    assert not store.workers()


def test_a_look_shows_what_fetch_and_place_say(store: JobStore, submit: Submit) -> None:
    waiting, scheduled, running = submit(), submit(delay_seconds=60), submit()
    store.claim(running.id, OWNER)

    for job in (waiting, scheduled, running):
        assert store.look(job.id) == (store.fetch(job.id), store.place(store.fetch(job.id)))


def test_a_look_at_no_job_says_so(store: JobStore) -> None:
    with pytest.raises(Problem) as caught:
        store.look(new_job_id())

    assert caught.value.slug == "job-not-found"


def test_a_declined_job_waits_for_a_worker_that_has_its_task(store: JobStore, submit: Submit) -> None:
    job = submit()
    store.claim(job.id, OWNER)

    assert store.interrupt(job.id, OWNER, Interruption.DECLINED)

    waiting = store.fetch(job.id)
    assert (waiting.state, waiting.attempt, waiting.retries, waiting.lost) == (State.RETRY, 0, 0, 0)
    assert store.place(waiting).waiting_for is WaitingFor.WORKER
    assert store.claim(job.id, OWNER) is None  # not at once: the same worker would take it again and again


def test_a_declined_job_is_offered_again_after_a_while(store: JobStore, submit: Submit) -> None:
    job = submit()
    store.claim(job.id, OWNER)
    store.interrupt(job.id, OWNER, Interruption.DECLINED)

    due_at = store.fetch(job.id).scheduled_for

    assert due_at is not None
    assert 4 <= (due_at - store.fetch(job.id).updated_at).total_seconds() <= 6


def _why_and_who(ended: Job) -> tuple[str, str]:
    error = orjson.loads(ended.error_json or "{}")
    return error["type"], error["ended_by"]
