"""Prometheus and the dashboards beside the stack: what they are told, and which program is taken."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from local.files import DASHBOARDS, write_grafana_provisioning, write_prometheus_configuration
from local.monitoring import monitoring_services, name_addresses
from local.programs import ProgramMissing, find_grafana, find_prometheus
from local.settings import LocalSettings

PORTS = {"worker.1": 7001, "worker.2": 7002, "status.1": 7003}
CANARY_PORT = 7004


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(home=tmp_path / "home", rules=tmp_path, monitoring=True, scrape_seconds=7)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, on a machine without Prometheus."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("PROMETHEUS", raising=False)
    monkeypatch.setattr("local.programs.FETCHED_PROMETHEUS", tmp_path / "fetched")
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def install(program: Path) -> Path:
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_every_process_is_a_target_under_its_own_name(settings: LocalSettings) -> None:
    written = json.loads(write_prometheus_configuration(settings, PORTS).read_text())

    (scraped,) = written["scrape_configs"]
    assert written["global"]["scrape_interval"] == "7s"
    assert [each["targets"] for each in scraped["static_configs"]] == [[f"127.0.0.1:{port}"] for port in PORTS.values()]
    assert scraped["static_configs"][1]["labels"] == {"job": "worker", "namespace": "local", "instance": "worker.2"}


def test_prometheus_understands_what_is_written_and_finds_the_rules(settings: LocalSettings, tmp_path: Path) -> None:
    (tmp_path / "some.yml").write_text('{"groups": [{"name": "g", "rules": [{"record": "a:b", "expr": "up"}]}]}')
    promtool = Path(find_prometheus()).with_name("promtool")

    checked = subprocess.run(
        [promtool, "check", "config", write_prometheus_configuration(settings, PORTS)],
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert checked.returncode == 0, checked.stderr
    assert "1 rules found" in checked.stdout


def test_prometheus_listens_on_the_loopback_and_the_stack_does_without_it(settings: LocalSettings) -> None:
    _, prometheus, *_ = monitoring_services(settings, PORTS, CANARY_PORT)

    assert "--web.listen-address=127.0.0.1:9090" in prometheus.command
    assert f"--storage.tsdb.path={settings.home}/prometheus" in prometheus.command
    assert (settings.home / "prometheus").stat().st_mode & 0o777 == 0o700
    assert not prometheus.is_vital


def test_a_canary_goes_in_at_the_front_door_and_is_a_target_itself(settings: LocalSettings) -> None:
    canary, _, *_ = monitoring_services(settings, PORTS, CANARY_PORT)

    written = json.loads((settings.home / "run" / "prometheus.yml").read_text())
    (scraped,) = written["scrape_configs"]
    assert canary.environment["HEADWAY_CANARY_URL"] == "http://127.0.0.1:8080"
    assert canary.environment["HEADWAY_CANARY_MANAGEMENT_PORT"] == "7004"
    assert scraped["static_configs"][-1]["targets"] == ["127.0.0.1:7004"]
    assert scraped["static_configs"][-1]["labels"]["job"] == "canary"


def test_a_viewer_shows_the_dashboards_where_there_is_no_grafana(
    settings: LocalSettings, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(programs / "prometheus")
    monkeypatch.setattr("local.monitoring.VIEWER", install(programs / "viewer.py"))

    *_, viewer = monitoring_services(settings, PORTS, CANARY_PORT)

    assert list(viewer.command)[1:] == [
        *(str(programs / "viewer.py"), "--port", "3000"),
        *("--prometheus", "http://127.0.0.1:9090"),
    ]
    assert not viewer.is_vital


def test_the_addresses_are_told_only_when_somebody_looks_on(settings: LocalSettings) -> None:
    assert name_addresses(settings).startswith(", Prometheus on http://127.0.0.1:9090")
    assert name_addresses(LocalSettings()) == ""


def test_the_program_that_was_named_is_taken_first(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(programs / "prometheus")
    mine = install(programs.parent / "mine")
    monkeypatch.setenv("PROMETHEUS", str(mine))

    assert find_prometheus() == str(mine)


def test_the_program_that_was_fetched_is_taken_where_the_machine_has_none(programs: Path) -> None:
    fetched = install(programs.parent / "fetched")

    assert find_prometheus() == str(fetched)


def test_a_machine_without_prometheus_is_told_how_to_get_it(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProgramMissing, match=r"make prometheus.*PROMETHEUS="):
        find_prometheus()

    monkeypatch.setenv("PROMETHEUS", "/nowhere")
    with pytest.raises(ProgramMissing, match="PROMETHEUS=/nowhere is no program"):
        find_prometheus()


@pytest.mark.parametrize(("name", "words"), [("grafana", ["server"]), ("grafana-server", [])])
def test_a_grafana_on_the_machine_is_taken_with_its_own_files(programs: Path, name: str, words: list[str]) -> None:
    program = install(programs / name)
    (programs.parent / "conf").mkdir()
    (programs.parent / "conf" / "defaults.ini").touch()

    assert find_grafana() == [str(program), *words, "--homepath", str(programs.parent)]


def test_grafana_gets_the_data_source_of_compose_with_the_address_of_here(settings: LocalSettings) -> None:
    folder = write_grafana_provisioning(settings, "http://127.0.0.1:9")

    source = (folder / "datasources" / "prometheus.yml").read_text()
    provider = json.loads((folder / "dashboards" / "headway.yml").read_text())["providers"][0]
    assert "    url: http://127.0.0.1:9\n" in source
    assert "timeInterval: 7s" in source
    assert "uid: prometheus" in source
    assert provider["options"] == {"path": str(DASHBOARDS)}


def test_grafana_keeps_its_data_in_the_home_and_nobody_may_change_anything(
    settings: LocalSettings, programs: Path
) -> None:
    install(programs / "prometheus")
    install(programs / "grafana")
    (programs.parent / "conf").mkdir()
    (programs.parent / "conf" / "defaults.ini").touch()

    *_, grafana = monitoring_services(settings, PORTS, CANARY_PORT)

    assert grafana.environment["GF_PATHS_DATA"] == str(settings.home / "grafana")
    assert grafana.environment["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert grafana.environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert set(os.environ).isdisjoint(grafana.environment)
