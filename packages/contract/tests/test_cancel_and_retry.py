"""What a job store promises to whoever cancels a job or asks for another attempt: on both stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from headway.job import Job, Priority, State, new_job_id
from headway.problem import Cancelled, Problem, cancelled
from headway.store import (
    RETRIED,
    Change,
    Changes,
    Interruption,
    JobStore,
    Place,
    Report,
    Settlement,
    Standing,
)
from headway.wanted import Wanted

OWNER = "host:1:1/2"
OTHER = "host:1:1/3"
SUCCESS = Settlement(State.SUCCESS, result_json='{"sum":6}', message="")
FAILURE = Settlement(State.FAILURE, error_json='{"detail":"no"}', message="no")
RETRY = Settlement(State.RETRY, error_json='{"detail":"not yet"}', message="not yet")
REASONS = [
    "no longer needed",
    'say "no"',
    "a/b \\/ c\\",
    "ü 😀 \u2028",
    "two\nlines\r\n\tand a tab",
    "\x00 \x1b[31m \x7f",
    "]==] %1 %s \\u0041 {}",
    "</script>",
    "x" * 500,
]

Submit = Callable[..., Job]
Start = Callable[..., Job]
Collect = Callable[[Changes, int], list[Change]]


def error_of(job: Job) -> dict[str, Any]:
    error: dict[str, Any] = orjson.loads(job.error_json or "null")
    return error


# Cancel a job that waits

WAITING = ("in line", "scheduled", "due", "after a failure", "after a lost worker", "declined")


@pytest.fixture(params=WAITING)
def waiting(request: pytest.FixtureRequest, store: JobStore, submit: Submit, start: Start) -> Job:
    """A job that waits, each way in which a job can wait."""
    if request.param in ("in line", "scheduled", "due"):
        return submit(delay_seconds={"in line": None, "scheduled": 60, "due": 0}[request.param])
    job = start()
    if request.param == "after a failure":
        store.settle(job.id, job.fence, RETRY)
    else:
        why = Interruption.DECLINED if request.param == "declined" else Interruption.LOST
        store.interrupt(job.id, OWNER, why)
    return store.fetch(job.id)


def test_a_job_that_waits_ends_at_once(store: JobStore, waiting: Job) -> None:
    job = store.cancel(waiting.id)

    assert job == store.fetch(waiting.id)
    assert (job.state, job.version, job.owner) == (State.REVOKED, waiting.version + 1, None)
    assert job.finished_at == job.cancel_requested_at == job.updated_at
    assert job.gone_at
    assert (job.gone_at - job.updated_at).total_seconds() == job.retention_seconds


def test_a_job_that_was_cancelled_while_it_waited_never_starts(store: JobStore, waiting: Job) -> None:
    job = store.cancel(waiting.id)

    claims = [store.claim(job.id, OWNER)]
    store.wake([job.queue])
    claims += [store.claim(job.id, OWNER), store.claim(job.id, OTHER)]

    assert claims == [None] * 3
    assert store.fetch(job.id) == job


def test_a_cancelled_job_leaves_the_line_to_the_others(store: JobStore, waiting: Job, submit: Submit) -> None:
    behind = submit(priority=Priority.LOW)

    job = store.cancel(waiting.id)
    store.wake()

    assert store.place(job) == Place()
    assert store.place(behind).queue_position == 1


def test_a_cancelled_job_stands_in_the_lists_and_totals_where_it_belongs(store: JobStore, waiting: Job) -> None:
    job = store.cancel(waiting.id)

    assert store.totals() == dict.fromkeys(State, 0) | {State.REVOKED: 1}
    assert store.list_jobs(Wanted(states=[State.REVOKED])).jobs == (job,)


def test_the_outcome_names_the_client(store: JobStore, submit: Submit) -> None:
    job = store.cancel(submit().id)

    error = error_of(job)
    assert (error["type"], error["status"], error["ended_by"]) == ("/problems/cancelled", 410, "client")
    assert error["detail"] == job.message == "A client cancelled the job before it started."
    assert "reason" not in error
    assert job.cancel_reason == ""


def test_the_outcome_of_a_job_between_two_attempts_says_so(store: JobStore, start: Start) -> None:
    job = start()
    store.settle(job.id, job.fence, RETRY)

    ended = store.cancel(job.id, "why not")

    assert error_of(ended) == cancelled(Cancelled.RETRYING, "why not").body()
    assert "waited for its next attempt. The reason given: why not" in ended.message


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_is_repeated_to_the_letter(store: JobStore, submit: Submit, reason: str) -> None:
    job = store.cancel(submit().id, reason)

    assert error_of(job) == cancelled(Cancelled.WAITING, reason).body()
    assert '"/problems/cancelled"' in (job.error_json or "")  # not "\\/problems", which is the same but hard to find
    assert (job.cancel_reason, error_of(job)["reason"]) == (reason, reason)
    assert (
        job.message
        == error_of(job)["detail"]
        == f"A client cancelled the job before it started. The reason given: {reason}"
    )


def test_a_job_that_would_have_expired_is_cancelled_and_stays_so(store: JobStore, submit: Submit) -> None:
    job = store.cancel(submit(expires_in_seconds=0).id)

    store.wake()

    assert store.fetch(job.id) == job
    assert error_of(job)["type"] == "/problems/cancelled"


# Cancel a job that runs


@pytest.mark.parametrize("report", [None, Report(3, 8, "Working")], ids=["started", "in progress"])
def test_a_job_that_runs_is_asked_to_stop(store: JobStore, start: Start, report: Report | None) -> None:
    job = start()
    if report:
        store.report(job.id, job.fence, report)
    running = store.fetch(job.id)

    asked = store.cancel(job.id, "wrong month")

    assert asked == store.fetch(job.id)
    assert (asked.state, asked.owner, asked.message) == (running.state, OWNER, running.message)
    assert (asked.version, asked.cancel_reason) == (running.version + 1, "wrong month")
    assert asked.cancel_requested_at == asked.updated_at
    assert (asked.finished_at, asked.error_json) == (None, None)


def test_a_worker_learns_of_the_cancel_with_every_report_and_every_renewal(store: JobStore, start: Start) -> None:
    job = start()
    store.cancel(job.id)

    standings = [
        store.report(job.id, job.fence, Report(1, 2)),
        *store.renew([(job.id, OWNER), (job.id, OTHER)]),
        store.report(job.id, job.fence, Report(lines=("cleaning up",))),
    ]

    assert standings == [Standing.CANCEL, Standing.CANCEL, Standing.FENCED, Standing.CANCEL]
    assert store.fetch(job.id).current == 1
    assert [line.text for line in store.log(job.id)] == ["cleaning up"]


def test_the_neighbours_of_a_cancelled_job_hear_nothing_of_it(store: JobStore, start: Start) -> None:
    job, neighbour = start(), start()
    store.cancel(job.id)

    standings = store.renew([(neighbour.id, OWNER), (job.id, OWNER)])

    assert list(standings) == [Standing.OK, Standing.CANCEL]


def test_whoever_asks_again_changes_nothing(store: JobStore, start: Start) -> None:
    first = store.cancel(start().id, "first")

    second = store.cancel(first.id, "second")

    assert second == first == store.fetch(first.id)


def test_watchers_see_the_request_and_the_end(store: JobStore, start: Start, collect: Collect) -> None:
    job = start()
    feed = store.changes()
    feed.watch(job.id)
    collect(feed, 1)

    store.cancel(job.id, 'say "no"/ü')
    store.settle(job.id, job.fence, Settlement(State.REVOKED))

    request, end = (change.fields or {} for change in collect(feed, 2))
    assert (request["version"], end["version"]) == (str(job.version + 1), str(job.version + 2))
    assert request["cancel_reason"] == 'say "no"/ü'
    assert "state" not in request
    assert end["state"] == "REVOKED"
    feed.close()


# How a cancelled attempt ends


def test_a_task_that_was_quicker_than_its_cancel_keeps_its_result(store: JobStore, start: Start) -> None:
    job = start()
    store.report(job.id, job.fence, Report(3, 8))
    store.cancel(job.id, "too late")

    is_ours = store.settle(job.id, job.fence, SUCCESS)

    ended = store.fetch(job.id)
    assert is_ours
    assert (ended.state, ended.result_json, ended.error_json) == (State.SUCCESS, '{"sum":6}', None)
    assert (ended.current, ended.total) == (8, 8)


def test_a_task_that_failed_before_it_stopped_keeps_its_failure(store: JobStore, start: Start) -> None:
    job = start()
    store.cancel(job.id)

    store.settle(job.id, job.fence, FAILURE)

    ended = store.fetch(job.id)
    assert (ended.state, ended.error_json, ended.message) == (State.FAILURE, FAILURE.error_json, "no")


@pytest.mark.parametrize("how", [Cancelled.STOPPED, Cancelled.ENDED])
@pytest.mark.parametrize("reason", ["", *REASONS])
def test_a_task_that_stopped_is_revoked_with_the_stores_own_words(
    store: JobStore, start: Start, how: Cancelled, reason: str
) -> None:
    job = start()
    store.cancel(job.id, reason)

    is_ours = store.settle(job.id, job.fence, Settlement(State.REVOKED, cancelled=how))

    ended = store.fetch(job.id)
    assert is_ours
    assert (ended.state, ended.owner) == (State.REVOKED, None)
    assert error_of(ended) == cancelled(how, reason).body()
    assert ended.message == cancelled(how, reason).detail


def test_an_attempt_that_failed_after_a_cancel_is_not_repeated(store: JobStore, start: Start) -> None:
    job = start(max_retries=5)
    store.cancel(job.id, 'say "no"')

    is_ours = store.settle(job.id, job.fence, RETRY)

    ended = store.fetch(job.id)
    assert is_ours
    assert (ended.state, ended.retries, ended.scheduled_for) == (State.REVOKED, 0, None)
    assert error_of(ended) == cancelled(Cancelled.FAILING, 'say "no"').body()
    assert store.wake() == 0
    assert store.claim(job.id, OTHER) is None


@pytest.mark.parametrize("why", Interruption)
def test_a_cancelled_job_whose_worker_gives_it_back_ends(store: JobStore, start: Start, why: Interruption) -> None:
    job = start()
    store.cancel(job.id, "a/b")

    is_taken = store.interrupt(job.id, OWNER, why)

    ended = store.fetch(job.id)
    assert is_taken
    assert (ended.state, ended.attempt, ended.owner) == (State.REVOKED, 1, None)
    assert error_of(ended) == cancelled(Cancelled.INTERRUPTED, "a/b").body()
    assert store.claim(job.id, OTHER) is None


def test_the_third_lost_worker_of_a_cancelled_job_is_not_its_failure(store: JobStore, submit: Submit) -> None:
    job = submit()
    for _ in range(2):
        store.claim(job.id, OWNER)
        store.interrupt(job.id, OWNER, Interruption.LOST)
    store.claim(job.id, OWNER)
    store.cancel(job.id)

    store.interrupt(job.id, OWNER, Interruption.LOST)

    assert store.fetch(job.id).state is State.REVOKED


def test_a_worker_that_comes_too_late_changes_nothing_in_a_cancelled_job(store: JobStore, start: Start) -> None:
    job = start()
    store.interrupt(job.id, OWNER, Interruption.LOST)
    ended = store.cancel(job.id)

    standing = store.report(job.id, job.fence, Report(9, 10))
    is_ours = store.settle(job.id, job.fence, SUCCESS)

    assert (standing, is_ours) == (Standing.FENCED, False)
    assert store.fetch(job.id) == ended


# What cannot be cancelled


@pytest.mark.parametrize("settlement", [SUCCESS, FAILURE, Settlement(State.REVOKED)], ids=lambda each: each.state)
def test_a_job_that_has_ended_is_not_cancelled(store: JobStore, start: Start, settlement: Settlement) -> None:
    job = start()
    store.settle(job.id, job.fence, settlement)
    ended = store.fetch(job.id)

    with pytest.raises(Problem, match=f"ended in {settlement.state}") as raised:
        store.cancel(job.id, "too late")

    assert (raised.value.slug, raised.value.status) == ("already-finished", 409)
    assert store.fetch(job.id) == ended


def test_a_job_that_was_cancelled_while_it_waited_is_not_cancelled_again(store: JobStore, submit: Submit) -> None:
    job = store.cancel(submit().id, "first")

    with pytest.raises(Problem) as raised:
        store.cancel(job.id, "second")

    assert raised.value.slug == "already-finished"
    assert store.fetch(job.id) == job


CALLS: dict[str, Callable[[JobStore, str], Job]] = {
    "cancel": lambda store, job_id: store.cancel(job_id),
    "retry": lambda store, job_id: store.retry(job_id),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_job_nobody_knows_cannot_be_changed(store: JobStore, call: str) -> None:
    with pytest.raises(Problem) as raised:
        CALLS[call](store, new_job_id())

    assert raised.value.slug == "job-not-found"


@pytest.mark.parametrize("call", CALLS)
def test_a_job_whose_record_was_dropped_cannot_be_changed(
    store: JobStore, submit: Submit, until_gone: Callable[[str], None], call: str
) -> None:
    job = store.cancel(submit(retention_seconds=1).id)
    until_gone(job.id)

    with pytest.raises(Problem) as raised:
        CALLS[call](store, job.id)

    assert raised.value.slug == "job-expired"
    assert store.list_jobs().jobs == ()


# Retry

ENDED = ("failed", "cancelled in line", "cancelled while it ran", "expired", "lost too often")


@pytest.fixture(params=ENDED)
def ended(request: pytest.FixtureRequest, store: JobStore, submit: Submit, start: Start) -> Job:
    """A job without a result, each way in which a job can end so."""
    job = submit(expires_in_seconds=0) if request.param == "expired" else submit(max_retries=1)
    if request.param == "cancelled in line":
        store.cancel(job.id, "not now")
    elif request.param == "expired":
        store.wake()
    else:
        _end_running(store, job, request.param)
    return store.fetch(job.id)


def _end_running(store: JobStore, job: Job, way: str) -> None:
    for _ in range(3 if way == "lost too often" else 1):
        claimed = store.claim(job.id, OWNER)
        assert claimed
        store.report(job.id, claimed.fence, Report(3, 8, lines=("a line",)))
        if way == "lost too often":
            store.interrupt(job.id, OWNER, Interruption.LOST)
    if way == "cancelled while it ran":
        store.cancel(job.id, "not now")
        store.settle(job.id, 1, Settlement(State.REVOKED))
    elif way == "failed":
        store.settle(job.id, 1, FAILURE)


def test_a_job_without_a_result_gets_another_chance_under_its_id(store: JobStore, ended: Job) -> None:
    job = store.retry(ended.id)

    assert job == store.fetch(ended.id)
    assert (job.id, job.state, job.version) == (ended.id, State.RETRY, ended.version + 1)
    assert (job.message, job.owner) == (RETRIED, None)
    assert (job.attempt, job.fence, job.lines) == (ended.attempt, ended.fence, ended.lines)
    kept = ("task", "args_json", "queue", "priority", "tags", "max_retries", "timeout_seconds", "created_at")
    assert [getattr(job, name) for name in kept] == [getattr(ended, name) for name in kept]


def test_nothing_of_the_end_is_left(store: JobStore, ended: Job) -> None:
    job = store.retry(ended.id)

    assert (job.result_json, job.error_json, job.finished_at, job.gone_at) == (None, None, None, None)
    assert (job.cancel_requested_at, job.cancel_reason) == (None, "")
    assert (job.scheduled_for, job.start_before_at) == (None, None)
    assert (job.retries, job.lost) == (0, 0)


def test_the_next_attempt_is_numbered_after_the_last(store: JobStore, ended: Job) -> None:
    store.retry(ended.id)

    job = store.claim(ended.id, OTHER)

    assert job
    assert (job.state, job.attempt, job.fence) == (State.STARTED, ended.attempt + 1, ended.fence + 1)
    assert store.report(job.id, job.fence, Report(1, 2)) is Standing.OK
    assert list(store.renew([(job.id, OTHER)])) == [Standing.OK]


def test_a_retried_job_does_not_expire_again(store: JobStore, ended: Job) -> None:
    job = store.retry(ended.id)

    assert store.wake() == 0

    assert store.fetch(job.id) == job


def test_a_retried_job_stands_in_the_lists_and_totals_where_it_belongs(store: JobStore, ended: Job) -> None:
    job = store.retry(ended.id)

    assert store.totals() == dict.fromkeys(State, 0) | {State.RETRY: 1}
    assert store.list_jobs(Wanted(states=[State.RETRY])).jobs == store.list_jobs().jobs == (job,)
    assert store.list_jobs(Wanted(states=[ended.state])).jobs == ()


def test_a_retried_job_keeps_its_log(store: JobStore, ended: Job) -> None:
    lines = store.log(ended.id)

    store.retry(ended.id)

    assert store.log(ended.id) == lines


def test_a_retried_job_may_succeed_and_is_final_then(store: JobStore, ended: Job) -> None:
    store.retry(ended.id)
    claimed = store.claim(ended.id, OTHER)
    assert claimed

    store.settle(ended.id, claimed.fence, SUCCESS)

    job = store.fetch(ended.id)
    assert (job.state, job.result_json, job.error_json) == (State.SUCCESS, '{"sum":6}', None)
    with pytest.raises(Problem):
        store.retry(job.id)


def test_a_retried_job_is_not_dropped_when_its_first_end_would_have_been(
    store: JobStore, start: Start, until_gone: Callable[[str], None]
) -> None:
    job, other = start(retention_seconds=2), start(retention_seconds=2)
    store.report(job.id, job.fence, Report(lines=("a line",)))
    for each in (job, other):
        store.settle(each.id, each.fence, FAILURE)
    waiting = store.retry(job.id)

    until_gone(other.id)
    store.wake()

    assert store.fetch(job.id) == waiting
    assert [line.text for line in store.log(job.id)] == ["a line"]
    assert store.list_jobs().jobs == (waiting,)


def test_a_retried_job_is_dropped_after_its_second_end(
    store: JobStore, submit: Submit, until_gone: Callable[[str], None]
) -> None:
    job = store.cancel(submit(retention_seconds=2).id)
    store.retry(job.id)
    store.cancel(job.id)

    until_gone(job.id)

    assert store.list_jobs().jobs == ()


def test_a_retried_job_has_all_its_retries_again(store: JobStore, start: Start) -> None:
    job = start(max_retries=1)
    store.settle(job.id, 1, RETRY)
    store.wake()
    store.claim(job.id, OWNER)
    store.settle(job.id, 2, FAILURE)
    spent = store.fetch(job.id)

    again = store.retry(job.id)

    assert (spent.retries, again.retries, again.max_retries) == (1, 0, 1)


def test_a_retried_job_may_lose_three_workers_again(store: JobStore, submit: Submit) -> None:
    job = submit()
    states = []

    for round in range(2):
        for _ in range(3):
            store.claim(job.id, OWNER)
            store.interrupt(job.id, OWNER, Interruption.LOST)
            states.append(store.fetch(job.id).state)
        if round == 0:
            store.retry(job.id)

    assert states == [State.RETRY, State.RETRY, State.FAILURE] * 2
    assert store.fetch(job.id).attempt == 6


def test_a_retried_job_can_be_cancelled_again_for_another_reason(store: JobStore, start: Start) -> None:
    job = start()
    store.cancel(job.id, "first")
    store.settle(job.id, job.fence, Settlement(State.REVOKED))
    store.retry(job.id)

    ended = store.cancel(job.id, "second")

    assert (ended.state, ended.cancel_reason) == (State.REVOKED, "second")
    assert error_of(ended) == cancelled(Cancelled.RETRYING, "second").body()


def test_the_attempts_before_a_retry_stay_fenced(store: JobStore, start: Start) -> None:
    job = start()
    store.settle(job.id, job.fence, FAILURE)
    waiting = store.retry(job.id)

    standing = store.report(job.id, job.fence, Report(9, 10))
    answers = [store.settle(job.id, job.fence, settlement) for settlement in (SUCCESS, FAILURE)]

    assert (standing, answers) == (Standing.FENCED, [False, False])
    assert not store.interrupt(job.id, OWNER, Interruption.LOST)
    assert store.fetch(job.id) == waiting


@pytest.mark.parametrize(("checkpoint", "bar"), [('{"done":3}', (3, 8)), (None, (None, None))])
def test_a_retried_job_shows_its_bar_only_when_it_goes_on_from_there(
    store: JobStore, start: Start, checkpoint: str | None, bar: tuple[Any, ...]
) -> None:
    job = start()
    store.report(job.id, job.fence, Report(3, 8, checkpoint_json=checkpoint))
    store.settle(job.id, job.fence, FAILURE)

    waiting = store.retry(job.id)
    running = store.claim(job.id, OTHER)

    assert running
    for each in (waiting, running):
        assert (each.checkpoint_json, (each.current, each.total)) == (checkpoint, bar)


def test_a_retried_job_goes_to_the_end_of_its_own_line(store: JobStore, submit: Submit) -> None:
    job = submit(priority=Priority.NORMAL)
    ahead, low, high = (submit(priority=priority) for priority in (Priority.NORMAL, Priority.LOW, Priority.HIGH))
    store.cancel(job.id)

    store.retry(job.id)

    positions = [store.place(store.fetch(each.id)).queue_position for each in (high, ahead, job, low)]
    assert positions == [1, 2, 3, 4]


def test_watchers_see_every_version_of_a_retried_job(store: JobStore, start: Start, collect: Collect) -> None:
    job = start()
    store.settle(job.id, job.fence, FAILURE)
    feed = store.changes()
    feed.watch(job.id)
    collect(feed, 1)
    ended = store.fetch(job.id)

    store.retry(job.id)
    store.claim(job.id, OTHER)
    store.cancel(job.id)
    store.settle(job.id, 2, Settlement(State.REVOKED))

    changes = [change.fields or {} for change in collect(feed, 4)]
    assert [int(fields["version"]) for fields in changes] == list(range(ended.version + 1, ended.version + 5))
    merged = ended.to_fields()
    for fields in changes:
        merged |= fields
    assert Job.from_fields(merged) == store.fetch(job.id)
    feed.close()


# What cannot be retried


@pytest.mark.parametrize("state", [State.PENDING, State.STARTED, State.PROGRESS, State.RETRY, State.SUCCESS])
def test_only_a_job_that_ended_without_a_result_is_retried(store: JobStore, submit: Submit, state: State) -> None:
    job = submit()
    if state is not State.PENDING:
        store.claim(job.id, OWNER)
    if state is State.PROGRESS:
        store.report(job.id, 1, Report(1, 2))
    if state in (State.RETRY, State.SUCCESS):
        store.settle(job.id, 1, RETRY if state is State.RETRY else SUCCESS)
    was = store.fetch(job.id)

    with pytest.raises(Problem, match=f"is in {state};") as raised:
        store.retry(job.id)

    assert (raised.value.slug, raised.value.status) == ("not-retryable", 409)
    assert store.fetch(job.id) == was


def test_a_second_retry_is_too_much(store: JobStore, submit: Submit) -> None:
    job = store.cancel(submit().id)
    waiting = store.retry(job.id)

    with pytest.raises(Problem) as raised:
        store.retry(job.id)

    assert raised.value.slug == "not-retryable"
    assert store.fetch(job.id) == waiting
    assert store.place(waiting).queue_position == 1


def test_a_look_shows_a_retried_job_in_its_place(store: JobStore, ended: Job) -> None:
    job = store.retry(ended.id)

    found = store.look(ended.id)

    assert found == (job, store.place(job))
    assert found[1].queue_position == 1
