"""Wire the submit service: a store, what is announced, and the routes."""

from __future__ import annotations

from apiflask import APIFlask
from prometheus_client import CollectorRegistry

from chassis.tracing import NO_TRACES, Traces
from chassis.web import create_web_app, register_routes
from headway.store import JobStore
from submit.announced import Announced
from submit.control import control_routes
from submit.many import many_routes
from submit.metrics import SubmitMetrics
from submit.routes import submit_routes
from submit.settings import SubmitSettings
from submit.spec import describe


def create_app(
    settings: SubmitSettings, store: JobStore, registry: CollectorRegistry, *, traces: Traces = NO_TRACES
) -> APIFlask:
    """The application; every gateway is passed in."""
    app = create_web_app("submit", "Headway submit", registry, traces=traces)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["SERVERS"] = [{"url": settings.path_prefix or "/"}]
    announced = Announced(store)
    metrics, root = SubmitMetrics(registry), settings.path_prefix
    routes = submit_routes(store, announced, metrics, root), control_routes(store, announced, root), many_routes(store)
    register_routes(app, *routes)
    app.spec_processor(describe)  # type: ignore[arg-type]  # ours is never YAML text
    return app
