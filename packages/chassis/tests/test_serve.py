"""A service may hold as many connections as its settings say, however few files it was started with."""

from __future__ import annotations

import subprocess
import sys

LIMITS = """
import resource
from chassis.serve import allow_files

resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
allow_files({wanted})
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def limits_after(*, soft: int, hard: int, wanted: int) -> tuple[int, ...]:
    """In a process of its own, because a hard limit is for ever."""
    program = LIMITS.format(soft=soft, hard=hard, wanted=wanted)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return tuple(int(word) for word in ended.stdout.split())


def test_a_service_may_open_as_many_files_as_it_has_connections() -> None:
    assert limits_after(soft=256, hard=4096, wanted=1024) == (1024, 4096)


def test_a_service_takes_what_it_can_get_where_fewer_files_are_allowed() -> None:
    assert limits_after(soft=256, hard=512, wanted=1024) == (512, 512)


def test_a_limit_that_is_enough_stays() -> None:
    assert limits_after(soft=2048, hard=4096, wanted=1024) == (2048, 4096)
