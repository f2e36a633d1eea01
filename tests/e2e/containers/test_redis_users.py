"""Each service has a user of its own in Redis, who may do what the service does and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

RECORD = "headway:job:00000000-0000-4000-8000-000000000000"
FORBIDDEN = {
    "submit": (
        "FLUSHALL",
        "KEYS *",
        "CONFIG SET dir /tmp",
        "ACL LIST",
        "MONITOR",
        "EVAL return(1) 0",
        "FUNCTION LIST",
        "SHUTDOWN",
        "HSET headway:catalogue long_task {}",
        "SET other:key 1",
        "PUBLISH other:channel x",
        "BRPOP headway:queue:default 1",
        "SUBSCRIBE headway:job:x",
    ),
    "status": (
        "FLUSHALL",
        "KEYS *",
        "CONFIG SET dir /tmp",
        "MONITOR",
        f"HSET {RECORD} state SUCCESS",
        f"DEL {RECORD}",
        "LPUSH headway:queue:default x",
        f"PUBLISH {RECORD} x",
        "SET headway: x",
        "GET other:key",
        "SUBSCRIBE other:channel",
    ),
    "worker": (
        "FLUSHALL",
        "FLUSHDB",
        "KEYS *",
        "CONFIG SET dir /tmp",
        "CLIENT KILL TYPE normal",
        "EVAL return(1) 0",
        "MODULE LIST",
        "REPLICAOF 127.0.0.1 1",
        "SET other:key 1",
        "PUBLISH other:channel x",
    ),
}
QUESTIONS = [(user, command) for user, commands in FORBIDDEN.items() for command in commands]


@pytest.mark.parametrize(("user", "command"), QUESTIONS, ids=[f"{user} {command}" for user, command in QUESTIONS])
def test_a_user_is_refused_what_its_service_never_does(containers: Any, user: str, command: str) -> None:
    answer = containers.valkey(user, containers.password(user), *command.split())

    assert answer.startswith("NOPERM"), answer


def test_nobody_comes_in_without_a_name(containers: Any) -> None:
    assert containers.valkey("", "", "PING").startswith("NOAUTH")
    assert containers.valkey("worker", "wrong", "PING").startswith("NOAUTH")


def test_the_health_check_may_ask_whether_redis_is_there_and_nothing_else(containers: Any) -> None:
    assert containers.valkey("probe", "any", "PING") == "PONG"
    assert containers.valkey("probe", "any", "INFO").startswith("NOPERM")


def test_redis_keeps_everything_that_it_accepts(containers: Any) -> None:
    expected = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}

    found = {name: containers.admin("CONFIG", "GET", name).split("\n")[1] for name in expected}

    assert found == expected
    assert int(containers.admin("CONFIG", "GET", "maxmemory").split("\n")[1]) > 0
