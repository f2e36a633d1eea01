"""The files the processes need: folders, everybody's configuration, the lock on the data."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from chassis.senders import ANY_HOST
from local.ports import LOOPBACK
from local.settings import REPOSITORY, LocalSettings

NGINX_TEMPLATE = REPOSITORY / "services/frontend/nginx/headway.conf.template"
DATA_SOURCE = REPOSITORY / "deploy/grafana/datasources/prometheus.yml"
DASHBOARDS = REPOSITORY / "deploy/grafana/dashboards"


class HomeBusy(Exception):
    """Another stack uses this folder's data; the text says what to do."""


def lock_home(home: Path) -> int:
    """Make sure that nobody else uses these data: two servers on one log would destroy it. Held until the end."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise HomeBusy(
            f"Another Headway runs on the data in {home}. Stop it, or use another folder: make up HEADWAY_HOME=…"
        ) from None
    return descriptor


def write_valkey_configuration(home: Path, port: int, password: str) -> Path:
    """The durable profile: what was answered with 202 is on the disk."""
    data = home / "data"
    data.mkdir(exist_ok=True, mode=0o700)
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{data}"',
        "appendonly yes",
        "appendfsync always",
        'save ""',
        "maxmemory-policy noeviction",
        f'logfile "{home / "valkey.log"}"',  # its warnings about the kernel's settings are not for newcomers
        "loglevel notice",
    ]
    return _write(home / "run" / "valkey.conf", "\n".join(lines) + "\n")


def write_nginx_configuration(
    settings: LocalSettings, submit_ports: Sequence[int], status_ports: Sequence[int]
) -> Path:
    run = (settings.home / "run").resolve()
    text = Template(NGINX_TEMPLATE.read_text()).safe_substitute(
        HEADWAY_RUN=run,
        NGINX_LOCAL_RESOLVERS=LOOPBACK,  # nobody is asked: the servers are addresses
        HEADWAY_SERVER_NAMES=_server_names(settings.trusted_hosts),
        HEADWAY_LISTEN=f"{LOOPBACK}:{settings.port}",
        HEADWAY_PAGE=settings.page.resolve(),
        HEADWAY_ACCESS_LOG=settings.access_log,
        HEADWAY_MAX_BODY_BYTES=settings.max_body_bytes,
        HEADWAY_SUBMIT_SERVERS=_servers(submit_ports),
        HEADWAY_STATUS_SERVERS=_servers(status_ports),
    )
    return _write(run / "nginx.conf", _user() + text)


def write_prometheus_configuration(settings: LocalSettings, management_ports: Mapping[str, int]) -> Path:
    """Whom to ask: each process by its port here, under the name that the supervisor knows it by."""
    processes = [
        {
            "targets": [f"{LOOPBACK}:{port}"],
            "labels": {"job": name.partition(".")[0], "namespace": "local", "instance": name},
        }
        for name, port in management_ports.items()
    ]
    every = f"{settings.scrape_seconds}s"
    configuration = {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": [f"{settings.rules.resolve()}/*.yml"],
        "scrape_configs": [{"job_name": "headway", "static_configs": processes}],
    }
    return _write(settings.home.resolve() / "run" / "prometheus.yml", _yaml(configuration))


def write_grafana_provisioning(settings: LocalSettings, prometheus_url: str) -> Path:
    """The data source and the dashboards of deploy/grafana, with this machine's addresses and paths in them."""
    folder = settings.home.resolve() / "run" / "grafana"
    source = re.sub(r"(?m)^(\s*url:).*$", rf"\1 {prometheus_url}", DATA_SOURCE.read_text())
    source = re.sub(r"(timeInterval:) *\w+", rf"\1 {settings.scrape_seconds}s", source)
    _write(folder / "datasources" / "prometheus.yml", source)
    provider = {"name": "Headway", "type": "file", "disableDeletion": True, "options": {"path": str(DASHBOARDS)}}
    _write(folder / "dashboards" / "headway.yml", _yaml({"apiVersion": 1, "providers": [provider]}))
    return folder


def read_headers() -> dict[str, str]:
    """The headers that nginx sends with every answer; the threads engine has them from here, in nginx's place."""
    return dict(re.findall(r'^\s*add_header (\S+) "?([^"$]+?)"? always;', NGINX_TEMPLATE.read_text(), re.MULTILINE))


def _server_names(hosts: Sequence[str]) -> str:
    return "~^" if ANY_HOST in hosts else " ".join(hosts)  # a pattern that every name fits


def _user() -> str:
    """Started by root, nginx would work as nobody, who cannot keep answers and large bodies in this folder."""
    return "user root;\n" if os.geteuid() == 0 else ""


def _servers(ports: Sequence[int]) -> str:
    # One failure must not take the only server out of service: the next request finds out by itself.
    return " ".join(f"server {LOOPBACK}:{port} max_fails=0;" for port in ports)


def _yaml(content: object) -> str:
    """JSON is YAML too, whatever the paths in it look like."""
    return json.dumps(content, indent=2) + "\n"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(text)
    return path
