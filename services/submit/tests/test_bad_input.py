"""What the submit service answers to requests that are wrong: the rows of the bad-input catalogue, by number.

Every refusal is a problem document that says what to do, and leaves nothing in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from headway.memory import MemoryJobStore

Refused = Callable[..., dict[str, Any]]

JSON = "application/json"


@pytest.fixture(autouse=True)
def _nothing_is_recorded(store: MemoryJobStore) -> Iterator[None]:
    yield
    assert sum(store.totals().values()) == 0


def _post(client: FlaskClient, body: bytes, content_type: str | None = JSON, **headers: str) -> Any:
    return client.post("/jobs", data=body, content_type=content_type, headers=headers)


# A. Any address


@pytest.mark.parametrize("path", ["/", "/nothing", "/jobs/x", "/tasks//x", "/../tasks", "/tasks/a/b", "/%00", "/%ff"])
def test_row_1_an_unknown_address_is_not_found(client: FlaskClient, refused: Refused, path: str) -> None:
    response = client.get(path)

    assert "/openapi/submit.json" in refused(response, 404, "not-found")["detail"]


def test_row_1_a_long_address_is_not_repeated_whole(client: FlaskClient, refused: Refused) -> None:
    response = client.get("/" + "a" * 3000)

    assert len(refused(response, 404, "not-found")["detail"]) < 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_rows_2_and_3_another_method_is_refused_and_told_the_right_one(
    client: FlaskClient, refused: Refused, method: str
) -> None:
    response = client.open("/jobs", method=method)

    refused(response, 405, "method-not-allowed")
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/jobs", "/longtask"])
def test_row_68_an_unknown_parameter_is_refused(client: FlaskClient, refused: Refused, path: str) -> None:
    response = client.post(f"{path}?task=x", json={"task": "anything"})

    refused(response, 400, "unknown-parameter")


def test_row_68_an_unknown_parameter_is_refused_for_a_problem_too(client: FlaskClient, refused: Refused) -> None:
    refused(client.get("/problems/not-found?a=1"), 400, "unknown-parameter")


@pytest.mark.parametrize("path", ["/jobs", "/longtask"])
def test_row_86_a_form_of_another_site_submits_nothing(client: FlaskClient, refused: Refused, path: str) -> None:
    response = client.post(path, json={"task": "anything"}, headers={"Sec-Fetch-Site": "cross-site"})

    refused(response, 403, "cross-site")


def test_row_3_connect_is_refused(client: FlaskClient, refused: Refused) -> None:
    refused(client.open("/tasks", method="CONNECT"), 405, "method-not-allowed")


def test_row_11_http_1_1_without_a_host_is_refused(client: FlaskClient, refused: Refused) -> None:
    response = client.get("/tasks", environ_overrides={"HTTP_HOST": ""})

    assert "Host" in refused(response, 400, "bad-request")["detail"]


def test_row_13_a_foreign_host_is_nowhere_repeated(client: FlaskClient, store: MemoryJobStore) -> None:
    response = client.get("/tasks/none", headers={"Host": "evil.example"})

    assert "evil" not in f"{response.headers} {response.get_data(as_text=True)}"


def test_row_14_a_whole_url_as_the_target_is_refused(client: FlaskClient, refused: Refused) -> None:
    response = client.get("/tasks", environ_overrides={"RAW_URI": "http://evil.example/tasks"})

    refused(response, 400, "bad-request")


def test_row_23_problems_are_json_for_browsers_too(client: FlaskClient, refused: Refused) -> None:
    refused(client.get("/nothing", headers={"Accept": "text/html"}), 404, "not-found")


def test_row_55_a_credential_in_the_url_is_refused_and_not_repeated(client: FlaskClient, refused: Refused) -> None:
    for name in ("api_key", "API_KEY", "access_token", "token", "password"):
        response = client.post(f"/longtask?{name}=s3cret-s3cret")

        assert "s3cret" not in str(refused(response, 400, "credential-in-url"))


def test_a_name_that_is_no_problem_type_is_not_found(client: FlaskClient, refused: Refused) -> None:
    refused(client.get("/problems/" + "x" * 500), 404, "not-found")


def test_a_task_that_nobody_announced_is_not_found(client: FlaskClient, refused: Refused) -> None:
    refused(client.get("/tasks/none"), 404, "task-not-found")


def test_a_parameter_that_is_not_known_is_refused(client: FlaskClient, refused: Refused) -> None:
    refused(client.get("/tasks?page=2"), 400, "unknown-parameter")
    refused(client.get("/tasks/anything?" + "x" * 3000), 400, "unknown-parameter")


# B. The body as JSON


@pytest.mark.parametrize("body", [b"", b"   ", b"\r\n\t"])
def test_row_25_an_empty_body_is_told_what_to_send(client: FlaskClient, refused: Refused, body: bytes) -> None:
    assert '{"task"' in refused(_post(client, body), 400, "empty-body")["detail"]


@pytest.mark.parametrize(
    "body", [b"{", b"{'task': 1}", b'{"task": "a",}', b"a=b", b"[1 2]", b'"\x01"', b'{"a": 01}', b"\x00", b'{"a"}']
)
def test_row_26_what_is_no_json_is_told_where_it_stops(client: FlaskClient, refused: Refused, body: bytes) -> None:
    detail = refused(_post(client, body), 400, "invalid-json")["detail"]

    assert "line 1, column" in detail


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "a" * 500]
)
def test_row_27_another_content_type_is_told_the_right_one(
    client: FlaskClient, refused: Refused, content_type: str | None
) -> None:
    response = _post(client, b"{}", content_type)

    assert "Content-Type: application/json" in refused(response, 415, "unsupported-media-type")["detail"]
    assert response.headers["Accept-Post"] == JSON


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "x" * 100])
def test_row_28_another_charset_is_refused(client: FlaskClient, refused: Refused, charset: str) -> None:
    refused(_post(client, b"{}", f"application/json; charset={charset}"), 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "body", [b'{"task": "\xff"}', b"\xc3", b'{"task": "\xed\xa0\x80"}', '{"task": "a"}'.encode("utf-16")]
)
def test_row_29_bytes_that_are_not_utf_8_are_refused(client: FlaskClient, refused: Refused, body: bytes) -> None:
    assert "byte " in refused(_post(client, body), 400, "invalid-encoding")["detail"]


def test_row_30_a_byte_order_mark_is_refused(client: FlaskClient, refused: Refused) -> None:
    refused(_post(client, b'\xef\xbb\xbf{"task": "anything"}'), 400, "invalid-encoding")


@pytest.mark.parametrize(
    "body",
    [
        rb'{"task": "anything", "args": {"a": "\ud800"}}',
        rb'{"task": "anything", "args": {"\udfff": 1}}',
        rb'{"task": "\ud800"}',
        rb'{"task": "anything", "tags": ["\ude00\ud83d"]}',
    ],
)
def test_row_31_half_a_surrogate_pair_is_refused(client: FlaskClient, refused: Refused, body: bytes) -> None:
    refused(_post(client, body), 400, "invalid-string")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999"])
def test_row_32_a_number_that_is_none_is_refused(client: FlaskClient, refused: Refused, number: bytes) -> None:
    refused(_post(client, b'{"task": "anything", "args": {"a": ' + number + b"}}"), 400, "invalid-number")


@pytest.mark.parametrize("number", [b"9" * 5000, b"-" + b"9" * 5000, b"18446744073709551616", b"-9223372036854775809"])
def test_row_33_a_whole_number_beyond_64_bits_is_refused(client: FlaskClient, refused: Refused, number: bytes) -> None:
    refused(_post(client, b'{"task": "anything", "args": {"a": ' + number + b"}}"), 400, "number-too-large")


@pytest.mark.parametrize("body", [b"[" * 5000, b"[" * 5000 + b"]" * 5000, b'{"a":' * 33 + b"1" + b"}" * 33])
def test_row_34_json_that_is_nested_too_deep_is_refused(client: FlaskClient, refused: Refused, body: bytes) -> None:
    assert "32" in refused(_post(client, body), 400, "json-too-deep")["detail"]


def test_row_34_brackets_inside_a_text_do_not_count(client: FlaskClient, refused: Refused) -> None:
    response = _post(client, orjson.dumps({"task": "none", "args": {"a": '\\"[{' * 100}}))

    refused(response, 422, "unknown-task")


def test_row_35_too_many_elements_are_refused(app: Any, client: FlaskClient, refused: Refused) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 3_000_000

    response = _post(client, b'{"task": "anything", "args": {"a": [' + b"1," * 1_000_000 + b"1]}}")

    assert "10,000" in refused(response, 400, "json-too-complex")["detail"]


def test_row_36_a_key_that_stands_twice_is_refused(client: FlaskClient, refused: Refused) -> None:
    body = b'{"task": "anything", "args": {"a": {"b": 1, "b": 1}}}'

    assert "'b'" in refused(_post(client, body), 400, "duplicate-key")["detail"]


def test_row_37_a_body_above_the_limit_is_told_the_limit(client: FlaskClient, refused: Refused) -> None:
    response = _post(client, b'"' + b"a" * 20_000 + b'"')

    assert "20000" in refused(response, 413, "payload-too-large")["detail"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity", "x" * 100])
def test_row_39_a_compressed_body_is_refused(client: FlaskClient, refused: Refused, encoding: str) -> None:
    response = _post(client, b"\x1f\x8b", **{"Content-Encoding": encoding})

    refused(response, 415, "unsupported-media-type")


# B. The body as a job


@pytest.mark.parametrize("body", [b"[]", b'"anything"', b"null", b"1", b"true"])
def test_row_40_a_body_that_is_no_object_is_refused(client: FlaskClient, refused: Refused, body: bytes) -> None:
    problem = refused(_post(client, body), 422, "validation-failed")

    assert problem["errors"][0]["pointer"] == ""
    assert '{"task"' in problem["detail"]


@pytest.mark.parametrize("task", ["nothing", "", "__import__", "celery.chord", "../../x", "Anything", "a\u0000", "<b>"])
def test_rows_41_and_42_a_task_that_nobody_announced_is_refused(
    client: FlaskClient, refused: Refused, task: str
) -> None:
    problem = refused(client.post("/jobs", json={"task": task}), 422, "unknown-task")

    assert problem["errors"][0]["pointer"] == "/task"
    assert "count_primes" not in problem["detail"]


@pytest.mark.parametrize(
    ("body", "slug", "pointers"),
    [
        ({}, "validation-failed", ["/task"]),
        ({"task": 1}, "validation-failed", ["/task"]),
        ({"task": None}, "validation-failed", ["/task"]),
        ({"task": "t", "args": []}, "validation-failed", ["/args"]),
        ({"task": "t", "args": None}, "validation-failed", ["/args"]),
        ({"task": "t", "countdown": -1}, "validation-failed", ["/countdown"]),
        ({"task": "t", "countdown": "60"}, "validation-failed", ["/countdown"]),
        ({"task": "t", "countdown": True}, "validation-failed", ["/countdown"]),
        ({"task": "t", "expires_in": 0}, "validation-failed", ["/expires_in"]),
        ({"task": "t", "timeout": 0}, "validation-failed", ["/timeout"]),
        ({"task": "t", "priority": "urgent"}, "validation-failed", ["/priority"]),
        ({"task": "t", "priority": 1}, "validation-failed", ["/priority"]),
        ({"task": "t", "queue": "queue@1"}, "validation-failed", ["/queue"]),
        ({"task": "t", "queue": "a\n"}, "validation-failed", ["/queue"]),
        ({"task": "t", "queue": ""}, "validation-failed", ["/queue"]),
        ({"task": "t", "queue": "a" * 64}, "validation-failed", ["/queue"]),
        ({"task": "t", "max_retries": 1.5}, "validation-failed", ["/max_retries"]),
        ({"task": "t", "max_retries": -1}, "validation-failed", ["/max_retries"]),
        ({"task": "t", "tags": "a"}, "validation-failed", ["/tags"]),
        ({"task": "t", "tags": [""]}, "validation-failed", ["/tags/0"]),
        ({"task": "t", "tags": ["a", {}]}, "validation-failed", ["/tags/1"]),
        ({"task": "t", "countdown": 1, "eta": "2999-01-01T00:00:00Z"}, "validation-failed", ["/eta"]),
        ({"task": 1, "args": 1, "tags": 1}, "validation-failed", ["/task", "/args", "/tags"]),
        ({"task": "t", "nothing": 1}, "validation-failed", ["/nothing"]),
        ({"task": "t", "call-back": 1}, "validation-failed", ["/call-back"]),
        ({"task": "t", "a/b~c": 1}, "validation-failed", ["/a~1b~0c"]),
        ({"task": "t", "": 1}, "validation-failed", ["/"]),
        ({"task": "t", "tenant": "a"}, "validation-failed", ["/tenant"]),
        ({"task": "t", "id": "a"}, "read-only-field", ["/id"]),
        ({"task": "t", "state": "SUCCESS", "result": 1}, "read-only-field", ["/state", "/result"]),
        ({"task": "t" * 101}, "limit-exceeded", ["/task"]),
        ({"task": "t", "countdown": 1e300}, "limit-exceeded", ["/countdown"]),
        ({"task": "t", "expires_in": 366 * 86400 + 1}, "limit-exceeded", ["/expires_in"]),
        ({"task": "t", "timeout": 7 * 86400 + 1}, "limit-exceeded", ["/timeout"]),
        ({"task": "t", "max_retries": 1_000_000}, "limit-exceeded", ["/max_retries"]),
        ({"task": "t", "tags": ["a"] * 11}, "limit-exceeded", ["/tags"]),
        ({"task": "t", "tags": ["a" * 65]}, "limit-exceeded", ["/tags/0"]),
    ],
)
def test_rows_43_to_47_every_wrong_field_is_named(
    client: FlaskClient, refused: Refused, body: dict[str, Any], slug: str, pointers: list[str]
) -> None:
    problem = refused(client.post("/jobs", json=body), 422, slug)

    assert sorted(error["pointer"] for error in problem["errors"]) == sorted(pointers)


@pytest.mark.parametrize(
    ("args", "pointers"),
    [
        ({}, ["/args/limit"]),
        ({"limit": 10, "more": 1}, ["/args/more"]),
        ({"limit": 10, "more": 1, "most": 2}, ["/args/more", "/args/most"]),
        ({"limit": 10, "m/o~re": 1}, ["/args/m~1o~0re"]),
        ({"limit": "10"}, ["/args/limit"]),
        ({"limit": None}, ["/args/limit"]),
        ({"limit": 1}, ["/args/limit"]),
        ({"limit": 1001}, ["/args/limit"]),
        ({"limit": 10.5}, ["/args/limit"]),
        ({"limit": 10, "label": "a" * 11}, ["/args/label"]),
        ({"limit": 10, "until": "not-a-date"}, ["/args/until"]),
        ({"limit": 1, "label": 1}, ["/args/limit", "/args/label"]),
    ],
)
def test_rows_43_to_45_arguments_that_do_not_fit_the_task_are_named(
    client: FlaskClient, refused: Refused, args: dict[str, Any], pointers: list[str]
) -> None:
    response = client.post("/jobs", json={"task": "count_primes", "args": args})

    problem = refused(response, 422, "validation-failed")
    assert sorted(error["pointer"] for error in problem["errors"]) == sorted(pointers)
    assert "count_primes" in problem["detail"]


def test_row_44_long_and_many_unknown_names_are_not_repeated_whole(client: FlaskClient, refused: Refused) -> None:
    long = client.post("/jobs", json={"task": "t", "a" * 10_000: 1})
    many = client.post("/jobs", json={"task": "t"} | {f"a{number}": 1 for number in range(500)})
    long_argument = client.post("/jobs", json={"task": "count_primes", "args": {"limit": 2, "a" * 10_000: 1}})

    assert len(refused(long, 422, "validation-failed")["errors"][0]["pointer"]) < 200
    assert len(refused(many, 422, "validation-failed")["errors"]) == 20
    assert len(refused(long_argument, 422, "validation-failed")["errors"][0]["pointer"]) < 200


@pytest.mark.parametrize(
    "key", ["", " ", "a" * 256, "a b", "a,b", "ä", '"', '""', '"a', 'a"', "a;b=1", "a\tb", "<script>"]
)
def test_row_48_a_malformed_key_is_refused(client: FlaskClient, refused: Refused, key: str) -> None:
    for path in ("/jobs", "/longtask"):
        response = client.post(path, json={"task": "anything"}, environ_overrides={"HTTP_IDEMPOTENCY_KEY": key})

        refused(response, 400, "invalid-idempotency-key")


def test_row_49_two_keys_are_refused(client: FlaskClient, refused: Refused) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]

    response = client.post("/jobs", json={"task": "anything"}, headers=headers)

    refused(response, 400, "invalid-idempotency-key")


@pytest.mark.parametrize(
    "eta",
    [
        "2001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        pytest.param((datetime.now(UTC) + timedelta(days=36525)).isoformat(), id="in a hundred years"),
        pytest.param((datetime.now(UTC) - timedelta(minutes=5)).isoformat(), id="five minutes ago"),
        "2030-01-31T12:00:00",
        "2030-01-31",
        "2030-02-30T12:00:00Z",
        "4102444800",
        "4102444800.5",
        "tomorrow",
        "",
        4102444800,
        -1e308,
        True,
        [],
    ],
)
def test_row_61_a_time_that_cannot_be_meant_is_refused(client: FlaskClient, refused: Refused, eta: Any) -> None:
    problem = refused(client.post("/jobs", json={"task": "anything", "eta": eta}), 422, "invalid-time")

    assert {error["pointer"] for error in problem["errors"]} == {"/eta"}


def test_row_62_ten_thousand_arguments_are_refused(app: Any, client: FlaskClient, refused: Refused) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000

    response = client.post("/jobs", json={"task": "anything", "args": {f"a{number}": 1 for number in range(10_000)}})

    refused(response, 400, "json-too-complex")
