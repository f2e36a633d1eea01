"""A server that stops answers whoever it has a connection from, and nobody else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import gevent
import gevent.socket
import pytest
from gevent.pool import Pool
from gevent.server import StreamServer

from chassis.last_guests import LastGuests


def greet(connection: Any, address: Any) -> None:
    connection.sendall(b"hello")
    connection.close()


@pytest.fixture
def knocking(request: pytest.FixtureRequest) -> Iterator[tuple[StreamServer, socket.socket]]:
    """A server, and a client that the kernel has connected while the server had no time for it."""
    server = request.param(("127.0.0.1", 0), greet, spawn=Pool(10))
    server.start()
    client = socket.create_connection(("127.0.0.1", server.server_port), timeout=10)
    yield server, client
    client.close()


@pytest.mark.parametrize("knocking", [LastGuests], indirect=True)
def test_who_has_knocked_is_let_in_before_the_door_is_closed(knocking: tuple[StreamServer, socket.socket]) -> None:
    server, client = knocking

    server.close()
    server.pool.join(10)

    assert client.recv(100) == b"hello"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(client.getpeername(), timeout=10)


@pytest.mark.parametrize("knocking", [StreamServer], indirect=True)
def test_gevents_own_server_would_cut_it(knocking: tuple[StreamServer, socket.socket]) -> None:
    server, client = knocking

    server.close()
    gevent.sleep(0)

    with pytest.raises(ConnectionResetError):
        client.recv(100)


def test_who_is_let_in_last_is_told_the_address_of_a_door_that_is_closed_by_then() -> None:
    def tell_port(listener: Any, connection: Any, address: Any) -> None:
        connection.sendall(str(listener.getsockname()[1]).encode())
        connection.close()

    listener = gevent.socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(10)
    server = LastGuests(listener, handle=partial(tell_port, listener), spawn=Pool(10))
    server.start()
    with socket.create_connection(listener.getsockname(), timeout=10) as client:
        port = client.getpeername()[1]

        server.close()
        server.pool.join(10)

        assert client.recv(100) == str(port).encode()
