"""Start the submit service: `python -m submit`."""

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
from submit.app import create_app  # noqa: E402
from submit.doorbell import build_doorbell  # noqa: E402
from submit.settings import SubmitSettings  # noqa: E402

REQUEST_SECONDS_AT_STOP = 5
"""More than any request takes; idle connections, which nobody closes, would hold the stop up for longer."""


def main() -> None:
    settings = read_settings(SubmitSettings, os.environ)
    configure_logs("submit", settings.log_format, settings.log_level)
    refuse_unfit_server(settings)
    refuse_busy_ports(settings, settings.submit_host, "submit_port", "submit_management_port")
    bind = f"{settings.submit_host}:{settings.submit_port}"
    # A request waits for one answer of Redis and does little else: greenlets cost half of what threads do.
    WebServer(
        partial(build, settings),
        bind,
        worker_class="gevent",
        worker_connections=settings.max_requests,
        graceful_timeout=REQUEST_SECONDS_AT_STOP,
    ).run()


def build(settings: SubmitSettings, stops: list[Stop]) -> object:
    """The application with its gateways; called in gunicorn's worker process."""
    registry = CollectorRegistry()
    process = ProcessMetrics(registry, "submit", settings.revision)
    stops.append(partial(process.draining.set, 1))
    client = connect(settings.redis_address, connection_class=UnpolledConnection)
    bare = RedisJobStore(client, prefix=settings.key_prefix, doorbell=build_doorbell(), shares_round_trips=True)
    store = measured(bare, registry)
    ready: dict[str, Check] = {"store": store.ping, "durability": partial(store.check_server, settings.durability)}
    management = ManagementServer(settings.submit_host, settings.submit_management_port, registry, ready=ready)
    management.start()
    return create_app(settings, store, registry, traces=create_traces("submit"))


if __name__ == "__main__":
    main()
