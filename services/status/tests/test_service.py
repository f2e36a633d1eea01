"""The status service as it runs: gunicorn with gevent, over a real store."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Callable
from typing import Any

import orjson

from headway.job import State

BAD_HEADS = {
    b"get /status HTTP/1.1\r\nHost: a\r\n\r\n": 400,
    b"GET /status HTTP/1.1\r\nConnection: close\r\n\r\n": 400,
    b"GET /status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": 400,
    b"GET http://evil.example/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n": 400,
    b"GET /status HTTP/1.1\r\nHost: a\r\nX-A: \x00\r\n\r\n": 400,
    b"GET /status HTTP/1.1\r\nHost: a\r\nX-A: a\r\n b\r\n\r\n": 400,
    b"GET /status HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n": 501,
    b"GET /status HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n": 417,
    b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n": 414,
    b"GET /status HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 9000 + b"\r\n\r\n": 431,
    b"TRACE /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n": 405,
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n": 405,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500 + b"\r\n\r\n": 400,
}


def test_what_the_server_itself_refuses_is_a_problem_too(service: Any) -> None:
    for request, status in BAD_HEADS.items():
        head, _, body = service.exchange(request).partition(b"\r\n\r\n")

        assert head.startswith(b"HTTP/1.1 %d " % status), (request[:60], head)
        assert b"application/problem+json" in head
        assert orjson.loads(body)["status"] == status


def test_a_stream_is_followed_over_http_and_closed_when_the_service_stops(
    begin_service: Callable[[], Any],
) -> None:
    service = begin_service()
    job = service.play.start()
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    connection.request("GET", f"/status/{job.id}/events")
    response = connection.getresponse()
    received = b""
    while b"event: snapshot" not in received:
        received += response.read1(65536)

    service.play.report(job, 5, "a line")
    while b"event: log" not in received:
        received += response.read1(65536)
    began = time.monotonic()
    service.process.terminate()
    rest = response.read()
    connection.close()

    assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert b"event: end" not in rest
    last_pause = re.findall(rb"^retry: (\d+)$", received + rest, re.MULTILINE)[-1]
    assert 1 <= int(last_pause) <= 2000
    assert rest.endswith(b"retry: %s\n\n" % last_pause)
    assert time.monotonic() - began < 15  # and not only when gunicorn loses its patience
    assert service.process.wait(30) == 0


def test_an_ended_job_is_told_whole(service: Any) -> None:
    job_id = service.play.in_state(State.SUCCESS)

    request = f"GET /status/{job_id}/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = service.exchange(request.encode())

    assert answer.count(b"event: snapshot") == answer.count(b"event: end") == 1


def test_row_79_a_client_that_stops_reading_is_dropped_and_its_place_is_free(
    begin_service: Callable[..., Any], until: Callable[..., None]
) -> None:
    service = begin_service(send_seconds=0.5)
    job_id = service.play.submit(args_json=orjson.dumps({"text": "x" * 16_000_000}).decode())  # more than sockets hold
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(f"GET /status/{job_id}/events HTTP/1.1\r\nHost: a\r\n\r\n".encode())

        until(lambda: service.figure('headway_streams_closed_total{reason="client"}') == 1)

        assert service.streams_open == 0
        while connection.recv(1 << 20):  # it ends: what was on the way, then nothing
            pass


def test_a_quiet_stream_is_not_taken_for_one_that_nobody_reads(
    begin_service: Callable[..., Any], until: Callable[..., None]
) -> None:
    service = begin_service(send_seconds=0.2, keep_alive_seconds=0.5)
    job = service.play.start()
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", f"/status/{job.id}/events")
    response = connection.getresponse()

    received = b""
    while received.count(b": keep-alive") < 3:
        received += response.read1(65536)

    assert service.streams_open == 1
    connection.close()
    until(lambda: service.streams_open == 0)


def test_a_connection_may_rest_between_two_requests(begin_service: Callable[..., Any]) -> None:
    hasty = begin_service(send_seconds=0.1)
    connection = http.client.HTTPConnection("127.0.0.1", hasty.port, timeout=10)
    connection.request("GET", "/status")
    connection.getresponse().read()
    opened = connection.sock

    job = hasty.play.start()
    connection.request("GET", f"/status/{job.id}", headers={"Prefer": "wait=1"})  # rests longer than a send may take
    connection.getresponse().read()
    connection.request("GET", "/status")
    answer = connection.getresponse()

    assert answer.status == 200
    assert connection.sock is opened
    connection.close()
