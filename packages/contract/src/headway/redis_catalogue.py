"""Which workers live and what they announce, as Redis keeps it; and the bell at a worker's own door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import redis

from headway.catalogue import ALIVE_SECONDS, TaskEntry, Worker
from headway.doorbell import celery_queue, echo_queue
from headway.scripts import answering

ECHO_SECONDS = 60


class RedisCatalogue:
    """The catalogue of `RedisJobStore`. All methods may raise `StoreUnavailable`."""

    def __init__(self, client: redis.Redis, prefix: str, run: Callable[..., Any]) -> None:
        self._redis = client
        self._prefix = prefix
        self._run = run

    def announce(self, worker: Worker, entries: Iterable[TaskEntry]) -> None:
        tasks = [part for entry in entries for part in (entry.name, entry.to_json())]
        self._run("announce", worker.name, worker.to_json(), ALIVE_SECONDS, *tasks)

    def withdraw(self, worker_name: str) -> None:
        with answering():
            pipe = self._redis.pipeline()
            pipe.zrem(f"{self._prefix}workers", worker_name)
            pipe.delete(f"{self._prefix}worker:{worker_name}")
            pipe.execute()

    def echo(self, worker_name: str, message: str) -> None:
        """Ring at one worker's own door; what nobody hears is gone after a minute."""
        list_key = self._prefix + celery_queue(echo_queue(worker_name))
        with answering():
            pipe = self._redis.pipeline()
            pipe.delete(list_key)
            pipe.lpush(list_key, message)
            pipe.expire(list_key, ECHO_SECONDS)
            pipe.execute()

    def entries(self) -> Mapping[str, TaskEntry]:
        with answering():
            stored: Any = self._redis.hgetall(f"{self._prefix}catalogue")
        return {name: TaskEntry.from_json(text) for name, text in sorted(stored.items())}

    def workers(self) -> Sequence[Worker]:
        with answering():
            names: Any = self._redis.zrange(f"{self._prefix}workers", 0, -1)
        return self.named(names)

    def named(self, names: Sequence[str]) -> Sequence[Worker]:
        """Those of these workers that still live."""
        if not names:
            return []
        with answering():
            texts: Any = self._redis.mget([f"{self._prefix}worker:{name}" for name in names])
        return [Worker.from_json(text) for text in texts if text]
