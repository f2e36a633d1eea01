"""What Redis says of itself: how full and how busy it is, and whether its last writes to the disk went well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis
from redis.exceptions import NoPermissionError

from headway.scripts import answering


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """Of the server's INFO; numbers that it counts begin anew when it starts."""

    memory_used_bytes: int
    memory_limit_bytes: int
    """0 means none."""
    clients: int
    replicas: int
    replica_behind_bytes: int | None
    """How much of the slowest replica's copy is missing; None where nobody follows."""
    keys: int
    """In the database that Headway uses."""
    started_at: float
    """Unix time in seconds, by its own clock."""
    commands: int
    cpu_seconds: float
    received_bytes: int
    sent_bytes: int
    evicted_keys: int
    rejected_connections: int
    delayed_syncs: int
    persistence_ok: dict[str, bool]
    """`aof` and `snapshot`: whether the last write of each went well."""


def read_server(client: redis.Redis) -> ServerFigures | None:
    """None where nobody may ask, as with some managed servers. Raises `StoreUnavailable`."""
    with answering():
        try:
            found: Any = client.info()
            keys: Any = client.dbsize()
            now: Any = client.time()
        except NoPermissionError:
            return None
    return ServerFigures(
        memory_used_bytes=found.get("used_memory", 0),
        memory_limit_bytes=found.get("maxmemory", 0),
        clients=found.get("connected_clients", 0),
        replicas=found.get("connected_slaves", 0),
        replica_behind_bytes=_behind(found),
        keys=keys,
        started_at=now[0] - found.get("uptime_in_seconds", 0),
        commands=found.get("total_commands_processed", 0),
        cpu_seconds=found.get("used_cpu_sys", 0) + found.get("used_cpu_user", 0),
        received_bytes=found.get("total_net_input_bytes", 0),
        sent_bytes=found.get("total_net_output_bytes", 0),
        evicted_keys=found.get("evicted_keys", 0),
        rejected_connections=found.get("rejected_connections", 0),
        delayed_syncs=found.get("aof_delayed_fsync", 0),
        persistence_ok={
            "aof": found.get("aof_last_write_status", "ok") == "ok",
            "snapshot": found.get("rdb_last_bgsave_status", "ok") == "ok",
        },
    )


def _behind(found: dict[str, Any]) -> int | None:
    """A replica tells once a second how far it is: under load some of this is not lag, but news under way."""
    replicas = (found.get(f"slave{number}", {}) for number in range(found.get("connected_slaves", 0)))
    offsets = [replica["offset"] for replica in replicas if "offset" in replica]
    return max(0, found.get("master_repl_offset", 0) - min(offsets)) if offsets else None
