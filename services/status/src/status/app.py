"""Wire the status service: a store, the hub that follows it, and the routes."""

from __future__ import annotations

from apiflask import APIFlask
from prometheus_client import CollectorRegistry, Gauge

from chassis.web import create_web_app
from headway.store import JobStore
from status.hub import Hub
from status.routes import status_routes
from status.settings import StatusSettings
from status.spec import describe


def create_app(settings: StatusSettings, store: JobStore, hub: Hub, registry: CollectorRegistry) -> APIFlask:
    """The application; every gateway is passed in."""
    app = create_web_app("status", "Headway status", registry)
    app.config["SERVERS"] = [{"url": settings.path_prefix or "/"}]
    app.register_blueprint(status_routes(settings, store, hub))
    app.spec_processor(describe)  # type: ignore[arg-type]  # ours is never YAML text
    streams = Gauge("headway_streams_open", "Streams and long polls open now.", registry=registry)
    streams.set_function(lambda: hub.watcher_count)
    return app
