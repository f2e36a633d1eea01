"""A worker of stock Celery: `python -m stock`."""

from __future__ import annotations

import os

from stock.app import BROKER_VARIABLE, SLOTS_VARIABLE, create_app

if __name__ == "__main__":
    app = create_app(os.environ[BROKER_VARIABLE])
    slots = os.environ[SLOTS_VARIABLE]
    app.worker_main(
        [
            "worker",
            "--pool=prefork",
            f"--concurrency={slots}",
            "--loglevel=INFO",
            "--without-gossip",
            "--without-mingle",
        ]
    )
