"""Starts a worker of stock Celery in a process whose wall clock is wrong; see `skewed_worker`."""

from __future__ import annotations

from skewed_worker import main

if __name__ == "__main__":
    main("stock")
