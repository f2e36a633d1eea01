"""The store with a clock beside it: how long Redis takes, as its client sees it, and whether it answers at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from headway.problem import Problem, StoreUnavailable
from headway.store import JobStore

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
OPERATIONS = tuple(name for name in vars(JobStore) if not name.startswith("_") and name not in ("changes", "place"))
"""All that ask Redis once; a feed of changes waits, and a place is one of `places`."""
S = TypeVar("S")


def measured(store: S, registry: CollectorRegistry) -> S:
    """The same store; every question and every move of it is timed."""
    return cast(S, _MeasuredStore(store, registry))


class _MeasuredStore:
    def __init__(self, store: Any, registry: CollectorRegistry) -> None:
        self._store = store
        self._up = Gauge("headway_store_up", "1 when Redis answered the last question.", registry=registry)
        self._seconds = Histogram(
            "headway_store_duration_seconds", "Time to answer.", ["operation"], buckets=BUCKETS, registry=registry
        )
        self._errors = Counter("headway_store_errors", "No answer.", ["operation"], registry=registry)
        for operation in OPERATIONS:
            setattr(self, operation, self._measured(operation, getattr(store, operation)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _measured(self, operation: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        errors = self._errors.labels(operation)

        @cache
        def seconds() -> Histogram:  # only of what this process asks: each is a dozen series
            return self._seconds.labels(operation)

        @wraps(ask)
        def timed(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                answer = ask(*arguments, **options)
            except StoreUnavailable as problem:
                errors.inc()
                self._up.set(problem.slug == "storage-full")  # who says that it is full is there
                raise
            except Problem:
                self._answered(seconds(), began)
                raise
            self._answered(seconds(), began)
            return answer

        return timed

    def _answered(self, seconds: Histogram, began: float) -> None:
        self._up.set(1)
        seconds.observe(time.perf_counter() - began)
