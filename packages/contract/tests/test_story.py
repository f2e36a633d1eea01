"""A job's story: what is noted of its moves, on both stores, and what it may not cost."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import redis

from headway.job import Job, State
from headway.problem import Problem
from headway.redis_store import RedisJobStore
from headway.store import Interruption, JobStore, Report, Settlement
from headway.story import FIRST_MOVES_KEPT, MOVE_DETAIL_BYTES, MOVES_KEPT, Move, Why

OWNER = "host:1:1/2"
WORKER = "host:1:1"
FAILURE = Settlement(State.FAILURE, error_json='{"type":"/problems/task-failed"}', message="no such page")
TIMEOUT = '{"type":"/problems/timeout"}'

Submit = Callable[..., Job]
Start = Callable[..., Job]


def told(moves: Any) -> list[tuple[str, str, int]]:
    return [(move.why.value, move.state.value, move.attempt) for move in moves]


def again(store: JobStore, job_id: str, owner: str = OWNER) -> Job:
    job = store.claim(job_id, owner)
    assert job
    return job


def test_a_story_tells_every_move_once_and_in_order(store: JobStore, submit: Submit) -> None:
    job = again(store, submit().id)
    for amount in range(3):
        store.report(job.id, job.fence, Report(amount, 3))
    store.settle(job.id, job.fence, Settlement(State.SUCCESS))

    moves = store.story(job.id)

    assert told(moves) == [
        ("submitted", "PENDING", 0),
        ("claimed", "STARTED", 1),
        ("progressed", "PROGRESS", 1),
        ("succeeded", "SUCCESS", 1),
    ]
    assert [move.worker for move in moves] == [None, WORKER, WORKER, WORKER]
    assert [move.detail for move in moves] == [None] * 4
    assert all(one.at <= other.at for one, other in pairwise(moves))
    assert (moves[0].at, moves[-1].at) == (job.created_at, store.fetch(job.id).finished_at)


def test_what_is_no_move_is_not_told(store: JobStore, start: Start) -> None:
    job = start()
    before = store.story(job.id)

    store.report(job.id, job.fence, Report(lines=("a line",)))
    store.report(job.id, job.fence, Report(checkpoint_json="1"))
    store.cancel(job.id)
    again(store, job.id)

    assert store.story(job.id) == before


@pytest.mark.parametrize(
    ("error_json", "why"), [('{"type":"/problems/task-failed"}', "failed"), (TIMEOUT, "timed_out")]
)
def test_a_failure_tells_its_text_whether_another_attempt_follows_or_not(
    store: JobStore, start: Start, error_json: str, why: str
) -> None:
    job = start()
    store.settle(job.id, job.fence, Settlement(State.RETRY, error_json=error_json, message="no", delay_seconds=0))
    store.wake()
    job = again(store, job.id)

    store.settle(job.id, job.fence, Settlement(State.FAILURE, error_json=error_json, message="no again"))

    moves = store.story(job.id)[2:]
    assert told(moves) == [(why, "RETRY", 1), ("due", "RETRY", 1), ("claimed", "STARTED", 2), (why, "FAILURE", 2)]
    assert [move.detail for move in moves] == ["no", None, None, "no again"]
    assert [move.worker for move in moves] == [WORKER, None, WORKER, WORKER]


@pytest.mark.parametrize("interruption", Interruption)
def test_a_job_that_is_taken_back_tells_which_attempt_ended_and_why(
    store: JobStore, start: Start, interruption: Interruption
) -> None:
    job = start()

    store.interrupt(job.id, OWNER, interruption)

    last = store.story(job.id)[-1]
    assert (last.why.value, last.state, last.attempt, last.worker) == (interruption.value, State.RETRY, 1, WORKER)


def test_the_third_worker_lost_in_a_row_is_the_end(store: JobStore, submit: Submit) -> None:
    job_id = submit().id
    for _ in range(3):
        again(store, job_id)
        store.interrupt(job_id, OWNER, Interruption.LOST)

    lost = [move for move in store.story(job_id) if move.why is Why.LOST]

    assert told(lost) == [("lost", "RETRY", 1), ("lost", "RETRY", 2), ("lost", "FAILURE", 3)]


def test_a_delayed_job_tells_when_it_joined_the_line(store: JobStore, submit: Submit) -> None:
    job = submit(delay_seconds=0)

    store.wake()

    assert told(store.story(job.id)) == [("submitted", "PENDING", 0), ("due", "PENDING", 0)]


def test_a_job_that_expired_unstarted_tells_so(store: JobStore, submit: Submit) -> None:
    job = submit(expires_in_seconds=0)

    store.wake()

    assert told(store.story(job.id))[1:] == [("expired", "REVOKED", 0)]


def test_a_cancelled_job_tells_its_clients_reason(store: JobStore, submit: Submit, start: Start) -> None:
    waiting, running, interrupted = submit(), start(), start()
    for job in (waiting, running, interrupted):
        store.cancel(job.id, "wrong month")

    store.settle(running.id, running.fence, Settlement(State.REVOKED))
    store.interrupt(interrupted.id, OWNER, Interruption.DRAINED)

    ends = [store.story(job.id)[-1] for job in (waiting, running, interrupted)]
    assert [(move.why, move.state, move.detail) for move in ends] == [(Why.CANCELLED, State.REVOKED, "wrong month")] * 3
    assert [move.worker for move in ends] == [None, WORKER, WORKER]


def test_a_restarted_job_goes_on_with_its_story(store: JobStore, start: Start) -> None:
    job = start()
    store.settle(job.id, job.fence, FAILURE)

    store.retry(job.id)

    assert told(store.story(job.id))[1:] == [
        ("claimed", "STARTED", 1),
        ("failed", "FAILURE", 1),
        ("restarted", "RETRY", 1),
    ]


def test_a_submit_that_is_sent_twice_begins_one_story(store: JobStore, new_job: Callable[..., Any]) -> None:
    new = new_job()

    for _ in range(2):
        store.submit(new)

    assert told(store.story(new.id)) == [("submitted", "PENDING", 0)]


def test_of_a_long_story_the_beginning_and_the_newest_moves_are_kept(store: JobStore, submit: Submit) -> None:
    job_id = submit().id
    attempts = 60
    for _ in range(attempts):
        job = again(store, job_id)
        store.settle(job_id, job.fence, Settlement(State.FAILURE, message="no"))
        store.retry(job_id)

    moves = store.story(job_id)

    newest = MOVES_KEPT - FIRST_MOVES_KEPT
    whole = [("submitted", "PENDING", 0)]
    for number in range(1, attempts + 1):
        whole += [("claimed", "STARTED", number), ("failed", "FAILURE", number), ("restarted", "RETRY", number)]
    assert told(moves) == whole[:FIRST_MOVES_KEPT] + whole[-newest:]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * MOVE_DETAIL_BYTES, "x" * MOVE_DETAIL_BYTES),
        ("x" * 5000, "x" * MOVE_DETAIL_BYTES + "…"),
        ("€" * 5000, "€" * (MOVE_DETAIL_BYTES // 3) + "…"),
        ("x" + "😀" * 5000, "x" + "😀" * ((MOVE_DETAIL_BYTES - 1) // 4) + "…"),
        ('"quoted" \\ / \n\x00 ä', '"quoted" \\ / \n\x00 ä'),
        ("", None),
    ],
)
def test_a_long_text_is_cut_between_two_characters(store: JobStore, start: Start, text: str, shown: str | None) -> None:
    job = start()

    store.settle(job.id, job.fence, Settlement(State.FAILURE, message=text))

    assert store.story(job.id)[-1].detail == shown


def test_a_job_that_never_was_or_is_gone_has_no_story(
    store: JobStore, start: Start, until_gone: Callable[[str], None]
) -> None:
    job = start(retention_seconds=1)
    store.settle(job.id, job.fence, FAILURE)
    until_gone(job.id)

    with pytest.raises(Problem) as unknown:
        store.story("00000000-0000-4000-8000-000000000000")
    with pytest.raises(Problem) as gone:
        store.story(job.id)

    assert (unknown.value.slug, gone.value.slug) == ("job-not-found", "job-expired")


# On Redis


def test_a_story_is_kept_as_long_as_its_record(
    redis_store: RedisJobStore, client: redis.Redis, prefix: str, new_job: Callable[..., Any]
) -> None:
    job = redis_store.submit(new_job(retention_seconds=100)).job
    key = f"{prefix}job:{job.id}:moves"

    open_ttl = client.ttl(key)
    redis_store.cancel(job.id)
    ended_ttl = client.ttl(key)
    redis_store.retry(job.id)

    assert open_ttl == -1
    assert ended_ttl in (99, 100)
    assert client.ttl(key) == -1


def test_a_job_from_before_there_were_stories_goes_on_without_its_beginning(
    redis_store: RedisJobStore, client: redis.Redis, prefix: str, new_job: Callable[..., Any]
) -> None:
    job = redis_store.submit(new_job()).job
    client.delete(f"{prefix}job:{job.id}:moves")
    before = redis_store.story(job.id)

    again(redis_store, job.id)

    assert before == []
    assert told(redis_store.story(job.id)) == [("claimed", "STARTED", 1)]


def test_a_full_redis_still_ends_jobs_and_their_stories(
    own_client: redis.Redis, doorbell: str, new_job: Callable[..., Any]
) -> None:
    store = RedisJobStore(own_client, doorbell=doorbell)
    waiting, running, failed = (store.submit(new_job()).job for _ in range(3))
    job = again(store, running.id)
    store.settle(failed.id, again(store, failed.id).fence, FAILURE)
    own_client.config_set("maxmemory", "1")

    store.cancel(waiting.id)
    store.settle(job.id, job.fence, Settlement(State.SUCCESS))
    store.retry(failed.id)

    ends: list[Move] = [store.story(each.id)[-1] for each in (waiting, running, failed)]
    assert [move.why for move in ends] == [Why.CANCELLED, Why.SUCCEEDED, Why.RESTARTED]
