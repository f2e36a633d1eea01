"""The record: its states, the moves between them, and how it is written and read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from headway.job import LANES, MOVES, RECOVERED_LANE, Job, Priority, State, is_job_id, new_job_id

TABLE = """
          PENDING STARTED PROGRESS RETRY SUCCESS FAILURE REVOKED
PENDING   -       yes     -        -     -       -       yes
STARTED   -       -       yes      yes   yes     yes     yes
PROGRESS  -       -       yes      yes   yes     yes     yes
RETRY     -       yes     -        -     -       -       yes
SUCCESS   -       -       -        -     -       -       -
FAILURE   -       -       -        -     -       -       -
REVOKED   -       -       -        -     -       -       -
"""
"""From the state on the left to the state above."""


def pairs_of(table: str) -> list[tuple[State, State, bool]]:
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return [
        (State(was), State(to), cell == "yes") for was, *cells in rows for to, cell in zip(head, cells, strict=True)
    ]


@pytest.mark.parametrize(("was", "to", "is_allowed"), pairs_of(TABLE))
def test_a_job_moves_only_as_the_table_says(was: State, to: State, is_allowed: bool) -> None:
    assert (to in MOVES[was]) == is_allowed


def test_the_table_of_moves_has_all_states() -> None:
    assert set(MOVES) == set(State)


@pytest.mark.parametrize("state", State)
def test_a_state_without_a_way_out_is_final(state: State) -> None:
    assert state.is_final == (state in ("SUCCESS", "FAILURE", "REVOKED"))


@pytest.mark.parametrize("state", State)
def test_a_job_runs_from_its_claim_to_its_settlement(state: State) -> None:
    assert state.is_running == (state in ("STARTED", "PROGRESS"))


def test_recovered_jobs_go_before_high_before_normal_before_low() -> None:
    lanes = [RECOVERED_LANE, Priority.HIGH.lane, Priority.NORMAL.lane, Priority.LOW.lane]

    assert lanes == sorted(lanes)
    assert tuple(lanes) == LANES


def test_job_ids_are_unique_and_well_formed() -> None:
    ids = {new_job_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(is_job_id(id) for id in ids)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "11111111-2222-4333-8444-55555555555",
        "11111111-2222-4333-8444-555555555555\n",
        "11111111-2222-4333-8444-55555555555G",
        "AAAAAAAA-2222-4333-8444-555555555555",
        "../../../../etc/passwd",
    ],
)
def test_anything_but_a_lower_case_uuid_is_no_job_id(text: str) -> None:
    assert not is_job_id(text)


def test_a_record_with_all_fields_set_is_read_as_it_was_written(a_record: Callable[..., Job]) -> None:
    moment = datetime(2026, 5, 6, 7, 8, 9, 123_000, tzinfo=UTC)
    times = ("scheduled_for", "start_before_at", "started_at", "finished_at", "gone_at", "cancel_requested_at")
    job = a_record(
        tags=("a", 'b "q"', "ü"),
        state=State.RETRY,
        priority=Priority.LOW,
        timeout_seconds=0.5,
        owner="host:1:1/2",
        current=2.5,
        total=10,
        message="ü",
        pace_at=moment,
        pace_from=1,
        checkpoint_json="null",
        result_json='""',
        error_json="{}",
        lines=3,
        **dict.fromkeys(times, moment),
    )

    read = Job.from_fields(job.to_fields())

    assert read == job


def test_a_record_with_nothing_set_is_read_as_it_was_written(a_record: Callable[..., Job]) -> None:
    job = a_record()

    read = Job.from_fields(job.to_fields())

    assert read == job


def test_a_record_of_a_newer_version_can_be_read(a_record: Callable[..., Job]) -> None:
    job = a_record()

    read = Job.from_fields(job.to_fields() | {"colour": "blue"})

    assert read == job


@pytest.mark.parametrize(("text", "shown"), [("3", "3"), ("3.0", "3"), ("3.5", "3.5"), ("1e3", "1000")])
def test_whole_amounts_stay_whole(a_record: Callable[..., Job], text: str, shown: str) -> None:
    job = Job.from_fields(a_record().to_fields() | {"current": text})

    assert str(job.current) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (str(2**53), "9007199254740992"),
        (str(2**53 + 2), "9007199254740994.0"),
        ("1e+20", "1e+20"),
        ("-1e+20", "-1e+20"),
        ("9" * 400, "inf"),
    ],
)
def test_an_amount_too_large_to_be_whole_everywhere_stays_a_float(
    a_record: Callable[..., Job], text: str, shown: str
) -> None:
    job = Job.from_fields(a_record().to_fields() | {"current": text})

    assert str(job.current) == shown


def test_arguments_are_read_from_their_json(a_record: Callable[..., Job]) -> None:
    job = a_record(args_json='{"n":3,"deep":{"list":[1,null]}}')

    assert job.args == {"n": 3, "deep": {"list": [1, None]}}
