"""Settings of the stack on one machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from chassis.senders import ANY_HOST
from chassis.settings import Port, Words
from status.settings import StatusSettings
from submit.settings import SubmitSettings
from worker.settings import WorkerSettings

HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
REPOSITORY = Path(__file__).resolve().parents[4]


class LocalSettings(SubmitSettings, StatusSettings, WorkerSettings):
    """Everything the services know, and how many of each to run."""

    engine: Literal["celery", "threads"] = "celery"
    """`celery`: the real stack. `threads`: everything in one process, for a first look; nothing survives it."""
    port: Port = 8080
    """The public port, on 127.0.0.1."""
    trusted_hosts: Words = ("localhost", "127.0.0.1", "[::1]")
    """Host names that requests may name, with any port; `*` trusts all."""
    home: Path = Path(".headway")
    """Where the data and the processes' files are."""
    page: Path = REPOSITORY / "services/frontend/dist"
    """The built page."""
    workers: int = Field(1, ge=1, le=32)
    """Worker services to run."""
    statuses: int = Field(1, ge=1, le=32)
    """Status services to run."""
    submits: int = Field(1, ge=1, le=32)
    """Submit services to run."""
    slots: int = Field(4, ge=1, le=256)
    """Jobs that each worker runs at the same time."""
    drain_seconds: float = Field(3, ge=0, le=24 * 3600)
    """After Ctrl-C running jobs may finish for so long; then they wait for the next start."""
    log_format: Literal["console", "json"] = "console"
    access_log: Literal["on", "off"] = "off"
    """Whether nginx prints a line for each request."""
    monitoring: bool = False
    """Run Prometheus, the dashboards and a canary too."""
    prometheus_port: Port = 9090
    """Prometheus's port, on 127.0.0.1."""
    dashboards_port: Port = 3000
    """The dashboards' port, on 127.0.0.1."""
    scrape_seconds: int = Field(5, ge=1, le=60)
    """How often Prometheus asks every process."""
    rules: Path = REPOSITORY / "deploy/prometheus/rules"
    """A folder; Prometheus loads its `*.yml`."""

    @field_validator("trusted_hosts")
    @classmethod
    def _check_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(host.lower() for host in hosts)
        wrong = [name for name in names if name != ANY_HOST and not HOST_NAME.fullmatch(name)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} should be a host name without a port, such as example.com, or {ANY_HOST}")
        return names

    @field_validator("monitoring")
    @classmethod
    def _check_engine(cls, monitoring: bool, info: ValidationInfo) -> bool:
        if monitoring and info.data.get("engine") == "threads":
            raise ValueError("HEADWAY_ENGINE=threads has no metrics to collect; leave one of them out")
        return monitoring

    @property
    def own_host(self) -> str:
        """Under what name the stack sends requests to itself: one that is trusted, and leads here if any does."""
        loopback = (name for name in ("127.0.0.1", "localhost") if {name, ANY_HOST} & set(self.trusted_hosts))
        return next(loopback, self.trusted_hosts[0])

    @property
    def public_ports(self) -> dict[str, int]:
        """The ports that are not chosen by the stack itself, by the settings that name them."""
        ports = {"HEADWAY_PORT": self.port}
        if self.monitoring:
            ports |= {"HEADWAY_PROMETHEUS_PORT": self.prometheus_port, "HEADWAY_DASHBOARDS_PORT": self.dashboards_port}
        return ports
