"""Traces: none without asking, one through all of it with OpenTelemetry."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

import chassis.tracing
from chassis.otel_traces import OtelTraces
from chassis.tracing import NO_TRACES, create_traces, missing_packages
from chassis.web import create_web_app

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE_ID = PARENT.split("-")[1]


@pytest.fixture
def sent() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traces(sent: InMemorySpanExporter) -> OtelTraces:
    return OtelTraces("sample", sent)


@pytest.fixture
def client(traces: OtelTraces) -> FlaskClient:
    app = create_web_app("sample", "Sample", CollectorRegistry(), traces=traces)
    app.get("/fine/<name>", endpoint="fine")(lambda name: name)
    app.get("/bug", endpoint="bug")(lambda: 1 // 0)
    return app.test_client()


def test_who_asks_for_no_traces_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)

    traces = create_traces("sample")
    span = traces.begin("work", "server", PARENT)
    span.end()

    assert traces is NO_TRACES
    assert (span.traceparent, span.trace_id) == ("", "")


def test_who_asks_for_traces_without_the_packages_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chassis.tracing, "find_spec", lambda name: None)

    mistakes = missing_packages({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})

    assert "not installed" in mistakes[0]
    assert missing_packages({}) == []


def test_a_request_goes_on_with_the_trace_that_it_names(
    client: FlaskClient, traces: OtelTraces, sent: InMemorySpanExporter
) -> None:
    client.get("/fine/a", headers={"traceparent": PARENT, "X-Request-ID": "r-1"})
    traces.flush()

    (span,) = sent.get_finished_spans()
    assert span.name == "GET /fine/<name>"
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert dict(span.attributes or {}) == {"http.response.status_code": 200, "headway.request_id": "r-1"}


@pytest.mark.parametrize("nonsense", ["", "00-zz", "a" * 1000, PARENT.replace("0af", "000") + "-x"])
def test_a_request_with_nonsense_begins_a_trace_of_its_own(
    client: FlaskClient, traces: OtelTraces, sent: InMemorySpanExporter, nonsense: str
) -> None:
    response = client.get("/fine/a", headers={"traceparent": nonsense})
    traces.flush()

    assert response.status_code == 200
    assert len(sent.get_finished_spans()) == 1


def test_a_failure_of_the_service_marks_its_span(
    client: FlaskClient, traces: OtelTraces, sent: InMemorySpanExporter
) -> None:
    client.get("/bug")
    traces.flush()

    (span,) = sent.get_finished_spans()
    assert not span.status.is_ok
    assert span.status.description == "500 INTERNAL SERVER ERROR"


def test_whoever_goes_on_with_the_work_is_in_the_same_trace(traces: OtelTraces, sent: InMemorySpanExporter) -> None:
    post = traces.begin("POST /jobs", "server", PARENT)
    run = traces.begin("run count", "consumer", post.traceparent)

    run.end()
    post.end()
    traces.flush()

    first, second = sent.get_finished_spans()
    assert post.trace_id == run.trace_id == TRACE_ID
    assert first.parent is not None
    assert first.parent.span_id == second.context.span_id
