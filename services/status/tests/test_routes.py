"""What the status service answers to requests that are right."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from headway.catalogue import Worker
from headway.job import State
from status.app import create_app
from status.hub import Hub
from status.settings import StatusSettings

STATES = list(State)


@pytest.mark.parametrize("state", STATES)
def test_the_seeds_keys_stand_at_the_top_in_every_state(client: FlaskClient, play: Any, state: State) -> None:
    document = client.get(f"/status/{play.in_state(state)}").get_json()

    assert list(document)[:4] == ["state", "current", "total", "status"]
    assert document["state"] == state
    assert ("result" in document) == (state is State.SUCCESS)
    assert {"id", "task", "args", "percent", "error", "attempt", "queue", "version", "links"} < set(document)


def test_a_job_that_waits_reads_as_in_the_seed(client: FlaskClient, play: Any) -> None:
    document = client.get(f"/status/{play.submit()}").get_json()

    assert [document[key] for key in ("state", "current", "total", "status")] == ["PENDING", 0, 1, "Pending..."]


def test_a_job_that_runs_reads_as_its_task_reported(client: FlaskClient, play: Any) -> None:
    document = client.get(f"/status/{play.in_state(State.PROGRESS)}").get_json()

    assert [document[key] for key in ("current", "total", "status", "percent")] == [3, 12, "Booting", 25]


def test_a_job_that_succeeded_reads_whole_with_its_result(client: FlaskClient, play: Any) -> None:
    document = client.get(f"/status/{play.in_state(State.SUCCESS)}").get_json()

    assert (document["current"], document["total"], document["result"], document["percent"]) == (1, 1, 42, 100)


def test_a_job_that_failed_reads_the_exceptions_text_and_never_as_full(client: FlaskClient, play: Any) -> None:
    job = play.start()
    play.report(job, 100)
    play.settle(job, State.FAILURE, message="division by zero")

    document = client.get(f"/status/{job.id}").get_json()

    assert (document["status"], document["percent"]) == ("division by zero", 99)


def test_a_job_that_waits_says_what_for(client: FlaskClient, play: Any, store: Any) -> None:
    first, second, later = play.submit(), play.submit(), play.submit(delay_seconds=60)

    unserved = client.get(f"/status/{first}").get_json()
    store.announce(Worker("host:1", 1, ("default",), ("count",)), [])
    served = client.get(f"/status/{second}").get_json()
    scheduled = client.get(f"/status/{later}").get_json()

    assert (unserved["waiting_for"], unserved["queue_position"]) == ("worker", 1)
    assert (served["waiting_for"], served["queue_position"]) == ("slot", 2)
    assert (scheduled["waiting_for"], scheduled["queue_position"]) == ("schedule", None)


def test_the_links_lead_where_they_say(client: FlaskClient, play: Any) -> None:
    job_id = play.in_state(State.SUCCESS)

    links = client.get(f"/status/{job_id}").get_json()["links"]

    assert links["self"] == f"/status/{job_id}"
    assert client.get(links["self"]).get_json()["id"] == job_id
    assert client.get(links["events"]).mimetype == "text/event-stream"
    assert client.get(links["result"]).get_json() == 42


def test_a_client_is_told_to_come_back_until_the_job_has_ended(client: FlaskClient, play: Any) -> None:
    job = play.start()

    running = client.get(f"/status/{job.id}")
    play.settle(job)
    ended = client.get(f"/status/{job.id}")

    assert running.headers["Retry-After"] == "2"
    assert "Retry-After" not in ended.headers


def test_the_etag_changes_with_the_version(client: FlaskClient, play: Any) -> None:
    job = play.start()

    before = client.get(f"/status/{job.id}")
    play.report(job, 1)
    after = client.get(f"/status/{job.id}")

    assert before.headers["ETag"] == f'"{before.get_json()["version"]}"'
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.headers["Cache-Control"] == "no-cache"


def test_the_etag_of_a_job_that_waits_changes_with_its_place(client: FlaskClient, play: Any) -> None:
    first, second = play.submit(), play.submit()

    before = client.get(f"/status/{second}").headers["ETag"]
    play.start(first)
    after = client.get(f"/status/{second}").headers["ETag"]

    assert before != after


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_what_one_has_already_is_not_sent_again(client: FlaskClient, play: Any, form: str) -> None:
    path = f"/status/{play.in_state(State.PROGRESS)}"
    tag = client.get(path).headers["ETag"]

    response = client.get(path, headers={"If-None-Match": form.format(tag=tag)})

    assert (response.status_code, response.get_data()) == (304, b"")
    assert response.headers["ETag"] == tag


@pytest.mark.parametrize("value", ['"0"', "nonsense", '"', "W/", "", ",,,", "ä", "1" * 3000])
def test_row_72_an_if_none_match_that_fits_nothing_is_ignored(client: FlaskClient, play: Any, value: str) -> None:
    path = f"/status/{play.in_state(State.PROGRESS)}"

    response = client.get(path, environ_overrides={"HTTP_IF_NONE_MATCH": value})

    assert response.status_code == 200


def test_a_waiting_request_is_answered_as_soon_as_the_job_changes(
    client: FlaskClient, play: Any, hub: Hub, until: Callable[..., None]
) -> None:
    job = play.start()

    def report_when_watched() -> None:
        until(lambda: hub.watcher_count == 1)
        play.report(job, 7)

    reporter = threading.Thread(target=report_when_watched)
    reporter.start()
    began = time.monotonic()
    response = client.get(f"/status/{job.id}", headers={"Prefer": "wait=20"})
    seconds = time.monotonic() - began
    reporter.join()

    assert response.get_json()["current"] == 7
    assert response.headers["Preference-Applied"] == "wait=20"
    assert seconds < 15
    assert hub.watcher_count == 0


def test_a_waiting_request_ends_after_its_time(client: FlaskClient, play: Any) -> None:
    job = play.start()

    began = time.monotonic()
    response = client.get(f"/status/{job.id}", headers={"Prefer": "wait=1"})
    seconds = time.monotonic() - began

    assert (response.status_code, response.get_json()["version"]) == (200, job.version)
    assert 1 <= seconds < 15


def test_a_waiting_request_that_names_what_it_has_gets_304_when_nothing_came(client: FlaskClient, play: Any) -> None:
    job = play.start()
    tag = client.get(f"/status/{job.id}").headers["ETag"]

    response = client.get(f"/status/{job.id}", headers={"Prefer": "wait=1", "If-None-Match": tag})

    assert response.status_code == 304


def test_a_waiting_request_that_has_an_older_state_is_answered_at_once(client: FlaskClient, play: Any) -> None:
    job = play.start()
    tag = client.get(f"/status/{job.id}").headers["ETag"]
    play.report(job, 1)

    began = time.monotonic()
    response = client.get(f"/status/{job.id}", headers={"Prefer": "wait=20", "If-None-Match": tag})

    assert (response.status_code, response.get_json()["current"]) == (200, 1)
    assert time.monotonic() - began < 15  # of the 20 s that it may wait


def test_nobody_waits_for_a_job_that_has_ended(client: FlaskClient, play: Any) -> None:
    job_id = play.in_state(State.FAILURE)

    began = time.monotonic()
    response = client.get(f"/status/{job_id}", headers={"Prefer": "wait=20"})

    assert response.status_code == 200
    assert time.monotonic() - began < 15  # of the 20 s that it may wait


@pytest.mark.parametrize(
    "prefer",
    ["wait", "wait=", "wait=-1", "wait=abc", "wait=1e9", "wait=0", "await=9", "wait=9999999999", "wait=1.5", "x"],
)
def test_a_preference_that_is_not_understood_is_ignored(
    settings: StatusSettings, store: Any, play: Any, prefer: str
) -> None:
    client = create_app(settings, store, _Unwatched(store), CollectorRegistry()).test_client()
    job = play.start()

    response = client.get(f"/status/{job.id}", headers={"Prefer": prefer})

    assert response.status_code == 200
    assert "Preference-Applied" not in response.headers


def test_nobody_waits_longer_than_half_a_minute(client: FlaskClient, play: Any) -> None:
    job_id = play.in_state(State.SUCCESS)

    response = client.get(f"/status/{job_id}", headers={"Prefer": 'respond-async, wait="600"'})

    assert response.headers["Preference-Applied"] == "wait=30"


def test_the_result_is_what_the_task_returned(client: FlaskClient, play: Any) -> None:
    job = play.start()
    play.settle(job, result_json='{"b": 1, "a": [null]}')

    response = client.get(f"/status/{job.id}/result")

    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert response.get_data() == b'{"b": 1, "a": [null]}'


@pytest.mark.parametrize("state", [State.PENDING, State.STARTED, State.PROGRESS, State.RETRY])
def test_row_69_there_is_no_result_before_the_end(
    client: FlaskClient, play: Any, refused: Callable[..., dict[str, Any]], state: State
) -> None:
    response = client.get(f"/status/{play.in_state(state)}/result")

    assert refused(response, 409, "not-finished")["state"] == state
    assert response.headers["Retry-After"] == "2"


@pytest.mark.parametrize("state", [State.FAILURE, State.REVOKED])
def test_a_job_that_ended_badly_has_no_result(
    client: FlaskClient, play: Any, refused: Callable[..., dict[str, Any]], state: State
) -> None:
    response = client.get(f"/status/{play.in_state(state)}/result")

    assert refused(response, 409, "no-result")["state"] == state


def test_a_timeline_tells_how_a_job_went(client: FlaskClient, play: Any, store: Any) -> None:
    job = play.start()
    play.report(job, 1)
    play.settle(job, State.FAILURE, message="no such page")
    store.retry(job.id)

    answer = client.get(f"/status/{job.id}/timeline")

    first, *_, failed, restarted = moves = answer.get_json()["moves"]
    assert [move["why"] for move in moves] == ["submitted", "claimed", "progressed", "failed", "restarted"]
    assert first | {"at": ""} == {
        "at": "",
        "state": "PENDING",
        "attempt": 0,
        "why": "submitted",
        "detail": None,
        "worker": None,
    }
    assert (failed["state"], failed["attempt"], failed["detail"]) == ("FAILURE", 1, "no such page")
    assert (failed["worker"], restarted["worker"]) == ("host:1:1", None)
    assert failed["at"].endswith("Z")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_log_is_read_piece_by_piece(client: FlaskClient, play: Any) -> None:
    job = play.start()
    play.report(job, 1, "one", "two")
    play.report(job, 2, "three")

    whole = client.get(f"/status/{job.id}/log").get_json()
    rest = client.get(f"/status/{job.id}/log?after={whole['lines'][1]['line']}").get_json()
    nothing = client.get(f"/status/{job.id}/log?after={whole['lines'][2]['line']}").get_json()

    assert [line["text"] for line in whole["lines"]] == ["one", "two", "three"]
    assert whole["lines"][0].keys() == {"id", "line", "text", "at"}
    assert (rest["lines"], nothing["lines"]) == (whole["lines"][2:], [])
    assert [answer["lines_total"] for answer in (whole, rest, nothing)] == [3, 3, 3]


def test_a_log_is_the_same_in_a_stream(client: FlaskClient, play: Any, read_whole: Callable[..., Any]) -> None:
    job = play.start()
    play.report(job, 1, "one", "two")
    play.settle(job)

    streamed = read_whole(f"/status/{job.id}/events").of("log")

    assert client.get(f"/status/{job.id}/log").get_json()["lines"] == streamed


@pytest.mark.parametrize("name", ["store", "real_store"])
def test_of_a_long_log_the_newest_thousand_lines_come_and_none_is_passed_over(
    settings: StatusSettings, play: Any, request: pytest.FixtureRequest, name: str
) -> None:
    store = play.store = request.getfixturevalue(name)
    job = play.start()
    for number in range(13):
        play.report(job, None, *[f"{number}"] * 90)
    client = create_app(settings, store, Hub(store), CollectorRegistry()).test_client()

    newest = client.get(f"/status/{job.id}/log").get_json()
    next_ones = client.get(f"/status/{job.id}/log?after=0-1").get_json()

    assert (len(newest["lines"]), newest["lines"][-1]["text"], newest["lines_total"]) == (1000, "12", 1170)
    assert [line["line"] for line in next_ones["lines"]] == [line.id for line in store.log(job.id)][:1000]


def test_jobs_are_listed_newest_first(client: FlaskClient, play: Any) -> None:
    ids = [play.submit() for _ in range(3)]

    answer = client.get("/status").get_json()

    assert [job["id"] for job in answer["jobs"]] == ids[::-1]
    assert answer["next_page_token"] is None


def test_jobs_are_listed_by_state_task_and_tag(client: FlaskClient, play: Any) -> None:
    plain, other, tagged = play.submit(), play.submit(task="other"), play.submit(tags=("a", "b"))
    running = play.start().id

    def listed(query: str) -> set[str]:
        return {job["id"] for job in client.get(f"/status?{query}").get_json()["jobs"]}

    assert listed("state=STARTED") == {running}
    assert listed("task=other") == {other}
    assert listed("tag=b") == {tagged}
    assert listed("state=PENDING&task=count") == {plain, tagged}
    assert listed("tag=none") == set()
    assert listed("state=STARTED,PENDING&task=count") == {plain, tagged, running}
    assert listed("q=OTH") == {other}
    assert listed(f"q={running}") == {running}
    assert listed("q=oun&state=PENDING") == {plain, tagged}
    assert listed("state=&task=&tag=&page_size=&page_token=") == {plain, other, tagged, running}


@pytest.mark.parametrize("query", ["", "?task=count", "?state=SUCCESS"])
def test_a_list_leaves_large_arguments_and_results_to_the_jobs_own_addresses(
    client: FlaskClient, play: Any, query: str
) -> None:
    text = "x" * 100_000
    small, large = play.start(args_json='{"n":3}'), play.start(args_json=f'{{"text":"{text}"}}')
    play.settle(small)
    play.settle(large, result_json=f'"{text}"')

    answer = client.get(f"/status{query}")

    listed = [(job["args"], job["result"]) for job in answer.get_json()["jobs"]]
    links = answer.get_json()["jobs"][0]["links"]
    assert listed == [(None, None), ({"n": 3}, 42)]
    assert len(answer.get_data()) < 10_000
    assert client.get(links["self"]).get_json()["args"] == {"text": text}
    assert client.get(links["result"]).get_json() == text


def test_totals_count_every_job_whatever_the_filters(client: FlaskClient, play: Any) -> None:
    for state in (State.PENDING, State.PENDING, State.SUCCESS):
        play.in_state(state)

    totals = client.get("/status?state=FAILURE&page_size=1").get_json()["totals"]

    assert totals == dict.fromkeys(STATES, 0) | {"PENDING": 2, "SUCCESS": 1}


def test_pages_lead_to_every_job_once(client: FlaskClient, play: Any) -> None:
    ids = [play.submit() for _ in range(7)]

    seen, token = [], ""
    while token is not None:
        answer = client.get("/status", query_string={"page_size": 3, "page_token": token}).get_json()
        seen += [job["id"] for job in answer["jobs"]]
        play.submit()  # a new job does not move the pages
        token = answer["next_page_token"]

    assert seen == ids[::-1]


def test_a_head_request_answers_like_get_without_a_body(client: FlaskClient, play: Any) -> None:
    response = client.head(f"/status/{play.submit()}")

    assert (response.status_code, response.get_data()) == (200, b"")
    assert "ETag" in response.headers


def test_streams_open_are_counted(client: FlaskClient, hub: Hub, play: Any, app: Any) -> None:
    job = play.start()

    with hub.watch([job.id]):
        inside = hub.watcher_count

    assert (inside, hub.watcher_count) == (1, 0)


class _Unwatched(Hub):
    """A hub that nobody may wait on."""

    def watch(self, job_ids: Sequence[str]) -> Any:
        raise AssertionError("the request waits")
