"""Start the status service: `python -m status`."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()  # before anything imports ssl, threading or socket

import os  # noqa: E402
import signal  # noqa: E402
from functools import partial  # noqa: E402
from typing import Any  # noqa: E402

from prometheus_client import CollectorRegistry  # noqa: E402

from chassis.fitness import refuse_busy_ports, refuse_unfit_server  # noqa: E402
from chassis.health import Check, ManagementServer  # noqa: E402
from chassis.logs import configure_logs  # noqa: E402
from chassis.serve import WebServer  # noqa: E402
from chassis.settings import read_settings  # noqa: E402
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
    hubs: list[Hub] = []
    WebServer(
        partial(build, settings, hubs),
        f"{settings.status_host}:{settings.status_port}",
        worker_class="gevent",
        worker_connections=settings.max_streams + 1000,
        send_seconds=settings.send_seconds,
        graceful_timeout=STREAM_SECONDS_AT_STOP,
        post_worker_init=partial(_stop_with, hubs),
    ).run()


def build(settings: StatusSettings, hubs: list[Hub]) -> object:
    """The application with its gateways; called in gunicorn's worker process."""
    registry = CollectorRegistry()
    client = connect(settings.redis_address, connection_class=UnpolledConnection)
    store = RedisJobStore(client, prefix=settings.key_prefix, shares_round_trips=True)
    hub = Hub(store, settings.path_prefix)
    hub.start()
    hubs.append(hub)
    ready: dict[str, Check] = {"store": store.ping, "durability": partial(store.check_server, settings.durability)}
    management = ManagementServer(settings.status_host, settings.status_management_port, registry, ready=ready)
    management.start()
    return create_app(settings, store, hub, registry)


def _stop_with(hubs: list[Hub], worker: Any) -> None:
    """Close the streams as soon as gunicorn asks its worker to stop: watchers reconnect elsewhere."""

    stop = worker.handle_exit

    def stop_streams_too(number: int, frame: Any) -> None:
        for hub in hubs:
            hub.stop()
        stop(number, frame)

    signal.signal(signal.SIGTERM, stop_streams_too)


if __name__ == "__main__":
    main()
