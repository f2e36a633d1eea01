"""One request can be followed through all processes: by its ids in their logs, and as one trace."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


@dataclass
class Collector:
    """What OpenTelemetry's exporters sent, over HTTP as a real collector gets it."""

    url: str = ""
    spans: dict[str, Any] = field(default_factory=dict)
    """By their names; those of this trace only."""

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans |= {span.name: span for span in scope.spans if span.trace_id.hex() == TRACE_ID}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def traced(start_lasting_stack: Callable[..., Any], collector: Collector) -> Iterator[Any]:
    """A stack that logs for machines and sends its traces."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        yield start_lasting_stack(tasks="trial_tasks", log_format="json")


@pytest.fixture
def client(traced: Any, connect: Callable[..., Any]) -> Any:
    return connect(traced.url)


@pytest.fixture
def lines_of(traced: Any) -> Callable[[str], list[dict[str, Any]]]:
    """What was logged with this request's id, in order."""

    def find(request_id: str) -> list[dict[str, Any]]:
        lines = re.findall(r"^\S+ +\| (\{.*)$", traced.log, re.MULTILINE)
        return [line for line in map(json.loads, lines) if line.get("request_id") == request_id]

    return find


def test_the_logs_of_submit_and_worker_share_the_ids_of_a_request(
    client: Any, lines_of: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    job = client.run("misbehave", args={"action": "fail"}, headers={"X-Request-ID": "logged-1"})

    lines = wait_until(lambda: (found := lines_of("logged-1")) and found[-1]["event"] == "job settled" and found)
    assert [line["event"] for line in lines] == ["job accepted", "job started", "task failed", "job settled"]
    assert [line["service"] for line in lines] == ["submit", "worker", "worker", "worker"]
    assert {line["job_id"] for line in lines} == {job["id"]}
    assert {line["attempt"] for line in lines[1:]} == {1}
    assert "Traceback" in lines[2]["traceback"]


def test_every_attempt_of_a_job_has_the_id_of_the_first_request(
    client: Any, lines_of: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    client.run("misbehave", args={"action": "fail"}, headers={"X-Request-ID": "logged-2"}, max_retries=1)

    started = wait_until(
        lambda: len(found := [line for line in lines_of("logged-2") if line["event"] == "job started"]) == 2 and found
    )
    assert [line["attempt"] for line in started] == [1, 2]


def test_one_trace_leads_from_the_post_to_the_task(
    client: Any, collector: Collector, wait_until: Callable[..., Any], lines_of: Callable[..., Any]
) -> None:
    job = client.run("misbehave", args={"action": "fail"}, headers={"traceparent": PARENT, "X-Request-ID": "traced-1"})

    wait_until(lambda: {"POST /jobs", "run misbehave"} <= collector.spans.keys(), what="both spans")
    post, run = collector.spans["POST /jobs"], collector.spans["run misbehave"]
    attributes = {each.key: each.value.string_value for each in run.attributes}
    assert post.parent_span_id.hex() == PARENT.split("-")[2]
    assert run.parent_span_id == post.span_id
    assert attributes["headway.job_id"] == job["id"]
    assert run.status.message == "FAILURE"
    assert {line["trace_id"] for line in lines_of("traced-1")} == {TRACE_ID}
