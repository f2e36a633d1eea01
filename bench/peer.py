"""Start a peer under the very gunicorn settings of our services: `python bench/peer.py seed gevent 8080 redis:…`."""

from __future__ import annotations

import sys

if sys.argv[2:3] == ["gevent"]:
    from gevent import monkey

    monkey.patch_all()  # as in the status service: before anything imports threading or socket

from importlib import import_module
from typing import Any

from chassis.logs import configure_logs
from chassis.serve import WebServer

THREADS = 8
"""Of a gthread peer; our own services use gevent and have none."""
OPTIONS: dict[str, dict[str, Any]] = {
    "gthread": {"worker_class": "gthread", "threads": THREADS, "send_seconds": None},
    "gevent": {"worker_class": "gevent", "worker_connections": 6000},
}


def main() -> None:
    name, worker_class, port, redis_url = sys.argv[1:]
    # When gevent ends, each result object that Celery still holds complains; thousands of lines say nothing.
    sys.unraisablehook = lambda _: None
    configure_logs(name, "json", "warning")
    create_app = import_module(f"{name}_app").create_app
    WebServer(lambda stops: create_app(redis_url), f"127.0.0.1:{port}", **OPTIONS[worker_class]).run()


if __name__ == "__main__":
    main()
