"""Traces: one from the POST through the doorbell to the task, where OpenTelemetry is installed and told where to send.

An extra, `headway-chassis[tracing]`, set up by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`,
`OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME`, …). Without an endpoint nothing is imported and nothing is measured.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Literal, Protocol

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
MISSING = (
    "{name} is set, but OpenTelemetry is not installed here. Install it (pip install 'headway-chassis[tracing]'; "
    "for images: --build-arg TRACING=1), or leave the variable out."
)
Kind = Literal["server", "consumer"]


class Span(Protocol):
    """One piece of work; `end` it once."""

    @property
    def traceparent(self) -> str:
        """Its place in the trace (W3C Trace Context), for whoever goes on with it; empty without tracing."""

    @property
    def trace_id(self) -> str:
        """For the log; empty without tracing."""

    def end(self, error: str = "", **attributes: str | int) -> None:
        """`error` says what went wrong."""


class Traces(Protocol):
    def begin(self, name: str, kind: Kind, parent: str = "", **attributes: str | int) -> Span:
        """Begin a piece of work; `parent` is a traceparent, what cannot be read begins a new trace."""

    def flush(self) -> None:
        """Send what is not sent yet: this process ends."""


class _NoSpan:
    traceparent = trace_id = ""

    def end(self, error: str = "", **attributes: str | int) -> None: ...


class NoTraces:
    """What everybody gets who asked for no traces."""

    _span = _NoSpan()

    def begin(self, name: str, kind: Kind, parent: str = "", **attributes: str | int) -> Span:
        return self._span

    def flush(self) -> None: ...


NO_TRACES = NoTraces()


def create_traces(service: str) -> Traces:
    """Those that the environment asks for; call it in the process that works, after the fork."""
    if not asks_for_traces(os.environ):
        return NO_TRACES
    from chassis.otel_traces import OtelTraces

    return OtelTraces(service)


def asks_for_traces(environ: Mapping[str, str]) -> str:
    """The variable that asks for traces, or nothing."""
    return next((name for name in ENDPOINTS if environ.get(name)), "")


def missing_packages(environ: Mapping[str, str]) -> list[str]:
    """Why this process should not start: nobody would learn that there are no traces."""
    name = asks_for_traces(environ)
    is_lacking = name and not (find_spec("opentelemetry") and find_spec("opentelemetry.sdk"))
    return [MISSING.format(name=name)] if is_lacking else []
