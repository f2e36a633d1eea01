"""Redis: whether it is there, keeps what it accepts, and has room and strength left."""

from __future__ import annotations

from figures import gain_of_all, largest, of_all, once, quantile, rate, rate_of_all
from palette import GOOD, WARN
from panels import (
    ANY_IS_BAD,
    ANY_IS_NOTABLE,
    NONE_IS_BAD,
    Dashboard,
    Row,
    Steps,
    high_is_bad,
    lines,
    row,
    stack,
    stat,
)

USED, LIMIT = "headway_redis_memory_used_bytes", "headway_redis_memory_limit_bytes"
PERSISTENCE = "headway_redis_persistence_ok"
STARTED = "headway_redis_started_timestamp_seconds"
STORE = "headway_store_duration_seconds"
FULL = high_is_bad(0.7, 0.8)
YES_OR_NO = {0.0: "no", 1.0: "yes"}


def redis_dashboard() -> Dashboard:
    return Dashboard(
        "redis",
        "Headway: Redis",
        "Is Redis there, does it keep what it accepts, and has it room left?",
        (_now(), _memory(), _work(), _durability(), _clients()),
        chooses=(),
    )


def _full() -> str:
    return f"{of_all(USED)} / ({of_all(LIMIT)} > 0)"


def _now() -> Row:
    return row(
        "Now",
        stat(
            "Up",
            largest("headway_store_up"),
            "short",
            "Whether anybody gets answers from Redis. If not, no job moves; nothing is lost, and clients get 503.",
            steps=NONE_IS_BAD,
            words=YES_OR_NO,
        ),
        stat(
            "Memory full",
            _full(),
            "percentunit",
            "Share of maxmemory in use. At 100 % new jobs are refused. Above 80 %: more memory, or shorter retention.",
            steps=FULL,
            decimals=0,
            empty_when_healthy="Redis has no limit of memory",
        ),
        stat(
            "Keys evicted",
            gain_of_all("headway_redis_evicted_keys_total"),
            "short",
            "Keys thrown away in the chosen time to win memory. Each may be a lost job: maxmemory-policy must be"
            " noeviction.",
            steps=ANY_IS_BAD,
            decimals=0,
        ),
        stat(
            "Writes to disk well",
            f"min({once(PERSISTENCE)})",
            "short",
            "Whether the last writes of the append-only file and of the snapshot went well. If not: is the disk full?",
            steps=NONE_IS_BAD,
            words=YES_OR_NO,
        ),
        stat(
            "Connections refused",
            gain_of_all("headway_redis_rejected_connections_total"),
            "short",
            "Connections above maxclients in the chosen time. Somebody keeps too many open, or maxclients is too low.",
            steps=ANY_IS_BAD,
            decimals=0,
        ),
        stat(
            "Clients",
            of_all("headway_redis_clients"),
            "short",
            "Connections that are open. Some for each replica and worker; thousands are somebody who forgets to close.",
        ),
        stat(
            "Runs for",
            f"time() - max({once(STARTED)})",
            "s",
            "Time since Redis started. It should grow; a restart that nobody made is worth a look into its log.",
            steps=Steps(WARN, ((300, GOOD),)),
            decimals=0,
        ),
        stat(
            "Replicas",
            of_all("headway_redis_replicas"),
            "short",
            "Copies that follow it. 0 where there is only one Redis.",
        ),
    )


def _memory() -> Row:
    return row(
        "Memory",
        lines(
            "Memory",
            {"used": of_all(USED), "limit": of_all(LIMIT)},
            "bytes",
            "Used, and how much it may be; a limit of 0 is none. A slope that does not flatten within the retention"
            " meets the limit one day.",
            width=12,
        ),
        lines(
            "Keys",
            {"keys": of_all("headway_redis_keys")},
            "short",
            "Keys in the database, some for each job that is kept. When memory grows and this does not, jobs got"
            " larger.",
            width=6,
        ),
        lines(
            "Keys evicted a second",
            {"evicted": rate_of_all("headway_redis_evicted_keys_total")},
            "ops",
            "Must stay at 0. Anything else: set maxmemory-policy to noeviction at once, jobs are being lost.",
            steps=ANY_IS_BAD,
            width=6,
        ),
    )


def _work() -> Row:
    return row(
        "Work",
        lines(
            "Commands",
            {"commands": rate_of_all("headway_redis_commands_total")},
            "ops",
            "Commands that it ran. It follows jobs and their reports; a step without more jobs is a client gone wild.",
            width=6,
        ),
        lines(
            "CPU",
            {"CPU": rate_of_all("headway_redis_cpu_seconds_total")},
            "percentunit",
            "Redis runs commands on one core. Near 100 % everything waits for it: fewer reports, or a faster core.",
            steps=high_is_bad(0.7, 0.9),
            width=6,
        ),
        lines(
            "Traffic",
            {
                "received": rate_of_all("headway_redis_received_bytes_total"),
                "sent": rate_of_all("headway_redis_sent_bytes_total"),
            },
            "binBps",
            "Bytes in and out. Much more out than in: many watchers, or large results that are read often.",
            width=6,
        ),
        lines(
            "Connections",
            {"clients": of_all("headway_redis_clients")},
            "short",
            "Connections that are open. They follow the number of replicas and workers, not of jobs.",
            width=6,
        ),
    )


def _durability() -> Row:
    return row(
        "Durability",
        lines(
            "Last write went well, by kind",
            {"{{kind}}": f"min by (kind) ({once(PERSISTENCE)})"},
            "short",
            "1 is well. aof at 0: Redis refuses writes or loses them at a crash. Look at the disk and at Redis's log.",
            steps=NONE_IS_BAD,
            width=6,
        ),
        lines(
            "Writes that waited for the disk",
            {"delayed": rate_of_all("headway_redis_delayed_syncs_total")},
            "ops",
            "Syncs that took so long that writes had to wait. Submits are as slow as the disk: give it a faster one.",
            steps=ANY_IS_NOTABLE,
            width=6,
        ),
        lines(
            "Time since its start",
            {"runs for": f"time() - max({once(STARTED)})"},
            "s",
            "A saw tooth is a Redis that crashes again and again, most often for lack of memory.",
            width=6,
        ),
        lines(
            "Slowest replica is behind",
            {"behind": of_all("headway_redis_replica_behind_bytes")},
            "bytes",
            "What would be lost if Redis died now and the replica took over. Under load some kilobytes are news under"
            " way; a slope is a replica that cannot keep up.",
            width=6,
            empty_when_healthy="no replica follows",
        ),
    )


def _clients() -> Row:
    return row(
        "As its clients see it",
        lines(
            "Duration p95, by service",
            {"{{job}}": quantile(0.95, STORE, "job")},
            "s",
            "How long Redis took for questions and moves. One service slow: its network. All: Redis or its disk.",
            width=6,
            empty_when_healthy="nobody asked Redis for anything",
        ),
        lines(
            "Duration p99, by operation",
            {"{{operation}}": quantile(0.99, STORE, "operation")},
            "s",
            "Moves wait for the disk, questions do not: if only moves are slow, it is the disk.",
            width=6,
            empty_when_healthy="nobody asked Redis for anything",
        ),
        stack(
            "Errors, by operation",
            {"{{operation}}": rate("headway_store_errors_total", "operation")},
            "ops",
            "Questions and moves that got no answer. Jobs are safe; clients got 503 meanwhile.",
            width=6,
            empty_when_healthy="Redis has answered every question",
        ),
        lines(
            "The look at Redis for these figures",
            {"duration": f"max({once('headway_collector_duration_seconds')})"},
            "s",
            "How long status takes to read the figures of all jobs together. More than a second: ask less often.",
            steps=high_is_bad(0.5, 1),
            width=6,
        ),
    )
