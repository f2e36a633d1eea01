"""Starts the worker service in a process whose wall clock is wrong: `CHAOS_CLOCK=3600` or `3600,-3600,/a/file`.

The second form steps: the first offset in seconds until the file exists, then the
second one. Monotonic clocks are left alone, as a wrong wall clock leaves them.
"""

from __future__ import annotations

import datetime
import os
import runpy
import time
from typing import Any

_time, _time_ns = time.time, time.time_ns
_real = datetime.datetime
_words = os.environ["CHAOS_CLOCK"].split(",")


def offset_seconds() -> float:
    has_stepped = len(_words) == 3 and os.path.exists(_words[2])
    return float(_words[1] if has_stepped else _words[0])


class _KindOfDatetime(type):
    """Real datetimes count as instances of the skewed class."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _real)


class SkewedDatetime(_real, metaclass=_KindOfDatetime):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return _real.now(tz) + datetime.timedelta(seconds=offset_seconds())

    @classmethod
    def utcnow(cls) -> Any:
        return _real.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(seconds=offset_seconds())


def main(module: str = "worker") -> None:
    # Whoever builds schemas from `datetime` must meet the real class: only its readers of the clock come after.
    import pydantic  # noqa: F401

    import headway.store
    import headway.task  # noqa: F401

    time.time = lambda: _time() + offset_seconds()
    time.time_ns = lambda: _time_ns() + int(offset_seconds() * 1e9)
    datetime.datetime = SkewedDatetime  # type: ignore[misc]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
