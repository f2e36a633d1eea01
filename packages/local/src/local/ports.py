"""Ports on the loopback: may one be had, and which are free."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
LAST_PORT = 65535
FIRST_FREE_FOR_ALL = 1024

_held: list[socket.socket] = []
"""What `free_ports` gave away: held until this process ends, so that nobody else is given the same."""


class PortBusy(Exception):
    """A port that is asked for cannot be had; the text says what to do."""


def check_all_free(ports: Mapping[str, int]) -> None:
    """Ports by the settings that name them. Raises `PortBusy`."""
    for setting, port in ports.items():
        twins = [other for other, same in ports.items() if same == port]
        if len(twins) > 1:
            raise PortBusy(f"{' and '.join(twins)} are both {port}. Give each a port of its own.")
        check_free(port, setting)


def check_free(port: int, setting: str = "HEADWAY_PORT") -> None:
    """Raises `PortBusy`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortBusy(_why_not(port, setting, error)) from None


def _why_not(port: int, setting: str, error: OSError) -> str:
    if error.errno == errno.EACCES:
        return (
            f"Port {port} is not for this user ({error.strerror}): ports below {FIRST_FREE_FOR_ALL} are the system's. "
            f"Choose another one: make up {setting}=8080"
        )
    other = port + 1 if port < LAST_PORT else port - 1
    return (
        f"Port {port} is in use on this machine ({error.strerror}). Stop what listens there, "
        f"or choose another one: make up {setting}={other}"
    )


def free_ports(number: int) -> list[int]:
    """So many different free ports, which no other process is given while this one lives.

    Each stays bound here, without listening. Linux lets a server listen beside such a socket
    if both allow reuse, as servers do, but gives the port to nobody who asks for any free one.
    """
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind((LOOPBACK, 0))
    for probe in probes:  # only now: a port that is bound so could be found again by the next one
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _held.extend(probes)
    return [probe.getsockname()[1] for probe in probes]
