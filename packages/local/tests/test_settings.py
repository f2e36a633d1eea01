"""Settings of the stack on one machine: nothing else may come into a configuration by them, and they fit together."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.files import write_nginx_configuration
from local.settings import LocalSettings


@pytest.mark.parametrize("host", ["localhost:8080", "a b", "a;", "a}", "http://a", ".a", "-", "[]", "[::1", "a*", "ä"])
def test_a_host_that_cannot_be_named_so_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HEADWAY_TRUSTED_HOSTS", host)

    with pytest.raises(ValueError, match="should be a host name without a port"):
        LocalSettings()


def test_hosts_are_trusted_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_TRUSTED_HOSTS", "Example.COM, [::1],a,*")

    assert LocalSettings().trusted_hosts == ("example.com", "[::1]", "a", "*")


def test_the_threads_engine_cannot_be_monitored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_ENGINE", "threads")
    monkeypatch.setenv("HEADWAY_MONITORING", "1")

    with pytest.raises(ValueError, match="no metrics to collect"):
        LocalSettings()


def test_ports_of_the_monitoring_are_taken_only_with_it() -> None:
    assert LocalSettings().public_ports == {"HEADWAY_PORT": 8080}
    assert list(LocalSettings(monitoring=True).public_ports.values()) == [8080, 9090, 3000]


@pytest.mark.parametrize(
    ("hosts", "own"), [("localhost,my.name", "localhost"), ("*", "127.0.0.1"), ("my.name,[::1]", "my.name")]
)
def test_the_stack_asks_itself_by_a_name_that_it_trusts(monkeypatch: pytest.MonkeyPatch, hosts: str, own: str) -> None:
    monkeypatch.setenv("HEADWAY_TRUSTED_HOSTS", hosts)

    assert LocalSettings().own_host == own


def test_every_placeholder_of_nginx_is_filled_in(tmp_path: Path) -> None:
    written = write_nginx_configuration(LocalSettings(home=tmp_path), [1], [2]).read_text()

    assert [line for line in written.splitlines() if "${" in line and not line.startswith("#")] == []
    assert "server_name localhost 127.0.0.1 [::1];" in written
