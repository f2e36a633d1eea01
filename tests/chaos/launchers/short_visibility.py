"""Starts the worker service with a broker that gives messages back after two seconds instead of a day."""

from __future__ import annotations

import runpy
from typing import Any

import worker.app

SHORT = {"visibility_timeout": 2, "unacked_restore_interval": 1, "unacked_restore_throttle": 1}


def main() -> None:
    create = worker.app.create_celery

    def create_with_short_visibility(*args: Any, **named: Any) -> Any:
        app = create(*args, **named)
        app.conf.broker_transport_options = {**app.conf.broker_transport_options, **SHORT}
        return app

    worker.app.create_celery = create_with_short_visibility
    runpy.run_module("worker", run_name="__main__")


if __name__ == "__main__":
    main()
