"""What comes before Flask: requests that only a raw socket sends, to the service as it runs (rows 3 to 22 and 38)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

HOST = b"Host: localhost\r\n"
JOB = b'{"task": "anything"}'
CHUNKED = b"POST /jobs HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(autouse=True)
def _nothing_is_recorded(service: Any) -> Iterator[None]:
    before = service.store.totals()
    yield
    assert service.store.totals() == before


def _check_problem(answer: tuple[int, dict[str, str], bytes], status: int, slug: str = "bad-request") -> None:
    found, headers, body = answer
    assert found == status, body
    assert headers["content-type"] == "application/problem+json"
    problem = orjson.loads(body)
    assert (problem["status"], problem["type"]) == (status, f"/problems/{slug}")
    assert problem["instance"] == f"urn:request:{headers['x-request-id']}"
    assert len(problem["detail"]) > 20
    assert b"<html" not in body
    assert len(body) < 1000


def _job_with(header: bytes) -> bytes:
    length = b"Content-Length: %d\r\n" % len(JOB)
    return b"POST /jobs HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n" + length + header + b"\r\n" + JOB


def test_row_3_connect_is_refused(service: Any) -> None:
    answer = service.exchange(b"CONNECT example.com:443 HTTP/1.1\r\n" + HOST + b"\r\n")

    _check_problem(answer, 405, "method-not-allowed")


def test_row_3_trace_repeats_nothing(service: Any) -> None:
    answer = service.exchange(b"TRACE /tasks HTTP/1.1\r\n" + HOST + b"Cookie: s3cret\r\n\r\n")

    _check_problem(answer, 405, "method-not-allowed")
    assert b"s3cret" not in answer[2]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"get /tasks HTTP/1.1\r\n" + HOST + b"\r\n",
        _job_with(b"X-A: a\x00b\r\n"),
        _job_with(b"X-A: a\r\n b\r\n"),
        _job_with(b"X-A : a\r\n"),
        b"GET /tasks HTTP/1.1\r\n\r\n",
        _job_with(b"Host: localhost\r\n"),
        b"GET http://evil.example/tasks HTTP/1.1\r\n" + HOST + b"\r\n",
        _job_with(b"Transfer-Encoding: chunked\r\n"),
        _job_with(b"Content-Length: 3\r\n"),
        b"POST /jobs HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 1\r\n\r\n",
        b"GET /tasks HTTP/9.9\r\n" + HOST + b"\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500 + b"\r\n\r\n",
    ],
    ids=[
        "row 4: method in small letters",
        "row 8: NUL in a header",
        "row 9: folded header",
        "row 10: space before the colon",
        "row 11: no Host",
        "row 12: two Hosts",
        "row 14: a whole URL as the target",
        "row 15: length and transfer coding",
        "row 16: two lengths",
        "row 16: negative length",
        "row 16: list of lengths",
        "unknown version",
        "no target",
        "row 20: TLS",
    ],
)
def test_a_malformed_head_is_refused(service: Any, request_bytes: bytes) -> None:
    answer = service.exchange(request_bytes)

    _check_problem(answer, 400)


def test_row_5_a_request_line_above_4_kb_is_refused(service: Any) -> None:
    _check_problem(service.exchange(b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"), 414, "uri-too-long")


def test_row_6_too_many_headers_are_refused(service: Any) -> None:
    _check_problem(
        service.exchange(_job_with(b"".join(b"X-%d: a\r\n" % number for number in range(101)))),
        431,
        "headers-too-large",
    )


def test_row_7_a_header_above_8_kb_is_refused(service: Any) -> None:
    _check_problem(service.exchange(_job_with(b"X-A: " + b"a" * 9000 + b"\r\n")), 431, "headers-too-large")


def test_row_17_an_unknown_transfer_coding_is_refused(service: Any) -> None:
    request = b"POST /jobs HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n"

    _check_problem(service.exchange(request), 501)


def test_row_18_an_invalid_chunk_size_is_refused(service: Any) -> None:
    _check_problem(service.exchange(CHUNKED + b"ZZ\r\nabc\r\n0\r\n\r\n"), 400)


def test_row_19_a_body_that_breaks_off_is_refused(service: Any) -> None:
    _check_problem(service.exchange(CHUNKED + b"14\r\n" + JOB[:5], then_close=True), 400)


def test_row_19_a_body_shorter_than_declared_is_refused(service: Any) -> None:
    head = b"POST /jobs HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: 50\r\n\r\n"

    _check_problem(service.exchange(head + JOB, then_close=True), 400)


def test_row_21_a_header_with_an_underscore_is_ignored(service: Any) -> None:
    request = b"POST /jobs HTTP/1.1\r\n" + HOST + b"Content_Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

    _check_problem(service.exchange(request), 415, "unsupported-media-type")


def test_row_22_an_expectation_other_than_continue_is_refused(service: Any) -> None:
    _check_problem(service.exchange(_job_with(b"Expect: 200-ok\r\n")), 417)


def test_row_37_a_declared_body_above_the_limit_is_refused_before_it_is_sent(service: Any) -> None:
    head = b"POST /jobs HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: 99999999\r\n\r\n"

    _check_problem(service.exchange(head), 413, "payload-too-large")


def test_row_38_a_chunked_body_above_the_limit_is_refused(service: Any) -> None:
    chunk = b"1000\r\n" + b"a" * 4096 + b"\r\n"

    _check_problem(service.exchange(CHUNKED, *[chunk] * 6), 413, "payload-too-large")


def test_row_38_a_chunked_job_with_spaces_up_to_the_limit_and_more_behind_is_refused(service: Any) -> None:
    body = JOB + b" " * (20_000 - len(JOB)) + b"more"

    answer = service.exchange(CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    _check_problem(answer, 413, "payload-too-large")


def test_row_49_two_keys_are_refused(service: Any) -> None:
    answer = service.exchange(_job_with(b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n"))

    _check_problem(answer, 400, "invalid-idempotency-key")


def test_a_client_that_leaves_in_the_middle_harms_nobody(service: Any) -> None:
    for sent in (b"", b"POST", CHUNKED, CHUNKED + b"14\r\n"):
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(sent)

    status, _, body = service.exchange(b"GET /tasks HTTP/1.1\r\n" + HOST + b"\r\n")

    assert (status, len(orjson.loads(body)["tasks"])) == (200, 2)
