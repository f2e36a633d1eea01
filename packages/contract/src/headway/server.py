"""What Headway's promises need of the Redis server, and what this server lacks of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import redis
from redis.exceptions import NoPermissionError, ResponseError

from headway.scripts import answering

Durability = Literal["durable", "fast", "unchecked"]
OLDEST_VERSION = (7, 0)
_FSYNC: Mapping[str, tuple[str, ...]] = {"durable": ("always",), "fast": ("always", "everysec")}


class UnfitServer(Exception):
    """The server answers but could lose what it accepts; the text says what to change."""


def check_server(client: redis.Redis, durability: Durability) -> None:
    """Raises `UnfitServer` with everything that is missing, or `StoreUnavailable`.

    `durable`: nothing accepted is ever lost. `fast`: up to two seconds of it may be, when Redis dies.
    A server that lets nobody read its configuration (some managed ones) is taken at its word.
    """
    if durability == "unchecked":
        return
    with answering():
        version = str(client.info("server").get("redis_version", "0"))
        found = _configuration(client)
    lacking = [*_too_old(version), *(_lacking(found, durability) if found else ())]
    if lacking:
        raise UnfitServer(
            f"Redis is not set up for HEADWAY_DURABILITY={durability}: {'; '.join(lacking)}. Change its "
            "configuration, or set HEADWAY_DURABILITY to fast or unchecked if jobs may be lost with it."
        )


def _configuration(client: redis.Redis) -> Mapping[str, str]:
    try:
        found: Any = client.config_get("appendonly", "appendfsync", "maxmemory-policy")
        return dict(found)
    except (NoPermissionError, ResponseError):
        return {}


def _too_old(version: str) -> Iterator[str]:
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_VERSION:
        yield f"its version is {version}, but at least {'.'.join(map(str, OLDEST_VERSION))} is needed"


def _lacking(found: Mapping[str, str], durability: str) -> Iterator[str]:
    policy, fsync, wanted = found.get("maxmemory-policy"), found.get("appendfsync"), _FSYNC[durability]
    if policy not in ("noeviction", None):
        yield f"maxmemory-policy is {policy}, so that jobs could be evicted; it should be noeviction"
    if found.get("appendonly") == "no":
        yield "appendonly is no, so that a restart forgets every job; it should be yes"
    elif fsync not in (*wanted, None):
        yield f"appendfsync is {fsync}; it should be {' or '.join(wanted)}"
