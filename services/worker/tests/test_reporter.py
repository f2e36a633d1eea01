"""A task's words on their way to the store: coalesced, best effort, and never lost at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from headway import AttemptLost, JobCancelled, progress, task
from headway.job import Job, State
from headway.memory import MemoryJobStore
from headway.problem import Problem, StoreUnavailable
from headway.store import Interruption, Report, Standing
from worker.reporter import ASK_SECONDS, FLUSH_SECONDS, Reporter
from worker.run import Runner


class Listening:
    """The store, with a note of every report that reached it."""

    def __init__(self, store: MemoryJobStore) -> None:
        self.store = store
        self.reports: list[Report] = []
        self.renewals = 0
        self.is_away = False
        self.is_odd = False
        self.refusals = 0
        self.when_refused: Callable[[], Any] = lambda: None
        self.standing: Standing | None = None

    def report(self, job_id: str, fence: int, report: Report) -> Standing:
        if self.is_away:
            self.when_refused()
            self.refusals += 1
            raise StoreUnavailable("away")
        if self.is_odd:
            self.is_odd = False
            raise RuntimeError("odd")
        self.reports.append(report)
        return self.standing or self.store.report(job_id, fence, report)

    def renew(self, claims: Sequence[tuple[str, str]]) -> Sequence[Standing]:
        self.renewals += 1
        if self.is_away:
            raise StoreUnavailable("away")
        return self.store.renew(claims)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@pytest.fixture
def listening(store: MemoryJobStore) -> Any:
    return Listening(store)


@pytest.fixture
def job(store: MemoryJobStore, submit: Callable[..., Job]) -> Job:
    claimed = store.claim(submit("any").id, "worker/1")
    assert claimed
    return claimed


def test_a_million_reports_become_ten_writes_a_second_and_the_last_arrives(
    listening: Any, submit: Callable[..., Job]
) -> None:
    @task
    def count() -> None:
        for number in range(1_000_000):
            progress.report(number + 1, 1_000_000, "counting")

    job = submit("count")
    began = time.monotonic()
    Runner(listening, {"count": count}, 100).answer(job.id, "worker/1")
    seconds = time.monotonic() - began

    assert len(listening.reports) <= seconds / FLUSH_SECONDS + 2
    assert listening.reports[-1] == Report(1_000_000, 1_000_000, "counting")
    stored = listening.fetch(job.id)
    assert (stored.state, stored.current, stored.total) == (State.SUCCESS, 1_000_000, 1_000_000)


def test_a_single_report_arrives_while_the_task_is_silent(listening: Any, job: Job, until: Callable[..., None]) -> None:
    with Reporter(listening, job) as reporter:
        reporter.report(1, 10, "the only word")

        until(lambda: listening.fetch(job.id).state is State.PROGRESS)
        assert listening.fetch(job.id).message == "the only word"


def test_words_left_out_stay_as_they_were(listening: Any, job: Job) -> None:
    with Reporter(listening, job) as reporter:
        reporter.report(1, 10, "Rendering")
        reporter.report(2, None, None)

    stored = listening.fetch(job.id)
    assert (stored.current, stored.total, stored.message) == (2, 10, "Rendering")


def test_a_store_that_is_away_costs_nothing_but_delay(listening: Any, job: Job, until: Callable[..., None]) -> None:
    with Reporter(listening, job) as reporter:
        listening.is_away = True
        reporter.report(5, 10, "said while away")
        reporter.log("a line")
        until(lambda: listening.refusals >= 2)
        listening.is_away = False

    stored = listening.fetch(job.id)
    assert (stored.current, stored.message) == (5, "said while away")
    assert [line.text for line in listening.log(job.id)] == ["a line"]


@pytest.mark.parametrize(("standing", "error"), [(Standing.CANCEL, JobCancelled), (Standing.FENCED, AttemptLost)])
def test_a_task_that_should_stop_learns_it_at_its_next_word(
    listening: Any, job: Job, standing: Standing, error: type[BaseException], until: Callable[..., None]
) -> None:
    with Reporter(listening, job) as reporter:
        listening.standing = standing
        reporter.report(1, 10, None)
        until(reporter.is_cancelled)

        with pytest.raises(error):
            reporter.report(2, 10, None)


def test_a_silent_task_learns_of_its_cancel_too(listening: Any, job: Job, until: Callable[..., None]) -> None:
    with Reporter(listening, job) as reporter:
        assert not reporter.is_cancelled()
        listening.cancel(job.id)

        until(reporter.is_cancelled)
        with pytest.raises(JobCancelled):
            reporter.report(1, 10, "the first word")
        with pytest.raises(JobCancelled):
            reporter.log("the second")

    assert reporter.has_told


def test_a_task_that_never_asked_was_not_told(listening: Any, job: Job, until: Callable[..., None]) -> None:
    with Reporter(listening, job) as reporter:
        listening.cancel(job.id)
        until(lambda: reporter._stop)

    assert not reporter.has_told


@pytest.mark.parametrize("is_claimed_by_another", [False, True])
def test_a_silent_task_learns_that_its_job_was_taken_away(
    listening: Any, job: Job, is_claimed_by_another: bool, until: Callable[..., None]
) -> None:
    with Reporter(listening, job) as reporter:
        listening.interrupt(job.id, "worker/1", Interruption.LOST)
        if is_claimed_by_another:
            listening.claim(job.id, "worker/2")

        until(reporter.is_cancelled)
        with pytest.raises(AttemptLost):
            reporter.report(1, 10, None)


def test_a_silent_task_learns_of_its_cancel_after_an_outage(
    listening: Any, job: Job, until: Callable[..., None]
) -> None:
    listening.is_away = True
    with Reporter(listening, job) as reporter:
        listening.cancel(job.id)
        until(lambda: listening.renewals)
        assert not reporter.is_cancelled()

        listening.is_away = False

        until(reporter.is_cancelled)


def test_a_silent_task_costs_at_most_two_questions_a_second(
    listening: Any, job: Job, until: Callable[..., None]
) -> None:
    began = time.monotonic()

    with Reporter(listening, job):
        until(lambda: listening.renewals == 3)

    assert time.monotonic() - began >= 3 * ASK_SECONDS
    assert listening.reports == []


def test_a_task_that_talks_is_told_with_its_words_and_hardly_asked_besides(listening: Any, job: Job) -> None:
    with Reporter(listening, job) as reporter:
        deadline = time.monotonic() + 60
        while len(listening.reports) < 20 and time.monotonic() < deadline:
            reporter.report(1, 10, None)
            time.sleep(0.005)

    assert len(listening.reports) >= 20
    assert listening.renewals < len(listening.reports) / 3


def test_a_fenced_attempt_changes_nothing(store: MemoryJobStore, job: Job) -> None:
    with Reporter(store, job) as reporter:
        store.interrupt(job.id, "worker/1", Interruption.LOST)
        reporter._current, reporter._is_new = 9, True

    assert store.fetch(job.id).current is None


@pytest.mark.parametrize(
    ("current", "total", "shown"),
    [
        (150, 100, (100, 100)),
        (-3, 100, (0, 100)),
        (float("nan"), 100, (None, None)),
        ("5", 100, (None, None)),
        (True, 100, (None, None)),
        (10**400, 100, (None, None)),
        (10**5000, 100, (None, None)),
        (50, 10**400, (50, None)),
    ],
    ids=["beyond", "below", "nan", "text", "truth", "beyond floats", "beyond texts", "of too much"],
)
def test_odd_amounts_are_clipped_or_ignored(listening: Any, job: Job, current: Any, total: Any, shown: Any) -> None:
    with Reporter(listening, job) as reporter:
        reporter.report(current, total, "odd")

    stored = listening.fetch(job.id)
    assert (stored.current, stored.total) == shown
    assert stored.message == "odd"


def test_a_number_that_cannot_be_read_is_ignored(listening: Any, job: Job) -> None:
    class Odd(float):
        def __float__(self) -> float:
            raise RuntimeError("not now")

    odd = Odd(3)
    with Reporter(listening, job) as reporter:
        reporter.report(odd, 10, "odd")

    stored = listening.fetch(job.id)
    assert (stored.current, stored.message) == (None, "odd")


def test_a_flood_of_lines_keeps_the_newest(listening: Any, job: Job, until: Callable[..., None]) -> None:
    with Reporter(listening, job) as reporter:
        for number in range(5_000):
            reporter.log(f"line {number}")
        until(lambda: len(listening.log(job.id)) >= 900)

    lines = [line.text for line in listening.log(job.id)]
    assert lines[-1] == "line 4999"


def test_lines_written_just_before_the_end_are_all_kept(listening: Any, job: Job) -> None:
    with Reporter(listening, job) as reporter:
        for number in range(500):
            reporter.log(f"line {number}")
        reporter.report(500, 500, "done")

    assert [line.text for line in listening.log(job.id)] == [f"line {number}" for number in range(500)]
    assert listening.fetch(job.id).message == "done"


def test_at_the_end_a_store_that_is_away_is_asked_once(listening: Any, job: Job) -> None:
    with Reporter(listening, job) as reporter:
        listening.is_away = True
        for number in range(500):
            reporter.log(f"line {number}")
        before = listening.refusals

    assert listening.refusals - before <= 2  # the last round of the thread, and the end


def test_a_flood_of_lines_in_an_outage_keeps_the_newest(listening: Any, job: Job, until: Callable[..., None]) -> None:
    listening.is_away = True
    with Reporter(listening, job) as reporter:
        listening.when_refused = lambda: [reporter.log(f"line {number}") for number in range(2_000)]
        reporter.log("the first")
        until(lambda: listening.refusals)
        listening.when_refused = lambda: None
        listening.is_away = False

    lines = [line.text for line in listening.log(job.id)]
    assert (len(lines), lines[-1]) == (1_000, "line 1999")


class Mute:
    def __str__(self) -> str:
        raise ValueError


def test_words_that_cannot_say_their_text_are_named_and_stop_nothing(
    listening: Any, job: Job, until: Callable[..., None]
) -> None:
    mute: Any = Mute()
    with Reporter(listening, job) as reporter:
        reporter.log(mute)
        reporter.report(1, 10, mute)
        until(lambda: listening.fetch(job.id).current == 1)
        reporter.report(2, 10, "and on")

    assert listening.fetch(job.id).message == "and on"
    assert [line.text for line in listening.log(job.id)] == ["Mute"]


def test_a_write_that_goes_wrong_does_not_end_the_reports(listening: Any, job: Job, until: Callable[..., None]) -> None:
    with Reporter(listening, job) as reporter:
        listening.is_odd = True
        reporter.report(1, 10, None)
        until(lambda: not listening.is_odd)
        reporter.report(2, 10, None)

        until(lambda: listening.fetch(job.id).current == 2)


def test_last_words_that_go_wrong_do_not_fail_the_task(listening: Any, job: Job) -> None:
    with Reporter(listening, job) as reporter:
        listening.is_odd = True
        reporter.report(1, 10, None)

    assert not listening.is_odd


def test_a_checkpoint_is_written_once_and_read_back(listening: Any, job: Job) -> None:
    with Reporter(listening, job) as reporter:
        state = {"done": 3}
        reporter.save(state)
        state["done"] = 99  # what was saved is the value at that moment
        assert reporter.saved() == {"done": 3}

    assert listening.fetch(job.id).checkpoint_json == '{"done":3}'
    assert [report.checkpoint_json for report in listening.reports] == ['{"done":3}']


def test_a_checkpoint_that_is_not_json_is_the_tasks_error(listening: Any, job: Job) -> None:
    with Reporter(listening, job) as reporter, pytest.raises(Problem) as caught:
        reporter.save({"bad": {1, 2}})

    assert caught.value.slug == "unserializable-result"
