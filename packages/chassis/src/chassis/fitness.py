"""At start a process refuses a Redis that could lose what it accepts, and ports that it cannot have."""

from __future__ import annotations

import socket
import sys
import time

from chassis.logs import get_logger
from chassis.settings import EXIT_CONFIGURATION, PREFIX, ProcessSettings, refuse
from headway.connection import connect
from headway.problem import StoreUnavailable
from headway.server import UnfitServer, check_server

log = get_logger(__name__)

PORT_PATIENCE_SECONDS = 5.0
"""How long a process before this one may need to let go of a port: gunicorn's outlives its killed parent a little."""
POLL_SECONDS = 0.1


def refuse_unfit_server(settings: ProcessSettings) -> None:
    """End the process with code 78 and what to change; a server that is away may still come, readiness will tell."""
    client = connect(settings.redis_address)
    try:
        check_server(client, settings.durability)
    except UnfitServer as unfit:
        print(f"Headway cannot start: {unfit}", file=sys.stderr)
        sys.exit(EXIT_CONFIGURATION)
    except StoreUnavailable as problem:
        log.warning("store away at start", detail=problem.detail)
    finally:
        client.close()


def refuse_busy_ports(
    settings: ProcessSettings, host: str, *names: str, patience_seconds: float = PORT_PATIENCE_SECONDS
) -> None:
    """End the process with code 78 when it cannot listen on the ports of these settings."""
    deadline = time.monotonic() + patience_seconds
    while mistakes := [each for name in names if (each := _why_not(host, name, getattr(settings, name)))]:
        if time.monotonic() >= deadline:
            refuse(mistakes)
        time.sleep(POLL_SECONDS)


def _why_not(host: str, name: str, port: int) -> str:
    """Why nobody can listen there, or nothing."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            return ""
        except OSError as error:
            return f"{PREFIX}{name.upper()}={port}: cannot listen on {host}:{port} ({error.strerror})."
