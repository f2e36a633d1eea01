"""The job as clients see it: the seed's five keys, the percentage, the estimate, and how it is encoded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from headway.document import Raw, document_of, encode, eta_seconds_of, log_document, percent_of
from headway.job import Job, Priority, State
from headway.store import LogLine, Place, WaitingFor

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEYS = (
    *("state", "current", "total", "status"),
    *("id", "task", "args", "percent", "error", "attempt", "max_retries", "queue", "priority", "tags"),
    *("created_at", "scheduled_for", "started_at", "updated_at", "finished_at", "expires_at", "cancel_requested_at"),
    *("eta_seconds", "queue_position", "waiting_for", "version", "links"),
)
"""In their order; `result` comes after `status` when there is one."""
Record = Callable[..., Job]


# The seed's five keys


@pytest.mark.parametrize(
    ("state", "record", "expected"),
    [
        ("PENDING", {}, (0, 1, "Pending...")),
        ("STARTED", {}, (0, 1, "")),
        ("PROGRESS", {"current": 3, "total": 10, "message": "Booting"}, (3, 10, "Booting")),
        ("PROGRESS", {"current": 3, "total": 10}, (3, 10, "")),
        ("PROGRESS", {"message": "Booting"}, (0, 1, "Booting")),
        ("RETRY", {"current": 3, "total": 10, "message": "disk full"}, (3, 10, "disk full")),
        ("RETRY", {}, (0, 1, "")),
        ("SUCCESS", {"current": 100, "total": 100, "message": "Task completed!"}, (100, 100, "Task completed!")),
        ("REVOKED", {"message": "The job was cancelled."}, (0, 1, "The job was cancelled.")),
        ("FAILURE", {"message": "division by zero"}, (0, 1, "division by zero")),
        # The seed fills the bar of a failed job; here it stays where it was.
        ("FAILURE", {"current": 3, "total": 10, "message": "division by zero"}, (3, 10, "division by zero")),
    ],
)
def test_the_seeds_keys_say_what_the_seed_said(
    a_record: Record, state: str, record: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    document = document_of(a_record(state=State(state), **record))

    names = ("state", "current", "total", "status")
    assert tuple(document[name] for name in names) == (state, *expected)
    assert "result" not in document


@pytest.mark.parametrize("result", ["42", "null", '{"url":"/a.pdf"}', '""', "0"])
def test_a_result_stands_in_the_document_when_there_is_one(a_record: Record, result: str) -> None:
    document = document_of(a_record(state=State.SUCCESS, result_json=result))

    assert list(document)[:5] == ["state", "current", "total", "status", "result"]
    assert orjson.loads(encode(document))["result"] == orjson.loads(result)


def test_a_whole_that_is_unknown_is_null(a_record: Record) -> None:
    document = document_of(a_record(state=State.PROGRESS, current=7))

    assert (document["current"], document["total"], document["percent"]) == (7, None, None)


# The rest of the document


def test_the_document_has_all_its_keys_in_every_state(a_record: Record) -> None:
    keys = {tuple(document_of(a_record(state=state))) for state in State}

    assert keys == {KEYS}


def test_the_document_says_where_the_job_waits(a_record: Record) -> None:
    document = document_of(a_record(), Place(3, WaitingFor.WORKER))

    assert (document["queue_position"], document["waiting_for"]) == (3, "worker")


def test_a_waiting_job_expires_when_it_may_no_longer_start(a_record: Record) -> None:
    soon = NOW + timedelta(seconds=5)

    shown = [
        document_of(a_record(state=state, start_before_at=soon))["expires_at"]
        for state in (State.PENDING, State.STARTED)
    ]

    assert shown == [soon, None]


def test_an_ended_job_expires_with_its_record(a_record: Record) -> None:
    document = document_of(a_record(state=State.SUCCESS, start_before_at=NOW, gone_at=NOW + timedelta(days=1)))

    assert document["expires_at"] == NOW + timedelta(days=1)


@pytest.mark.parametrize("state", State)
def test_the_links_lead_to_the_job(a_record: Record, state: State) -> None:
    job = a_record(state=state)

    links = document_of(job)["links"]

    path = f"/status/{job.id}"
    assert list(links.items())[:3] == [("self", path), ("events", f"{path}/events"), ("result", f"{path}/result")]


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        ("PENDING", ["cancel"]),
        ("STARTED", ["cancel"]),
        ("PROGRESS", ["cancel"]),
        ("RETRY", ["cancel"]),
        ("SUCCESS", []),
        ("FAILURE", ["retry"]),
        ("REVOKED", ["retry"]),
    ],
)
def test_only_what_can_be_done_with_a_job_has_a_link(a_record: Record, state: str, actions: list[str]) -> None:
    job = a_record(state=State(state))

    links = document_of(job)["links"]

    offered = {name: links[name] for name in ("cancel", "retry") if name in links}
    assert offered == {action: f"/jobs/{job.id}/{action}" for action in actions}


# Percent


@pytest.mark.parametrize(
    ("state", "current", "total", "percent"),
    [
        ("PENDING", None, None, 0),
        ("STARTED", None, None, 0),
        ("PROGRESS", 0, 10, 0),
        ("PROGRESS", 1, 3, 33.3),
        ("PROGRESS", 2, 3, 66.6),
        ("PROGRESS", 989, 1000, 98.9),
        ("PROGRESS", 10, 10, 99),
        ("PROGRESS", 15, 10, 99),
        ("PROGRESS", -1, 10, 0),
        ("PROGRESS", 5, None, None),
        ("PROGRESS", 5, 0, None),
        ("PROGRESS", 5, -3, None),
        ("RETRY", 10, 10, 99),
        ("FAILURE", 10, 10, 99),
        ("FAILURE", 3, 8, 37.5),
        ("REVOKED", 10, 10, 99),
        ("SUCCESS", 1, 1, 100),
        ("SUCCESS", 3, 8, 100),
        ("SUCCESS", None, None, 100),
    ],
)
def test_only_success_is_a_hundred_percent(
    a_record: Record, state: str, current: float | None, total: float | None, percent: float | None
) -> None:
    job = a_record(state=State(state), current=current, total=total)

    assert percent_of(job) == percent


@pytest.mark.parametrize(("current", "total"), [(1e20, 1e21), (1e308, 1.5e308), (1e308, 1e-300), (1e-300, 1e308)])
def test_no_amount_is_too_large_for_a_document(a_record: Record, current: float, total: float) -> None:
    begun = {"pace_at": NOW - timedelta(seconds=10), "pace_from": 0.0, "updated_at": NOW}
    job = a_record(state=State.PROGRESS, current=current, total=total, **begun)

    read = orjson.loads(encode(document_of(job, now=NOW)))

    assert (read["current"], read["total"]) == (current, total)
    assert 0 <= read["percent"] <= 99


# The estimate


@pytest.fixture
def at_pace(a_record: Record) -> Record:
    """A job that did 25 of 100 in ten seconds."""

    def make(**changes: Any) -> Job:
        values = {"state": State.PROGRESS, "pace_at": NOW - timedelta(seconds=10), "pace_from": 0, "updated_at": NOW}
        return a_record(**(values | {"current": 25, "total": 100} | changes))

    return make


@pytest.mark.parametrize(("seconds_later", "eta"), [(0, 30), (5, 25), (29.8, 0), (60, 0)])
def test_the_estimate_follows_the_pace_and_the_clock(at_pace: Record, seconds_later: float, eta: int) -> None:
    now = NOW + timedelta(seconds=seconds_later)

    assert eta_seconds_of(at_pace(), now) == eta


def test_the_estimate_of_a_resumed_attempt_knows_only_its_own_pace(at_pace: Record) -> None:
    job = at_pace(pace_from=20)

    assert eta_seconds_of(job, NOW) == 150


@pytest.mark.parametrize(
    "changes",
    [
        {"pace_at": NOW - timedelta(seconds=2.9)},
        {"current": 2.9},
        {"current": 25, "pace_from": 23},
        {"total": None},
        {"total": 0},
        {"current": None},
        {"pace_at": None, "pace_from": None},
        {"state": State.PENDING},
        {"state": State.RETRY},
        {"state": State.SUCCESS},
        {"state": State.FAILURE},
        {"state": State.REVOKED},
    ],
    ids=str,
)
def test_there_is_no_estimate_before_it_can_be_believed(at_pace: Record, changes: dict[str, Any]) -> None:
    job = at_pace(**changes)

    assert eta_seconds_of(job, NOW) is None


@pytest.mark.parametrize("changes", [{"pace_at": NOW - timedelta(seconds=3)}, {"current": 3}], ids=str)
def test_three_seconds_and_three_percent_are_enough(at_pace: Record, changes: dict[str, Any]) -> None:
    job = at_pace(**changes)

    assert eta_seconds_of(job, NOW) is not None


def test_a_job_beyond_its_whole_is_about_to_end(at_pace: Record) -> None:
    job = at_pace(current=130)

    assert eta_seconds_of(job, NOW) == 0


# Encoding


def test_times_are_utc_with_milliseconds() -> None:
    text = encode({"at": datetime(2026, 1, 2, 3, 4, 5, 6_789, tzinfo=UTC)})

    assert text == b'{"at":"2026-01-02T03:04:05.006Z"}'


def test_stored_json_goes_out_untouched() -> None:
    text = encode({"result": Raw('{"big": 123456789012345678901234567890, "n": 1.10}')})

    assert text == b'{"result":{"big": 123456789012345678901234567890, "n": 1.10}}'


def test_a_whole_document_can_be_encoded(a_record: Record) -> None:
    job = a_record(
        state=State.FAILURE, tags=("a",), error_json='{"status":500}', priority=Priority.HIGH, finished_at=NOW
    )

    read = orjson.loads(encode(document_of(job, now=NOW)))

    shown = [read[name] for name in ("state", "priority", "tags", "error", "args", "finished_at")]
    assert shown == ["FAILURE", "high", ["a"], {"status": 500}, {"n": 3}, "2026-01-01T12:00:00.000Z"]


def test_what_has_no_place_in_a_document_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        encode({"what": object()})


def test_a_line_of_the_log_names_its_job_and_its_place() -> None:
    document = log_document("an-id", LogLine("3-1", NOW, "Opened the archive"))

    assert document == {"id": "an-id", "line": "3-1", "text": "Opened the archive", "at": NOW}
