"""What a running task says of itself, heard by `record_progress`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from headway import JobCancelled, progress
from headway.progress import Request
from headway.testing import record_progress


def test_outside_a_worker_nobody_listens() -> None:
    progress.report(1, 2, "Counting")
    progress.log("a line")
    progress.save({"done": 1})

    assert (progress.cancelled, progress.checkpoint, progress.request()) == (False, None, Request())


def test_reports_are_recorded_in_order() -> None:
    with record_progress() as recording:
        progress.report(1, 4, "Rendering")
        progress.report(2)

    assert recording.reports == [(1, 4, "Rendering"), (2, None, None)]


def test_log_lines_are_recorded_in_order() -> None:
    with record_progress() as recording:
        progress.log("one")
        progress.log("two")

    assert recording.lines == ["one", "two"]


def test_nothing_is_recorded_after_the_block() -> None:
    with record_progress() as recording:
        pass

    progress.report(1)

    assert recording.reports == []


def test_a_block_inside_another_hears_only_its_own() -> None:
    with record_progress() as outer:
        with record_progress() as inner:
            progress.report(1)
        progress.report(2)

    assert [inner.reports, outer.reports] == [[(1, None, None)], [(2, None, None)]]


def test_a_recorded_task_knows_its_job() -> None:
    with record_progress():
        request = progress.request()

    assert (request.id, request.attempt) == ("recorded", 1)


# track


def test_track_reports_before_the_first_item_and_after_each() -> None:
    with record_progress() as recording:
        items = list(progress.track("abc", "Spelling"))

    assert items == ["a", "b", "c"]
    assert recording.reports == [(0, 3, "Spelling"), (1, 3, None), (2, 3, None), (3, 3, None)]


def test_an_item_is_reported_when_its_work_is_done() -> None:
    with record_progress() as recording:
        for item in progress.track([1, 2]):
            progress.log(f"{item} after {recording.reports[-1][0]}")

    assert recording.lines == ["1 after 0", "2 after 1"]


def test_items_without_a_length_have_an_unknown_total() -> None:
    with record_progress() as recording:
        list(progress.track(iter("ab")))

    assert recording.reports == [(0, None, None), (1, None, None), (2, None, None)]


def test_a_total_can_be_named_for_items_without_a_length() -> None:
    with record_progress() as recording:
        list(progress.track(iter("ab"), total=2))

    assert [total for _, total, _ in recording.reports] == [2, 2, 2]


def test_track_reads_no_further_than_the_task_does() -> None:
    def endless() -> Iterator[int]:
        yield from iter(int, 1)

    for number, _ in enumerate(progress.track(endless())):
        if number == 5:
            break

    assert number == 5


def test_no_items_are_reported_as_none_of_none() -> None:
    with record_progress() as recording:
        list(progress.track([]))

    assert recording.reports == [(0, 0, None)]


def test_a_place_is_saved_only_on_request() -> None:
    with record_progress() as recording:
        list(progress.track("abc"))

    assert recording.checkpoint is None


def test_a_task_that_died_resumes_behind_the_last_item_it_finished() -> None:
    with record_progress() as first:
        for item in progress.track("abcd", resume=True):
            if item == "c":
                break

    with record_progress(checkpoint=first.checkpoint) as second:
        items = list(progress.track("abcd", resume=True))

    assert items == ["c", "d"]
    assert second.reports == [(2, 4, None), (3, 4, None), (4, 4, None)]


def test_a_place_is_saved_after_the_item_and_before_its_report() -> None:
    with record_progress() as recording:
        items = progress.track("ab", resume=True)
        next(items)
        saved = [recording.checkpoint]
        next(items)
        saved += [recording.checkpoint]

    assert saved == [None, {"done": 1}]


@pytest.mark.parametrize("checkpoint", [None, 5, "text", {"page": 3}, []])
def test_a_checkpoint_of_another_kind_does_not_move_the_start(checkpoint: object) -> None:
    with record_progress(checkpoint=checkpoint):
        items = list(progress.track("ab", resume=True))

    assert items == ["a", "b"]


# Checkpoints and cancelling


def test_what_was_saved_can_be_read_back() -> None:
    with record_progress() as recording:
        progress.save({"page": 3})
        seen = progress.checkpoint

    assert seen == recording.checkpoint == {"page": 3}


def test_a_task_can_ask_whether_it_is_cancelled() -> None:
    with record_progress() as recording:
        before = progress.cancelled
        recording.is_to_be_cancelled = True
        after = progress.cancelled

    assert (before, after) == (False, True)


def test_a_cancelled_task_stops_at_its_next_report() -> None:
    with record_progress() as recording:
        items = progress.track("abc")
        seen = [next(items), next(items)]
        recording.is_to_be_cancelled = True

        with pytest.raises(JobCancelled):
            next(items)

    assert seen == ["a", "b"]


def test_a_tasks_own_net_does_not_catch_a_cancellation() -> None:
    def careless() -> None:
        with suppress(Exception):
            progress.report(1)

    with record_progress() as recording:
        recording.is_to_be_cancelled = True

        with pytest.raises(JobCancelled):
            careless()


def test_a_word_that_progress_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="percent"):
        progress.percent  # noqa: B018
