"""Traces with OpenTelemetry's SDK; imported only where they are asked for."""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.tracing import Kind, Span

FLUSH_MILLISECONDS = 3000
KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER}
_context = TraceContextTextMapPropagator()


class OtelTraces:
    """Sends in the background, so that no request and no job waits for it."""

    def __init__(self, service: str, exporter: SpanExporter | None = None) -> None:
        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say more, and win.
        self._provider = TracerProvider(
            resource=Resource({"service.name": f"headway-{service}"}).merge(Resource.create())
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("headway")

    def begin(self, name: str, kind: Kind, parent: str = "", **attributes: str | int) -> Span:
        context = _context.extract({"traceparent": parent}) if parent else None
        return _Span(self._tracer.start_span(name, context, KINDS[kind], attributes))

    def flush(self) -> None:
        self._provider.force_flush(FLUSH_MILLISECONDS)


class _Span:
    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        _context.inject(carrier, set_span_in_context(self._span))
        return carrier.get("traceparent", "")

    @property
    def trace_id(self) -> str:
        return format_trace_id(self._span.get_span_context().trace_id)

    def end(self, error: str = "", **attributes: str | int) -> None:
        self._span.set_attributes(attributes)
        if error:
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end()
