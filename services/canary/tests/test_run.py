"""One run: what it notes when all is well, and what it calls the ways in which it is not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from canary.metrics import Outcome
from local.ports import free_ports

RunOnce = Callable[..., Outcome]
STAGES = ("accepted", "first_event", "started", "finished")


def answer(handler: BaseHTTPRequestHandler, status: int, document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def accept(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 202, {"id": "job-1", "state": "PENDING"})


def stream(*blocks: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """A stream of these events, which the server then closes."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        for block in blocks:
            handler.wfile.write(f"{block}\n\n".encode())
        handler.close_connection = True

    return send


def event(name: str, number: str, **data: Any) -> str:
    return f"event: {name}\nid: {number}\ndata: {json.dumps(data)}"


WHOLE = (
    "retry: 2000",
    event("snapshot", "1", state="PENDING"),
    ": keep",
    event("update", "3", state="PROGRESS", current=1),
    event("log", "3/1-1", line="1-1", text="hello"),
    event("update", "4", state="SUCCESS"),
    event("end", "4/end", state="SUCCESS"),
)


def counted(registry: CollectorRegistry) -> dict[str, float]:
    """The runs by their outcome, those that there were."""
    found = {
        outcome.value: registry.get_sample_value("headway_canary_runs_total", {"outcome": outcome.value})
        for outcome in Outcome
    }
    assert None not in found.values(), "every outcome stands at 0 from the start"
    return {name: value for name, value in found.items() if value}


def reached(registry: CollectorRegistry) -> list[str]:
    def count(stage: str) -> float | None:
        return registry.get_sample_value("headway_canary_stage_seconds_count", {"stage": stage})

    assert None not in map(count, STAGES), "every stage stands at 0 from the start"
    return [stage for stage in STAGES if count(stage) == 1]


def last_success(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("headway_canary_last_success_timestamp_seconds")


def test_a_job_goes_through_the_whole_of_a_real_stack(
    run: RunOnce, stack_url: str, registry: CollectorRegistry
) -> None:
    before = time.time()
    assert last_success(registry) == 0

    outcome = run(stack_url, seconds=60)

    sums = [registry.get_sample_value("headway_canary_stage_seconds_sum", {"stage": stage}) or 0 for stage in STAGES]
    assert outcome is Outcome.SUCCEEDED
    assert counted(registry) == {"succeeded": 1}
    assert reached(registry) == list(STAGES)
    assert 0 < sums[0] <= sums[1] <= sums[3] < 60
    assert (last_success(registry) or 0) >= before


def test_each_run_submits_a_job_of_its_own(run: RunOnce, serve: Callable[..., str]) -> None:
    keys = []

    def note(handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        keys.append((handler.headers["Idempotency-Key"], handler.headers["X-Request-ID"], body["task"], handler.path))
        accept(handler)

    url = serve(note, stream(*WHOLE))
    run(url + "/tools/headway")
    run(url)

    (first, first_id, task, path), (second, *_) = keys
    assert first != second
    assert (first_id, task, path) == (first, "headway.canary", "/tools/headway/jobs")


def test_a_job_that_is_not_accepted_is_refused_and_it_is_said_why(
    run: RunOnce, serve: Callable[..., str], registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    url = serve(lambda handler: answer(handler, 503, {"detail": "Redis is away."}), stream())

    assert run(url) is Outcome.REFUSED
    assert counted(registry) == {"refused": 1}
    assert reached(registry) == []
    assert last_success(registry) == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_at_the_address_is_a_refusal(run: RunOnce, scheme: str) -> None:
    assert run(f"{scheme}://127.0.0.1:{free_ports(1)[0]}") is Outcome.REFUSED


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff"])
def test_an_acceptance_that_cannot_be_understood_is_a_refusal(
    run: RunOnce, serve: Callable[..., str], body: bytes
) -> None:
    def mumble(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(202)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    assert run(serve(mumble, stream())) is Outcome.REFUSED


@pytest.mark.parametrize(
    "end", [event("end", "4/end", state="FAILURE"), event("missing", "", status=410, detail="gone")]
)
def test_a_job_that_ends_otherwise_has_failed(
    run: RunOnce, serve: Callable[..., str], registry: CollectorRegistry, end: str
) -> None:
    url = serve(accept, stream(WHOLE[1], end))

    assert run(url) is Outcome.FAILED
    assert counted(registry) == {"failed": 1}


def test_a_stream_that_is_cut_is_taken_up_where_it_was(run: RunOnce, serve: Callable[..., str]) -> None:
    begun_after = []

    def send(handler: BaseHTTPRequestHandler) -> None:
        begun_after.append(handler.headers["Last-Event-ID"])
        part = WHOLE[:4] if len(begun_after) == 1 else WHOLE[4:]
        stream(*part)(handler)

    assert run(serve(accept, send)) is Outcome.SUCCEEDED
    assert begun_after == [None, "3"]


def test_a_stream_that_is_refused_for_a_moment_is_asked_for_again(run: RunOnce, serve: Callable[..., str]) -> None:
    statuses = iter([503, 429])

    def send(handler: BaseHTTPRequestHandler) -> None:
        status = next(statuses, 200)
        if status == 200:
            stream(*WHOLE)(handler)
        else:
            answer(handler, status, {"detail": "Not now."})

    assert run(serve(accept, send)) is Outcome.SUCCEEDED


def silent(handler: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(30)


def dribble(handler: BaseHTTPRequestHandler) -> None:
    """A server that never stops saying something, and never says anything."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b":")
        handler.wfile.flush()
        threading.Event().wait(0.05)


@pytest.mark.parametrize(
    ("post", "get"),
    [(silent, silent), (accept, silent), (accept, dribble), (accept, stream(WHOLE[1]))],
    ids=["no answer", "no stream", "a stream of nothing", "a job that nobody runs"],
)
def test_a_run_ends_at_its_deadline(
    run: RunOnce, serve: Callable[..., str], registry: CollectorRegistry, post: Any, get: Any
) -> None:
    began = time.monotonic()

    outcome = run(serve(post, get), seconds=1)

    assert outcome is Outcome.TIMED_OUT
    assert 0.9 < time.monotonic() - began < 5
    assert counted(registry) == {"timed_out": 1}
