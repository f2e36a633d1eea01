"""Start the status service: `python -m status`."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()  # before anything imports ssl, threading or socket

import os  # noqa: E402
from functools import partial  # noqa: E402

from prometheus_client import CollectorRegistry  # noqa: E402

from chassis.fitness import refuse_busy_ports, refuse_unfit_server  # noqa: E402
from chassis.health import Check, ManagementServer  # noqa: E402
from chassis.logs import configure_logs  # noqa: E402
from chassis.measured_store import measured  # noqa: E402
from chassis.process_metrics import ProcessMetrics  # noqa: E402
from chassis.serve import Stop, WebServer  # noqa: E402
from chassis.settings import read_settings  # noqa: E402
from chassis.tracing import create_traces  # noqa: E402
from headway.connection import UnpolledConnection, connect  # noqa: E402
from headway.redis_store import RedisJobStore  # noqa: E402
from status.app import create_app  # noqa: E402
from status.hub import Hub  # noqa: E402
from status.settings import StatusSettings  # noqa: E402

STREAM_SECONDS_AT_STOP = 5


def main() -> None:
    settings = read_settings(StatusSettings, os.environ)
    configure_logs("status", settings.log_format, settings.log_level)
    refuse_unfit_server(settings)
    refuse_busy_ports(settings, settings.status_host, "status_port", "status_management_port")
    WebServer(
        partial(build, settings),
        f"{settings.status_host}:{settings.status_port}",
        worker_class="gevent",
        worker_connections=settings.max_streams + 1000,
        send_seconds=settings.send_seconds,
        graceful_timeout=STREAM_SECONDS_AT_STOP,
    ).run()


def build(settings: StatusSettings, stops: list[Stop]) -> object:
    """The application with its gateways; called in gunicorn's worker process."""
    registry = CollectorRegistry()
    process = ProcessMetrics(registry, "status", settings.revision)
    client = connect(settings.redis_address, connection_class=UnpolledConnection)
    store = measured(RedisJobStore(client, prefix=settings.key_prefix, shares_round_trips=True), registry)
    hub = Hub(store, settings.path_prefix)
    hub.start()
    # Watchers reconnect elsewhere, and those who measure know that this replica goes.
    stops += [hub.stop, partial(process.draining.set, 1)]
    ready: dict[str, Check] = {"store": store.ping, "durability": partial(store.check_server, settings.durability)}
    management = ManagementServer(settings.status_host, settings.status_management_port, registry, ready=ready)
    management.start()
    return create_app(settings, store, hub, registry, store.server_figures, create_traces("status"))


if __name__ == "__main__":
    main()
