"""A real stack for the canary, and servers that do what a real one does not do on demand."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from canary.metrics import CanaryMetrics, Outcome
from canary.run import Run
from canary.settings import CanarySettings
from local.ports import free_ports

START_SECONDS = 120.0
STOP_SECONDS = 60.0
HERE = Path(__file__).parent
Handle = Callable[[BaseHTTPRequestHandler], None]


def wait_until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition, with a deadline."""
    return wait_until


@pytest.fixture(scope="session")
def stack_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded stack, with the canary's task."""
    folder, (port,) = tmp_path_factory.mktemp("canary"), free_ports(1)
    environment = {"HEADWAY_PORT": str(port), "HEADWAY_HOME": str(folder / "home")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local"], env=os.environ | environment, stdout=log, stderr=log, cwd=HERE
        )
    try:
        wait_until(
            lambda: "ready on" in (folder / "log").read_text() or process.poll() is not None, seconds=START_SECONDS
        )
        assert process.poll() is None, (folder / "log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> CanaryMetrics:
    return CanaryMetrics(registry)


@pytest.fixture
def run(metrics: CanaryMetrics) -> Callable[..., Outcome]:
    """One run against this address."""

    def run_once(url: str, seconds: float = 10.0) -> Outcome:
        return Run(CanarySettings(canary_url=url, canary_timeout_seconds=seconds), metrics).go()

    return run_once


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """A server that answers a POST and a GET like this; its address."""
    servers: list[ThreadingHTTPServer] = []

    def begin(post: Handle, get: Handle) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            do_POST = post
            do_GET = get

            def log_message(self, format: str, *args: Any) -> None:
                """The tests say what went wrong."""

        server = ThreadingHTTPServer(("127.0.0.1", free_ports(1)[0]), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()
