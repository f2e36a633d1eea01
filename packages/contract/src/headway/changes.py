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
ALWAYS = "-"
"""Subscribed from the start: a connection without any subscription cannot be waited on."""


class RedisChanges:
    """See `headway.store.Changes`."""

    def __init__(self, client: redis.Redis, channel_prefix: str) -> None:
        self._pubsub: Any = client.pubsub()  # type: ignore[no-untyped-call]
        self._channel_prefix = channel_prefix
        self._wanted = {channel_prefix + ALWAYS}
        # The reader waits for data without the lock; whoever writes or parses holds it.
        self._lock = threading.Lock()

    def watch(self, job_id: str) -> None:
        self._want(self._channel_prefix + job_id)

    def unwatch(self, job_id: str) -> None:
        channel = self._channel_prefix + job_id
        with self._lock:
            self._wanted.discard(channel)
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

    def _disconnect(self) -> None:
        with self._lock:
            if self._pubsub.connection:
                self._pubsub.connection.disconnect()

    def _want(self, channel: str) -> None:
        with self._lock:
            self._wanted.add(channel)
            with suppress(RedisError):  # the reader subscribes to what is wanted as soon as Redis is back
                self._pubsub.subscribe(channel)

    def _read(self, timeout_seconds: float) -> Change | None:
        with self._lock:
            missing = self._wanted - set(self._pubsub.channels)
            if missing:
                self._pubsub.subscribe(*missing)
            connection = self._pubsub.connection
            connection.connect()  # a no-op while connected; else it subscribes to everything again
        if not connection.can_read(timeout=timeout_seconds):
            with self._lock:
                self._pubsub.check_health()
            return None
        with self._lock:
            message = self._pubsub.get_message(timeout=0)
        return self._to_change(message) if message else None

    def _to_change(self, message: dict[str, Any]) -> Change | None:
        job_id = message["channel"].removeprefix(self._channel_prefix)
        if job_id == ALWAYS or message["type"] == "unsubscribe":
            return None
        if message["type"] == "subscribe":
            return Change(job_id, None)
        return Change(job_id, orjson.loads(message["data"]))
