"""The Lua scripts of `moves/`: how they are put together and called, and what it means when Redis refuses.

Each script is one verb behind the shared `record.lua`; what both languages must
agree on (moves, lanes, limits) is written into it from Python's tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import redis
from redis.exceptions import NoScriptError, OutOfMemoryError, RedisError, ResponseError

from headway.doorbell import HARD_LIMIT_GRACE_SECONDS
from headway.figures import COUNTS_KEPT, OTHER, OUTCOMES, OVERRUN_SECONDS, TIMEOUT
from headway.job import LANES, MOVES, RECOVERED_LANE, Priority
from headway.problem import REASON_GIVEN, Cancelled, StoreUnavailable, cancelled
from headway.round_trips import RoundTrips
from headway.store import (
    DECLINED_SECONDS,
    LEASE_SECONDS,
    LISTED_BYTES,
    LONG_FIELDS,
    MAX_LOST_IN_A_ROW,
    TOMBSTONE_SECONDS,
    UNANSWERED_SECONDS,
)
from headway.story import FIRST_MOVES_KEPT, MOVE_DETAIL_BYTES, MOVES_KEPT, TOLD

LANE_SPAN = 10**13
"""Scores in `open:<queue>` are lane × span + sequence, so that a rank is a place in the line."""
VERBS = (
    "submit",
    "claim",
    "report",
    "settle",
    "interrupt",
    "cancel",
    "retry",
    "wake",
    "renew",
    "announce",
    "look",
    "list",
    "figures",
)
SERVER_TROUBLE = ("MISCONF", "READONLY", "LOADING", "NOREPLICAS", "MASTERDOWN", "BUSY")
"""What a script meets when the server cannot write, though nothing is wrong with the script."""
PARTS = {"interrupt": ("take_back",), "wake": ("take_back",)}
"""What a verb needs beside the part that all share."""


class Scripts:
    """Every verb as a call; Redis keeps the compiled scripts, a restarted one gets them again."""

    def __init__(self, client: redis.Redis, prefix: str, doorbell: str, *, shares_round_trips: bool = False) -> None:
        self._redis = client
        self._prefix = prefix
        self._scripts = {verb: client.register_script(source_of(verb, doorbell)) for verb in VERBS}
        self._ask = RoundTrips(client).ask if shares_round_trips else client.execute_command

    def run(self, verb: str, *arguments: Any) -> Any:
        """Call a verb. Raises `StoreUnavailable`."""
        script = self._scripts[verb]
        command = ("EVALSHA", script.sha, 1, self._prefix, *(_text(each) for each in arguments))
        with answering():
            try:
                return self._ask(*command)
            except NoScriptError:
                self._redis.script_load(script.script)
                return self._ask(*command)


def source_of(verb: str, doorbell: str) -> str:
    """What Redis is given: the constants, the shared part, the verb."""
    folder = files("headway") / "moves"
    names = ("record", *PARTS.get(verb, ()), verb)
    return "\n".join([_constants(doorbell), *((folder / f"{name}.lua").read_text() for name in names)])


@contextmanager
def answering() -> Iterator[None]:
    """Turn what Redis says when it cannot serve into our own words; the cause stays attached."""
    try:
        yield
    except OutOfMemoryError as error:
        raise StoreUnavailable("The job store is full.", slug="storage-full", retry_after_seconds=10) from error
    except RedisError as error:
        words = str(error)
        if isinstance(error, ResponseError) and "user_script" in words and not words.startswith(SERVER_TROUBLE):
            raise  # a mistake in a script is ours: no outage, and asking again would not help
        raise StoreUnavailable("The job store does not answer.") from error


def _constants(doorbell: str) -> str:
    """What Lua must know of Python's tables, written as Lua."""
    moves = ", ".join(f"{was} = {{ {', '.join(f'{to} = true' for to in sorted(tos))} }}" for was, tos in MOVES.items())
    lanes = ", ".join(f"{priority} = {priority.lane}" for priority in Priority)
    long_fields = ", ".join(f"'{name}'" for name in LONG_FIELDS)
    outcomes = ", ".join(f"{state} = '{outcome}'" for state, outcome in OUTCOMES.items())
    told = ", ".join(f"{why} = '{field}'" for why, field in TOLD.items())
    errors = (f"{how} = [==[{cancelled(how).to_json()}]==]" for how in Cancelled)
    return (
        f"local MOVES = {{ {moves} }}\nlocal LANE_OF = {{ {lanes} }}\n"
        f"local RECOVERED_LANE, LANE_SPAN, MAX_LOST = {RECOVERED_LANE}, {LANE_SPAN}, {MAX_LOST_IN_A_ROW}\n"
        f"local LANES = {{ {', '.join(str(lane) for lane in LANES)} }}\n"
        f"local LEASE_MS, UNANSWERED_MS = {round(LEASE_SECONDS * 1000)}, {round(UNANSWERED_SECONDS * 1000)}\n"
        f"local CANCELLED = {{ {', '.join(errors)} }}\nlocal REASON = [==[{REASON_GIVEN}]==]\n"
        f"local LISTED_BYTES, LONG_FIELDS = {LISTED_BYTES}, {{ {long_fields} }}\n"
        f"local OUTCOME, TIMEOUT = {{ {outcomes} }}, '{TIMEOUT}'\n"
        f"local COUNTS_KEPT, OTHER, OVERRUN_SECONDS = {COUNTS_KEPT}, '{OTHER}', {OVERRUN_SECONDS}\n"
        f"local MOVES_KEPT, FIRST_MOVES_KEPT, TOLD = {MOVES_KEPT}, {FIRST_MOVES_KEPT}, {{ {told} }}\n"
        f"local MOVE_DETAIL_BYTES = {MOVE_DETAIL_BYTES}\n"
        f"local DECLINED_SECONDS = {DECLINED_SECONDS}\n"
        f"local DOORBELL = [==[{doorbell}]==]\n"
        f"local HARD_LIMIT_GRACE, TOMBSTONE_SECONDS = {HARD_LIMIT_GRACE_SECONDS}, {TOMBSTONE_SECONDS}\n"
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
