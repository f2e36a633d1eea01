"""The stack in containers, and how to scale, stop and look into it."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

COMMAND_SECONDS = 180


def ended(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)


def docker(*words: str) -> str:
    """What the command printed; fails with all of it."""
    done = ended("docker", *words)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


class Containers:
    """One Compose project, whose name and files are in the environment."""

    def of(self, service: str) -> list[str]:
        """Ids of the running containers of a service."""
        return self.compose("ps", "-q", "--status", "running", service).split()

    def compose(self, *words: str) -> str:
        return docker("compose", *words)

    def scale(self, **replicas: int) -> None:
        words = [word for service, number in replicas.items() for word in ("--scale", f"{service}={number}")]
        self.compose("up", "-d", "--wait", "--no-recreate", *words)

    def kill(self, container: str, signal: str = "KILL") -> None:
        docker("kill", "--signal", signal, container)

    def start(self, container: str) -> None:
        docker("start", container)

    def inspect(self, container: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(docker("inspect", container))
        return found[0]

    def execute(self, container: str, *words: str) -> str:
        return docker("exec", container, *words)

    def refusal(self, container: str, *words: str) -> str:
        """What a command inside a container says that must not succeed."""
        done = ended("docker", "exec", container, *words)
        assert done.returncode != 0, f"{' '.join(words)} was allowed: {done.stdout}"
        return done.stdout + done.stderr

    def python(self, container: str, code: str) -> str:
        return self.execute(container, "python", "-c", code).strip()

    def valkey(self, user: str, password: str, *words: str) -> str:
        """What Redis answers this user, errors included."""
        [container] = self.of("redis")
        login = ("--no-auth-warning", "--user", user, "--pass", password) if user else ()
        return self.execute(container, "valkey-cli", *login, *words).strip()

    def password(self, service: str) -> str:
        return self.execute(self.of(service)[0], "cat", "/run/secrets/headway/password").strip()

    def admin(self, *words: str) -> str:
        return self.valkey("admin", self.execute(self.of("redis")[0], "cat", "/run/secrets/admin/password"), *words)


@dataclass
class Traffic:
    """Clients that submit and read until they are told to stop, and never ask twice."""

    url: str
    accepted: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    answered: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with httpx2.Client(base_url=self.url, timeout=20) as http:
            while not self._over.wait(0.02):
                self._ask(http)

    def stop(self) -> None:
        self._over.set()

    def _ask(self, http: httpx2.Client) -> None:
        try:
            submitted = http.post("/jobs", json={"task": "crawl", "args": {"steps": 2, "pause": 0.01}})
            read = http.get(submitted.headers.get("Location", "/status"))
        except httpx2.HTTPError as error:
            self.failed.append(repr(error))
            return
        self.answered += 2
        self.failed += [
            f"{answer.status_code} {answer.text}"
            for answer, wanted in ((submitted, 202), (read, 200))
            if answer.status_code != wanted
        ]
        if submitted.status_code == 202:
            self.accepted.append(submitted.json()["id"])


@pytest.fixture(scope="session")
def containers() -> Containers:
    return Containers()


@pytest.fixture
def under_traffic(headway: Any) -> Callable[[], Any]:
    """Three clients keep asking while something is done to the stack."""

    @contextmanager
    def keep_asking(clients: int = 3) -> Iterator[Sequence[Traffic]]:
        traffic = [Traffic(headway.url) for _ in range(clients)]
        threads = [threading.Thread(target=each.run) for each in traffic]
        for thread in threads:
            thread.start()
        try:
            yield traffic
        finally:
            for each in traffic:
                each.stop()
            for thread in threads:
                thread.join(60)

    return keep_asking


@pytest.fixture
def one_of_each(containers: Containers) -> Iterator[None]:
    """Whatever a test makes of the stack, the next one finds one container a service."""
    yield
    containers.scale(submit=1, status=1, worker=1, frontend=1)


@pytest.fixture
def restart(containers: Containers, wait_until: Callable[..., Any]) -> Callable[[str], None]:
    """Restart a container, and wait until it may be sent requests again."""

    def once(container: str) -> None:
        docker("restart", "--time", "30", container)
        wait_until(lambda: containers.inspect(container)["State"]["Health"]["Status"] == "healthy", 60, "its health")

    return once
