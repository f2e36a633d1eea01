"""Ports on the loopback: is one free, and which are."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


class PortBusy(Exception):
    """The public port is taken; the text says what to do."""


def check_free(port: int) -> None:
    """Raises `PortBusy`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortBusy(
                f"Port {port} is in use on this machine ({error.strerror}). Stop what listens there, "
                f"or choose another one: make up HEADWAY_PORT={port + 1}"
            ) from None


def free_ports(number: int) -> list[int]:
    """So many different free ports; all are held until the last is found, so that none comes twice."""
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
