"""What a stream sends: every event in order, once, however often its client loses the connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from headway.job import State, new_job_id
from headway.store import Report
from status.hub import Hub
from status.stream import Cursor, read_cursors

Follow = Callable[..., Any]
Until = Callable[..., None]
ReadWhole = Callable[..., Any]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Updates without the gap between them, so that no two are folded together by time alone."""
    monkeypatch.setattr("status.stream.MIN_GAP_SECONDS", 0)


def test_the_whole_document_comes_first(follow: Follow, play: Any, until: Until) -> None:
    job_id = play.in_state(State.PROGRESS)

    reading = follow(job_id).reading

    until(lambda: reading.events)
    event = reading.events[0]
    assert (event.name, event.id) == ("snapshot", str(event.data["version"]))
    assert [event.data[key] for key in ("state", "current", "total", "status", "id")] == [
        "PROGRESS",
        3,
        12,
        "Booting",
        job_id,
    ]
    assert reading.retry == "2000"


def test_an_update_carries_only_what_changed(follow: Follow, play: Any, until: Until) -> None:
    job = play.start()
    play.report(job, 10, message="Working")
    reading = follow(job.id).reading
    until(lambda: reading.events)

    play.report(job, 20, message="Working")

    until(lambda: reading.of("update"))
    update = reading.of("update")[0]
    assert (update["id"], update["current"], update["percent"]) == (job.id, 20, 20)
    assert set(update) - {"updated_at"} == {"id", "version", "current", "percent"}  # it may be the same millisecond


def test_a_result_comes_with_the_last_update_and_the_end_closes_the_stream(
    follow: Follow, play: Any, until: Until
) -> None:
    job = play.start()
    follower = follow(job.id)
    until(lambda: follower.reading.events)

    play.settle(job, result_json='{"primes": 25}')

    until(lambda: follower.has_ended)
    assert follower.reading.names() == ["snapshot", "update", "end"]
    update, end = (event.data for event in follower.reading.events[1:])
    assert (update["state"], update["result"], update["percent"]) == ("SUCCESS", {"primes": 25}, 100)
    assert end == {"id": job.id, "state": "SUCCESS", "version": update["version"]}


def test_a_hurried_job_gets_ten_updates_a_second_at_most_and_its_last_value_always(
    follow: Follow, play: Any, until: Until
) -> None:
    job = play.start()
    reading = follow(job.id).reading
    until(lambda: reading.events)

    began = time.monotonic()
    number = 0
    while len(reading.of("update")) < 12:
        assert time.monotonic() - began < 60
        number += 1
        play.report(job, number, total=10_000_000)
    until(lambda: reading.of("update") and reading.of("update")[-1].get("current") == number)

    seconds = time.monotonic() - began
    updates = reading.of("update")
    assert number > 100
    assert len(updates) <= seconds * 10 + 1
    versions = [update["version"] for update in updates]
    assert versions == sorted(set(versions))


def test_log_lines_come_in_order_each_with_an_id_to_go_on_from(follow: Follow, play: Any, until: Until) -> None:
    job = play.start()
    play.report(job, 1, "one", "two")
    follower = follow(job.id)
    until(lambda: len(follower.reading.of("log")) == 2)

    play.report(job, None, "three")
    play.report(job, 2, "four")
    play.settle(job)

    until(lambda: follower.has_ended)
    logs = [event for event in follower.reading.events if event.name == "log"]
    assert [event.data["text"] for event in logs] == ["one", "two", "three", "four"]
    assert {event.data["id"] for event in logs} == {job.id}
    assert len({event.id for event in logs}) == 4
    assert all(str(read_cursors(event.id, 1)[0]) == event.id for event in follower.reading.events)


def test_row_81_words_that_look_like_an_event_stay_inside_theirs(read_whole: ReadWhole, play: Any) -> None:
    nasty = "done\n\nevent: end\nid: 99\ndata: {}\n\n\r\rretry: 1\r\n: \u2028\u0000\ud83d\ude00".encode(
        "utf-16", "surrogatepass"
    ).decode("utf-16")
    job = play.start()
    play.report(job, 1, nasty, message=nasty)
    play.settle(job, message=nasty)

    reading = read_whole(f"/status/{job.id}/events")

    assert reading.names() == ["snapshot", "log", "end"]
    assert (reading.of("snapshot")[0]["status"], reading.of("log")[0]["text"]) == (nasty, nasty)


def test_the_answer_of_a_stream_asks_proxies_to_pass_it_on(client: FlaskClient, play: Any) -> None:
    response = client.get(f"/status/{play.in_state(State.SUCCESS)}/events")

    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["Cache-Control"] == "no-store, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"


def test_a_quiet_stream_sends_comments(follow: Follow, play: Any, until: Until) -> None:
    reading = follow(play.submit(), keep_alive_seconds=0.1).reading

    until(lambda: len(reading.comments) >= 3)

    assert set(reading.comments) == {"keep-alive"}
    assert reading.names() == ["snapshot"]


def test_row_77_a_stream_of_an_ended_job_ends_and_on_reconnect_there_is_nothing_more(
    client: FlaskClient, read_whole: ReadWhole, play: Any
) -> None:
    path = f"/status/{play.in_state(State.FAILURE)}/events"

    reading = read_whole(path)
    again = client.get(path, headers={"Last-Event-ID": reading.events[-1].id})

    assert reading.names() == ["snapshot", "end"]
    assert (again.status_code, again.get_data()) == (204, b"")


def _live(play: Any, follow: Follow, until: Until) -> Any:
    """A whole life of a job, every step of it seen by a follower."""
    job_id = play.submit()
    follower = follow(job_id)
    until(lambda: follower.reading.events)
    job = play.start(job_id)
    steps: list[Callable[[], None]] = [
        lambda: play.report(job, 10, "a", "b"),
        lambda: play.report(job, 20),
        lambda: play.report(job, None, "c"),
        lambda: play.report(job, 30, message="Nearly"),
        lambda: play.report(job, 40, "d", "e"),
    ]
    for step in steps:
        seen = len(follower.reading.events)
        step()
        until(lambda seen=seen: len(follower.reading.events) > seen)
    play.store.report(job.id, job.fence, Report(lines=("f", "g")))
    play.settle(job, message="Done")
    until(lambda: follower.has_ended)
    return job_id, follower.reading.events


@pytest.mark.usefixtures("at_once")
def test_wherever_the_connection_is_cut_nothing_comes_twice_and_nothing_is_missed(
    client: FlaskClient, read_whole: ReadWhole, follow: Follow, play: Any, until: Until
) -> None:
    job_id, events = _live(play, follow, until)
    path = f"/status/{job_id}/events"

    for cut in range(1, len(events) + 1):
        before = events[:cut]
        response = client.get(path, headers={"Last-Event-ID": before[-1].id})
        after = [] if response.status_code == 204 else read_whole(path, before[-1].id).events

        both = [*before, *after]
        assert [event.data["text"] for event in both if event.name == "log"] == list("abcdefg"), cut
        assert [event.name for event in both].count("end") == 1, cut
        assert both[-1].name == "end", cut
        final = _merged(both)
        assert (final["state"], final["status"], final["result"]) == ("SUCCESS", "Done", 42), cut
        versions = [event.data["version"] for event in both if event.name in ("snapshot", "update")]
        assert len(set(versions)) == len(versions), cut


def _merged_of(reading: Any, job_id: str) -> dict[str, Any]:
    """One job of a stream of many, as its client sees it."""
    return _merged([event for event in reading.events if event.data["id"] == job_id])


def _merged(events: list[Any]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for event in events:
        if event.name == "snapshot":
            document = event.data
        elif event.name == "update":
            document = document | event.data
    return document


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("cut", range(7))
def test_a_client_that_comes_back_while_the_job_runs_sees_all_of_it(
    follow: Follow, play: Any, until: Until, cut: int
) -> None:
    job = play.start()
    lines = [(), ("a",), ("b", "c"), (), ("d",), ("e",), ("f",)]
    first = follow(job.id)
    until(lambda: first.reading.events)
    for number, texts in enumerate(lines[:cut], 1):
        play.report(job, number, *texts)
    until(lambda: _merged(first.reading.events).get("current") == cut)
    until(lambda: len(first.reading.of("log")) == sum(len(texts) for texts in lines[:cut]))
    before = list(first.reading.events)
    play.report(job, cut + 1, *lines[cut])

    second = follow(job.id, cursors=read_cursors(before[-1].id, 1))
    for number, texts in enumerate(lines[cut + 1 :], cut + 2):
        play.report(job, number, *texts)
    play.settle(job)

    until(lambda: second.has_ended)
    both = [*before, *second.reading.events]
    assert [event.data["text"] for event in both if event.name == "log"] == list("abcdef")
    assert second.reading.names()[-1] == "end"
    assert _merged(second.reading.events)["state"] == "SUCCESS"


def test_a_client_that_has_the_newest_version_gets_nothing_until_it_changes(
    follow: Follow, play: Any, until: Until
) -> None:
    job = play.start()

    reading = follow(job.id, cursors=[Cursor(job.version)], keep_alive_seconds=0.1).reading
    until(lambda: reading.comments)
    play.report(job, 5)
    until(lambda: reading.events)

    assert reading.names() == ["update"]


def test_the_place_of_a_waiting_job_is_told_anew_because_it_moves_without_a_version(
    follow: Follow, play: Any, until: Until
) -> None:
    first, second = play.submit(), play.submit()
    before = follow(second).reading
    until(lambda: before.events)
    play.start(first)

    after = follow(second, cursors=read_cursors(before.events[0].id, 1)).reading

    until(lambda: _merged(after.events).get("queue_position") == 1)
    assert _merged(before.events[:1])["queue_position"] == 2


def test_a_waiting_job_that_moves_up_is_told_so(follow: Follow, play: Any, until: Until) -> None:
    first, second = play.submit(), play.submit()
    reading = follow(second).reading
    until(lambda: reading.events)

    play.start(first)

    until(lambda: _merged(reading.events)["queue_position"] == 1)
    assert reading.of("update")[-1] == {"id": second, "version": 1, "queue_position": 1}


def test_one_stream_follows_many_jobs_and_ends_with_the_last(follow: Follow, play: Any, until: Until) -> None:
    ended, running, waiting = play.in_state(State.SUCCESS), play.start(), play.submit()
    follower = follow(ended, running.id, waiting)
    until(lambda: len(follower.reading.of("snapshot")) == 3)

    play.settle(running)
    until(lambda: len(follower.reading.of("end")) == 2)
    play.settle(play.start(waiting))

    until(lambda: follower.has_ended)
    assert [end["id"] for end in follower.reading.of("end")] == [ended, running.id, waiting]
    assert {update["id"] for update in follower.reading.of("update")} == {running.id, waiting}


def test_a_stream_of_many_tells_of_a_retried_job_again(follow: Follow, play: Any, store: Any, until: Until) -> None:
    failed, running = play.in_state(State.FAILURE), play.start()
    follower = follow(failed, running.id)
    until(lambda: len(follower.reading.of("end")) == 1 and len(follower.reading.of("snapshot")) == 2)

    store.retry(failed)
    until(lambda: _merged_of(follower.reading, failed)["state"] == "RETRY")
    again = play.start(failed)
    play.report(again, 7, "second attempt")
    until(lambda: _merged_of(follower.reading, failed)["current"] == 7 and follower.reading.of("log"))
    play.settle(again)
    until(lambda: len(follower.reading.of("end")) == 2)
    play.settle(running)

    until(lambda: follower.has_ended)
    ends = [(end["id"], end["state"]) for end in follower.reading.of("end")]
    assert ends == [(failed, "FAILURE"), (failed, "SUCCESS"), (running.id, "SUCCESS")]
    shown = _merged_of(follower.reading, failed)
    assert (shown["state"], shown["result"], shown["attempt"], shown["error"]) == ("SUCCESS", 42, 2, None)


def test_a_stream_of_many_that_is_resumed_tells_of_a_job_that_was_retried_meanwhile(
    follow: Follow, play: Any, store: Any, until: Until
) -> None:
    failed, running = play.in_state(State.FAILURE), play.start()
    first = follow(failed, running.id)
    until(lambda: len(first.reading.of("end")) == 1 and len(first.reading.of("snapshot")) == 2)
    store.retry(failed)

    second = follow(failed, running.id, cursors=read_cursors(first.reading.events[-1].id, 2))
    until(lambda: second.reading.of("snapshot"))
    play.settle(play.start(failed))
    play.settle(running)

    until(lambda: second.has_ended)
    assert second.reading.of("snapshot")[0]["id"] == failed
    assert {end["id"] for end in second.reading.of("end")} == {failed, running.id}


def test_a_client_that_has_the_end_of_one_job_follows_it_anew_when_it_was_retried(
    client: FlaskClient, read_whole: ReadWhole, play: Any, store: Any
) -> None:
    job_id = play.in_state(State.FAILURE)
    path = f"/status/{job_id}/events"
    last = read_whole(path).events[-1].id
    store.retry(job_id)
    play.settle(play.start(job_id))

    reading = read_whole(path, last)

    assert reading.names() == ["snapshot", "end"]
    assert (reading.of("snapshot")[0]["state"], reading.of("end")[0]["state"]) == ("SUCCESS", "SUCCESS")


def test_a_cancel_request_is_told_before_the_job_stops(follow: Follow, play: Any, store: Any, until: Until) -> None:
    job = play.start()
    follower = follow(job.id)
    until(lambda: follower.reading.events)

    store.cancel(job.id, "wrong month")
    until(lambda: follower.reading.of("update"))
    play.settle(job, State.REVOKED)

    until(lambda: follower.has_ended)
    request, end = follower.reading.of("update")
    assert request["cancel_requested_at"]
    assert set(request) - {"updated_at"} == {"id", "version", "cancel_requested_at"}
    assert (end["state"], end["error"]["reason"]) == ("REVOKED", "wrong month")
    assert ("cancel" in end["links"], "retry" in end["links"]) == (False, True)


def test_ids_without_a_job_are_told_as_missing_and_hold_nobody_up(
    read_whole: ReadWhole, play: Any, clock: Any, store: Any
) -> None:
    expired = play.in_state(State.SUCCESS)
    clock.advance(minutes=2)
    store.wake()
    unknown, ended = new_job_id(), play.in_state(State.SUCCESS)

    reading = read_whole(f"/status/events?id=nonsense&id={unknown}&id={expired}&id={ended}")

    assert {missing["id"]: missing["status"] for missing in reading.of("missing")} == {
        "nonsense": 404,
        unknown: 404,
        expired: 410,
    }
    assert all(missing["detail"] for missing in reading.of("missing"))
    assert [end["id"] for end in reading.of("end")] == [ended]


def test_after_the_end_of_all_jobs_there_is_nothing_to_reconnect_to(
    client: FlaskClient, read_whole: ReadWhole, play: Any
) -> None:
    path = f"/status/events?id={play.in_state(State.SUCCESS)}&id={new_job_id()}"

    reading = read_whole(path)
    again = client.get(path, headers={"Last-Event-ID": reading.events[-1].id})

    assert again.status_code == 204


def test_a_stream_of_many_that_is_resumed_repeats_no_end(follow: Follow, play: Any, until: Until) -> None:
    ended, running = play.in_state(State.SUCCESS), play.start()
    first = follow(ended, "nonsense", running.id)
    until(lambda: len(first.reading.of("end")) == 1 and len(first.reading.of("snapshot")) == 2)

    second = follow(ended, "nonsense", running.id, cursors=read_cursors(first.reading.events[-1].id, 3))
    play.settle(running)

    until(lambda: second.has_ended)
    assert second.reading.names() in (["update", "end"], ["snapshot", "end"])
    assert second.reading.of("end")[0]["id"] == running.id


def test_a_stream_of_many_begins_with_the_last_lines_of_each(follow: Follow, play: Any, until: Until) -> None:
    jobs = [play.start(), play.start()]
    for number in range(25):
        play.report(jobs[0], number, f"old {number}")
    follower = follow(*(job.id for job in jobs))
    until(lambda: len(follower.reading.of("snapshot")) == 2)

    play.report(jobs[0], 30, "new")

    until(lambda: len(follower.reading.of("log")) == 21)
    expected = [*(f"old {number}" for number in range(5, 25)), "new"]
    assert [line["text"] for line in follower.reading.of("log")] == expected


def test_the_same_id_twice_is_followed_once(read_whole: ReadWhole, play: Any) -> None:
    job_id = play.in_state(State.SUCCESS)

    reading = read_whole(f"/status/events?id={job_id}&id={job_id}")

    assert reading.names() == ["snapshot", "end"]


def test_row_78_streams_above_the_limit_are_told_when_to_come_again(
    client: FlaskClient, play: Any, hub: Hub, refused: Callable[..., Any]
) -> None:
    job_id = play.start().id
    path = f"/status/{job_id}/events"

    streams = [client.get(path, buffered=False) for _ in range(5)]
    poll = client.get(f"/status/{job_id}", headers={"Prefer": "wait=5"})
    plain = client.get(f"/status/{job_id}")

    assert [stream.status_code for stream in streams] == [200] * 3 + [429] * 2
    refused(streams[-1], 429, "too-many-streams")
    refused(poll, 429, "too-many-streams")
    assert (streams[-1].headers["Retry-After"], plain.status_code) == ("5", 200)
    for stream in streams:
        stream.close()
    assert hub.watcher_count == 0


def test_a_hub_that_stops_closes_its_streams(follow: Follow, play: Any, hub: Hub, until: Until) -> None:
    followers = [follow(play.start().id) for _ in range(3)]
    until(lambda: all(follower.reading.events for follower in followers))

    hub.stop()

    until(lambda: all(follower.has_ended for follower in followers))


def test_watchers_of_a_service_that_stops_do_not_all_come_back_at_once(
    follow: Follow, play: Any, hub: Hub, until: Until
) -> None:
    job_id = play.start().id
    followers = [follow(job_id) for _ in range(20)]
    until(lambda: all(follower.reading.events for follower in followers))
    before = {follower.reading.retry for follower in followers}

    hub.stop()

    until(lambda: all(follower.has_ended for follower in followers))
    pauses = [int(follower.reading.retry) for follower in followers]
    assert before == {"2000"}
    assert all(1 <= pause <= 2000 for pause in pauses)
    assert len(set(pauses)) > 10


def test_a_stream_that_ends_with_its_job_leaves_the_pause_as_it_was(follow: Follow, play: Any, until: Until) -> None:
    job = play.start()
    follower = follow(job.id)
    until(lambda: follower.reading.events)

    play.settle(job)

    until(lambda: follower.has_ended)
    assert follower.reading.retry == "2000"


def test_a_job_with_many_watchers_is_the_same_for_all(follow: Follow, play: Any, until: Until) -> None:
    job = play.start()
    followers = [follow(job.id) for _ in range(20)]
    until(lambda: all(follower.reading.events for follower in followers))

    threading.Thread(target=lambda: (play.report(job, 50, "line"), play.settle(job))).start()

    until(lambda: all(follower.has_ended for follower in followers))
    assert {_merged(follower.reading.events)["version"] for follower in followers} == {job.version + 2}
    assert all(len(follower.reading.of("log")) == 1 for follower in followers)
