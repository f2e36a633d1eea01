"""What looks on when it is asked for: a canary, Prometheus, and the dashboards before it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.files import write_grafana_provisioning, write_prometheus_configuration
from local.ports import LOOPBACK
from local.programs import find_grafana, find_prometheus
from local.settings import REPOSITORY, LocalSettings
from local.supervisor import Service

STAGE = 4
"""After everything that it asks, and gone before: what stops is no failure to note."""
VIEWER = REPOSITORY / "deploy/grafana/viewer.py"
KEPT = "7d"
CANARY = "canary.1"


def monitoring_services(
    settings: LocalSettings, management_ports: Mapping[str, int], canary_port: int
) -> Iterator[Service]:
    """All who look on, at those who are asked at these ports, and at the canary. Raises `ProgramMissing`."""
    yield _canary(settings, canary_port)
    yield _prometheus(settings, {**management_ports, CANARY: canary_port})
    grafana = find_grafana()
    if grafana:
        yield _grafana(settings, grafana)
    elif VIEWER.is_file():
        yield _viewer(settings)


def name_addresses(settings: LocalSettings) -> str:
    """Where to look, for the line that says that the stack is ready."""
    if not settings.monitoring:
        return ""
    has_dashboards = bool(find_grafana()) or VIEWER.is_file()
    dashboards = f", dashboards on http://{LOOPBACK}:{settings.dashboards_port}" if has_dashboards else ""
    return f", Prometheus on {_prometheus_url(settings)}{dashboards}"


def _canary(settings: LocalSettings, management_port: int) -> Service:
    environment = {
        "HEADWAY_CANARY_URL": f"http://{settings.own_host}:{settings.port}",
        "HEADWAY_CANARY_MANAGEMENT_PORT": str(management_port),
        "HEADWAY_LOG_FORMAT": settings.log_format,
    }
    return Service(CANARY, [sys.executable, "-m", "canary"], environment, STAGE, is_vital=False)


def _prometheus(settings: LocalSettings, management_ports: Mapping[str, int]) -> Service:
    configuration = write_prometheus_configuration(settings, management_ports)
    command = [
        find_prometheus(),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={_folder(settings, 'prometheus')}",
        f"--storage.tsdb.retention.time={KEPT}",
        f"--web.listen-address={LOOPBACK}:{settings.prometheus_port}",
        "--enable-feature=exemplar-storage",  # from a slow bucket to the job that was slow
        "--log.level=warn",
    ]
    return Service("prometheus", command, stage=STAGE, is_vital=False)


def _grafana(settings: LocalSettings, command: list[str]) -> Service:
    home = _folder(settings, "grafana")
    environment = {
        "GF_SERVER_HTTP_ADDR": LOOPBACK,
        "GF_SERVER_HTTP_PORT": str(settings.dashboards_port),
        "GF_PATHS_DATA": str(home),
        "GF_PATHS_LOGS": str(home / "log"),
        "GF_PATHS_PLUGINS": str(home / "plugins"),
        "GF_PATHS_PROVISIONING": str(write_grafana_provisioning(settings, _prometheus_url(settings))),
        "GF_LOG_LEVEL": "warn",
        # As in Compose: whoever is on this machine may look, and nobody may change anything.
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_AUTH_DISABLE_LOGIN_FORM": "true",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    }
    return Service("grafana", command, environment, STAGE, is_vital=False)


def _viewer(settings: LocalSettings) -> Service:
    options = ["--port", str(settings.dashboards_port), "--prometheus", _prometheus_url(settings)]
    return Service("viewer", [sys.executable, str(VIEWER), *options], stage=STAGE, is_vital=False)


def _prometheus_url(settings: LocalSettings) -> str:
    return f"http://{LOOPBACK}:{settings.prometheus_port}"


def _folder(settings: LocalSettings, name: str) -> Path:
    folder = settings.home.resolve() / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
