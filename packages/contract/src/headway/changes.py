"""A feed of moves over ONE Redis subscription connection, however many jobs are watched.

Redis forgets what it publishes, so every (re)subscription is answered with a
`Change` without fields: the watcher then reads the record and has missed nothing.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

import orjson
import redis
from redis.exceptions import RedisError

from headway.store import Change

RECONNECT_SECONDS = 0.5
PING_SECONDS = 2.0
"""A connection that brought nothing for so long is asked whether it still stands."""
ANSWER_SECONDS = 3.0
"""One that does not answer for so long was cut without a word; TCP would notice after a quarter of an hour."""
REST_SECONDS = 1.0
"""A message may come in pieces: how long its rest is waited for."""
ALWAYS = "-"
"""Subscribed from the start: a connection without any subscription cannot be waited on."""


class RedisChanges:
    """See `headway.store.Changes`."""

    def __init__(self, client: redis.Redis, channel_prefix: str) -> None:
        self._pubsub: Any = client.pubsub()  # type: ignore[no-untyped-call]
        self._channel_prefix = channel_prefix
        self._wanted = {channel_prefix + ALWAYS}
        self._missing = set(self._wanted)
        """Wanted, and not yet subscribed to."""
        # The reader waits for data without the lock; whoever writes or parses holds it.
        self._lock = threading.Lock()
        self._heard_at = time.monotonic()
        self._pinged_at: float | None = None

    def watch(self, job_id: str) -> None:
        channel = self._channel_prefix + job_id
        with self._lock:
            self._wanted.add(channel)
            self._missing.add(channel)
            # Only the reader connects: during an outage nobody else shall wait for the network.
            if self._is_connected:
                with suppress(RedisError):
                    self._subscribe()

    def unwatch(self, job_id: str) -> None:
        channel = self._channel_prefix + job_id
        with self._lock:
            self._wanted.discard(channel)
            self._missing.discard(channel)
            if self._is_connected:
                with suppress(RedisError):  # the connection is gone, and with it the subscription
                    self._pubsub.unsubscribe(channel)

    def next(self, timeout_seconds: float) -> Change | None:
        """Wait for the next move; None when none came, or while Redis is away (never raises)."""
        try:
            return self._read(timeout_seconds)
        except (RedisError, OSError):
            self._disconnect()
            time.sleep(min(RECONNECT_SECONDS, timeout_seconds))
            return None

    def close(self) -> None:
        with self._lock:
            self._pubsub.close()

    @property
    def _is_connected(self) -> bool:
        return self._pubsub.connection is not None and self._pubsub.connection.is_connected

    def _subscribe(self) -> None:
        self._pubsub.subscribe(*self._missing)
        self._missing.clear()

    def _disconnect(self) -> None:
        with self._lock:
            if self._pubsub.connection:
                self._pubsub.connection.disconnect()
            self._note_a_sign_of_life()  # the next connection is given its time

    def _read(self, timeout_seconds: float) -> Change | None:
        with self._lock:
            if self._missing:
                self._subscribe()
            connection = self._pubsub.connection
            connection.connect()  # a no-op while connected; else it subscribes to everything again
        if not connection.can_read(timeout=timeout_seconds):
            with self._lock:
                self._check_silence(connection)
            return None
        with self._lock:
            message = self._pubsub.get_message(timeout=REST_SECONDS)
            self._note_a_sign_of_life()
            return self._to_change(message) if message else None

    def _note_a_sign_of_life(self) -> None:
        self._heard_at = time.monotonic()
        self._pinged_at = None

    def _check_silence(self, connection: Any) -> None:
        """Ask, as nobody says that a connection is cut; raises when the answer stays away."""
        now = time.monotonic()
        if self._pinged_at is None:
            if now - self._heard_at >= PING_SECONDS:
                # The client's own word, so that it keeps the answer to itself.
                connection.send_command("PING", self._pubsub.HEALTH_CHECK_MESSAGE, check_health=False)
                self._pinged_at = now
        elif now - self._pinged_at >= ANSWER_SECONDS:
            raise redis.ConnectionError("The subscription was cut.")

    def _to_change(self, message: dict[str, Any]) -> Change | None:
        channel = message["channel"]
        if channel not in self._wanted:
            if message["type"] == "subscribe":  # given up while Redis was away; the client subscribed to it again
                self._pubsub.unsubscribe(channel)
            return None
        job_id = channel.removeprefix(self._channel_prefix)
        if job_id == ALWAYS or message["type"] == "unsubscribe":
            return None
        if message["type"] == "subscribe":
            return Change(job_id, None)
        return Change(job_id, orjson.loads(message["data"]))
