"""Jobs that succeeded are read from memory: bounded, and only while they may be read at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from headway.job import State
from status import finished
from status.finished import Finished


@pytest.fixture
def done(store: Any, play: Any) -> Any:
    return store.fetch(play.in_state(State.SUCCESS))


def test_a_job_that_succeeded_is_found_again(done: Any) -> None:
    known = Finished()

    known.keep(done)

    assert known.find(done.id) == done


@pytest.mark.parametrize("state", [state for state in State if state is not State.SUCCESS])
def test_nothing_else_is_kept(done: Any, state: State) -> None:
    known = Finished()

    known.keep(replace(done, state=state))

    assert known.find(done.id) is None


def test_a_job_whose_retention_is_over_is_asked_for_again(done: Any) -> None:
    known = Finished()

    known.keep(replace(done, gone_at=datetime.now(UTC) - timedelta(seconds=1)))

    assert known.find(done.id) is None


def test_large_results_are_left_to_the_store(done: Any) -> None:
    known = Finished()

    known.keep(replace(done, result_json="1" * 20_000))

    assert known.find(done.id) is None


def test_memory_stays_bounded(done: Any) -> None:
    known = Finished()

    for number in range(finished.MAX_JOBS + 10):
        known.keep(replace(done, id=str(number)))

    assert known.find("9") is None
    assert known.find("10") is not None


def test_a_second_read_of_a_finished_job_is_the_same(client: FlaskClient, done: Any) -> None:
    first = client.get(f"/status/{done.id}")
    again = client.get(f"/status/{done.id}", headers={"Prefer": "wait=5"})
    unchanged = client.get(f"/status/{done.id}", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.json, again.headers["ETag"]) == (first.json, first.headers["ETag"])
    assert unchanged.status_code == 304
