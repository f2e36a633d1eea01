"""What children tell their parent: through one pipe, whole, and never at a job's cost."""

from __future__ import annotations

import multiprocessing

import pytest

from headway.job import State
from headway.problem import Problem
from headway.store import Settlement
from worker.notes import Note, NotePipe, outcome_of

WRITERS, NOTES = 8, 50


def write_many(pipe: NotePipe, pid: int) -> None:
    for number in range(NOTES):
        pipe.write(Note("wrote", pid, f"job-{number}", "a_task_with_quite_a_name", "default", 0.5))


def test_notes_of_many_processes_arrive_whole(until: object) -> None:
    pipe = NotePipe()
    children = [multiprocessing.get_context("fork").Process(target=write_many, args=(pipe, n)) for n in range(WRITERS)]
    for child in children:
        child.start()
    found: list[Note] = []

    while any(child.is_alive() for child in children):
        found += pipe.read()
    found += pipe.read()

    assert len(found) == WRITERS * NOTES
    for pid in range(WRITERS):
        assert [note.job_id for note in found if note.pid == pid] == [f"job-{number}" for number in range(NOTES)]


def test_a_parent_that_stands_still_holds_no_job_up() -> None:
    pipe = NotePipe()

    for _ in range(10_000):
        pipe.write(Note("wrote", 1, "job"))

    assert 0 < len(pipe.read()) < 10_000


def test_a_note_that_could_be_torn_is_not_written() -> None:
    pipe = NotePipe()

    pipe.write(Note("ended", 1, "job", exception="E" * 5000))

    assert pipe.read() == []


@pytest.mark.parametrize(
    ("settlement", "outcome"),
    [
        (Settlement(State.SUCCESS), ("succeeded", "")),
        (Settlement(State.REVOKED), ("cancelled", "")),
        (
            Settlement(State.FAILURE, error_json=Problem("task-failed", "No.", exception="KeyError").to_json()),
            ("failed", "KeyError"),
        ),
        (
            Settlement(State.RETRY, error_json=Problem("task-failed", "No.", exception="OSError").to_json()),
            ("retried", "OSError"),
        ),
        (Settlement(State.RETRY, error_json=Problem("timeout", "Too long.").to_json()), ("timed_out", "timeout")),
        (
            Settlement(State.FAILURE, error_json=Problem("result-too-large", "Much.").to_json()),
            ("failed", "result-too-large"),
        ),
    ],
)
def test_an_attempt_is_counted_by_how_it_was_settled(settlement: Settlement, outcome: tuple[str, str]) -> None:
    assert outcome_of(settlement) == outcome
