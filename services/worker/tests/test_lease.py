"""Leases are kept while the store answers; who cannot renew pauses, who has lost a job is ended."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

import pytest

from headway.problem import StoreUnavailable
from headway.store import Standing
from worker.lease import PAUSE_AFTER_SECONDS, LeaseKeeper, Running

JOB = Running("job", "node/7", 7)


class Round:
    """A store and a clock that the test sets; the signals that were sent."""

    def __init__(self) -> None:
        self.standing: Standing | None = Standing.OK
        self.now = 100.0
        self.running: list[Running] = [JOB]
        self.signals: list[tuple[int, signal.Signals]] = []
        self.ended: list[Running] = []
        self.is_away_at_the_end = False
        self.are_children_gone = False
        store: Any = self
        self.keeper = LeaseKeeper(
            store,
            lambda: self.running,
            cancel_grace_seconds=3,
            end_cancelled=self.end,
            send_signal=self.send,
            clock=lambda: self.now,
        )

    def renew(self, claims: Sequence[tuple[str, str]]) -> list[Standing]:
        if self.standing is None:
            raise StoreUnavailable("away")
        return [self.standing for _ in claims]

    def send(self, pid: int, number: signal.Signals) -> None:
        self.signals.append((pid, number))
        if self.are_children_gone:
            raise ProcessLookupError

    def end(self, running: Running) -> None:
        self.ended.append(running)
        if self.is_away_at_the_end:
            raise StoreUnavailable("away")

    def play(self, standing: Standing | None, after_seconds: float = 1.0) -> None:
        self.standing = standing
        self.now += after_seconds
        self.keeper.renew()


@pytest.fixture
def play() -> Round:
    return Round()


def test_a_kept_lease_disturbs_nobody(play: Round) -> None:
    for _ in range(5):
        play.play(Standing.OK)

    assert play.signals == []


def test_a_child_is_paused_before_its_lease_ends_and_goes_on_afterwards(play: Round) -> None:
    play.play(Standing.OK)

    play.play(None)
    assert play.signals == []
    play.play(None, PAUSE_AFTER_SECONDS)
    play.play(None)
    play.play(Standing.OK)

    assert play.signals == [(7, signal.SIGSTOP), (7, signal.SIGCONT)]


def test_a_job_whose_first_renewal_fails_is_paused_too(play: Round) -> None:
    play.play(None)
    assert play.signals == []

    play.play(None, PAUSE_AFTER_SECONDS)

    assert play.signals == [(7, signal.SIGSTOP)]


def test_a_job_that_another_worker_runs_is_stopped_after_two_answers(play: Round) -> None:
    play.play(Standing.OK)

    play.play(Standing.FENCED)
    assert play.signals == []
    play.play(Standing.FENCED)

    assert play.signals == [(7, signal.SIGKILL)]


def test_a_child_without_a_claim_yet_is_left_alone(play: Round) -> None:
    for _ in range(5):
        play.play(Standing.FENCED)

    assert play.signals == []


def test_a_job_that_was_just_settled_is_left_alone(play: Round) -> None:
    play.play(Standing.OK)

    for _ in range(5):
        play.play(Standing.ENDED)

    assert play.signals == []


@pytest.mark.parametrize("standing", [Standing.ENDED, Standing.FENCED])
def test_a_paused_child_that_has_lost_its_job_never_goes_on(play: Round, standing: Standing) -> None:
    play.play(Standing.OK)
    play.play(None, PAUSE_AFTER_SECONDS + 1)

    play.play(standing)
    play.play(standing)

    assert [number for _, number in play.signals] == [signal.SIGSTOP, signal.SIGKILL]


def test_a_paused_child_whose_job_had_ended_goes_on_with_the_next(play: Round) -> None:
    play.play(Standing.OK)
    play.play(None, PAUSE_AFTER_SECONDS + 1)

    play.running = []  # its outcome was on the way to the parent when it was paused
    play.play(Standing.OK)
    play.play(Standing.OK)

    assert play.signals == [(7, signal.SIGSTOP), (7, signal.SIGCONT)]


def test_a_new_job_in_the_same_child_begins_anew(play: Round) -> None:
    play.play(Standing.OK)
    play.play(Standing.FENCED)
    play.running = [Running("next job", "node/7", 7)]

    play.play(Standing.FENCED)

    assert play.signals == []


def test_a_child_that_ended_meanwhile_is_no_error(play: Round) -> None:
    play.are_children_gone = True

    for standing in (Standing.OK, Standing.FENCED, Standing.FENCED):
        play.play(standing)

    assert len(play.signals) == 1


def test_a_cancelled_child_has_its_grace_and_is_ended_then(play: Round) -> None:
    for _ in range(3):
        play.play(Standing.CANCEL)
    assert play.ended == []

    play.play(Standing.CANCEL)

    assert play.ended == [JOB]
    assert play.signals == []


def test_the_grace_belongs_to_one_job_and_not_to_the_next_of_the_same_child(play: Round) -> None:
    play.play(Standing.CANCEL)
    play.running = [Running("next", "node/7", 7)]

    for _ in range(3):
        play.play(Standing.CANCEL)

    assert play.ended == []


def test_a_child_that_could_not_be_ended_is_tried_again_in_the_next_round(play: Round) -> None:
    play.is_away_at_the_end = True

    for _ in range(6):
        play.play(Standing.CANCEL)

    assert len(play.ended) == 3


def test_a_paused_child_that_lost_its_job_before_the_first_renewal_never_goes_on(play: Round) -> None:
    for _ in range(6):
        play.play(None)
    assert play.signals == [(7, signal.SIGSTOP)]

    play.play(Standing.FENCED)
    play.play(Standing.FENCED)

    assert play.signals == [(7, signal.SIGSTOP), (7, signal.SIGKILL)]


def test_a_child_that_was_paused_before_its_claim_goes_on_to_claim(play: Round) -> None:
    for _ in range(5):
        play.play(None)

    play.play(Standing.WAITING)
    play.play(Standing.WAITING)
    play.play(Standing.OK)

    assert play.signals == [(7, signal.SIGSTOP), (7, signal.SIGCONT)]


def test_a_claim_that_may_have_been_made_since_the_last_answer_is_paused_in_time(play: Round) -> None:
    for _ in range(5):
        play.play(Standing.WAITING)

    play.play(None)
    assert play.signals == []
    play.play(None, PAUSE_AFTER_SECONDS)

    assert play.signals == [(7, signal.SIGSTOP)]


def test_a_paused_child_whose_job_was_taken_back_before_the_first_renewal_never_goes_on(play: Round) -> None:
    for _ in range(5):
        play.play(None)

    play.play(Standing.ENDED)
    play.play(Standing.ENDED)

    assert play.signals == [(7, signal.SIGSTOP), (7, signal.SIGKILL)]
