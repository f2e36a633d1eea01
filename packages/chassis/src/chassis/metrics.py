"""HTTP metrics that every web service has, labelled by route template and never by id."""

from __future__ import annotations

from flask import Flask, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from headway.figures import OTHER

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
FORESEEN = {"GET": (200, 304, 404, 500, 503), "POST": (200, 202, 400, 422, 500, 503)}
"""Answers that stand at 0 before the first of them: else the first failure would not be seen as a rise."""


class HttpMetrics:
    """Counts requests and times answers (a stream counts until its head is sent)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter("http_requests", "Requests answered.", ["method", "route", "status"], registry=registry)
        self.seconds = Histogram(
            "http_request_duration_seconds", "Time to answer.", ["method", "route"], buckets=BUCKETS, registry=registry
        )
        self.in_progress = Gauge("http_requests_in_progress", "Requests without an answer yet.", registry=registry)
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def foresee(self, app: Flask) -> None:
        """Have a series for every route of the application."""
        for rule in app.url_map.iter_rules():
            for method in (rule.methods or set()) & FORESEEN.keys():
                for status in FORESEEN[method]:
                    self._children(method, rule.rule, status)

    def count(self, request: Request, response: Response, seconds: float) -> None:
        """Note one answered request."""
        route = request.url_rule.rule if request.url_rule else "unknown"
        method = request.method if request.method in METHODS else OTHER
        requests, durations = self._children(method, route, response.status_code)
        requests.inc()
        durations.observe(seconds)

    def _children(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        """Finding a label's child costs more than counting: once found it is kept. Routes are few."""
        key = (method, route, status)
        if key not in self._known:
            self._known[key] = (self.requests.labels(method, route, str(status)), self.seconds.labels(method, route))
        return self._known[key]
