"""Wire the status service: a store, the hub that follows it, and the routes."""

from __future__ import annotations

from collections.abc import Callable

from apiflask import APIFlask
from prometheus_client import CollectorRegistry

from chassis.tracing import NO_TRACES, Traces
from chassis.web import create_web_app, register_routes
from headway.redis_figures import ServerFigures
from headway.store import JobStore
from status.figures import JobFigures
from status.hub import Hub
from status.metrics import StreamMetrics
from status.routes import status_routes
from status.settings import StatusSettings
from status.spec import describe


def create_app(
    settings: StatusSettings,
    store: JobStore,
    hub: Hub,
    registry: CollectorRegistry,
    server: Callable[[], ServerFigures | None] = lambda: None,
    traces: Traces = NO_TRACES,
) -> APIFlask:
    """The application; every gateway is passed in, `server` to ask Redis about itself."""
    metrics = StreamMetrics(registry, settings.max_streams, lambda: hub.watcher_count)
    registry.register(JobFigures(store, server, metrics.set_clock))
    app = create_web_app("status", "Headway status", registry, traces=traces)
    app.config["SERVERS"] = [{"url": settings.path_prefix or "/"}]
    register_routes(app, status_routes(settings, store, hub, metrics))
    app.spec_processor(describe)  # type: ignore[arg-type]  # ours is never YAML text
    return app
