"""Settings are read whole or refused whole, with every mistake named at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from canary.settings import CanarySettings
from chassis.settings import EXIT_CONFIGURATION, KNOWN, Port, ProcessSettings, Words, read_settings
from local.settings import LocalSettings
from status.settings import StatusSettings
from submit.settings import SubmitSettings
from worker.settings import WorkerSettings

SERVICES = (SubmitSettings, StatusSettings, WorkerSettings, CanarySettings, LocalSettings)


class SampleSettings(ProcessSettings):
    submit_port: Port = 8001
    tasks: Words = ("worker.tasks",)
    slots: int = 2


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Read settings from these variables alone."""
    for name in list(os.environ):
        if name.startswith("HEADWAY_"):
            monkeypatch.delenv(name)

    def with_variables(cls: Any = SampleSettings, **variables: str) -> Any:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return read_settings(cls, os.environ)

    return with_variables


@pytest.mark.parametrize("cls", SERVICES)
def test_every_service_starts_without_any_setting(read: Callable[..., Any], cls: Any) -> None:
    assert read(cls).redis_url == "redis://127.0.0.1:6379/0"


def test_a_variable_goes_before_the_default(read: Callable[..., Any]) -> None:
    settings = read(HEADWAY_SUBMIT_PORT="9", HEADWAY_KEY_PREFIX="other:", HEADWAY_LOG_LEVEL="debug")

    assert (settings.submit_port, settings.key_prefix, settings.log_level) == (9, "other:", "debug")


def test_the_password_comes_from_a_file_and_not_from_the_environment(read: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/word\n")

    settings = read(
        HEADWAY_REDIS_URL="redis://redis:6379/2",
        HEADWAY_REDIS_USERNAME="status",
        HEADWAY_REDIS_PASSWORD_FILE=str(tmp_path / "password"),
    )

    assert settings.redis_address == "redis://status:p%40ss%2Fword@redis:6379/2"
    assert "p@ss" not in repr(settings)


def test_without_a_password_file_the_url_is_the_address(read: Callable[..., Any]) -> None:
    settings = read(HEADWAY_REDIS_URL="redis://:secret@redis:6379/2")

    assert settings.redis_address == settings.redis_url


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"HEADWAY_REDIS_PASSWORD_FILE": "/not/there"}, "the file cannot be read"),
        ({"HEADWAY_REDIS_PASSWORD_FILE": "/dev/null"}, "the file is empty; it should hold the password"),
        ({"HEADWAY_REDIS_USERNAME": "status"}, "it should name the file with that user's password"),
        (
            {"HEADWAY_REDIS_URL": "redis://:a@redis/0", "HEADWAY_REDIS_PASSWORD_FILE": "/dev/null"},
            "HEADWAY_REDIS_URL holds a password too; leave one of them out",
        ),
    ],
)
def test_credentials_that_cannot_be_meant_are_refused(
    read: Callable[..., Any], capsys: pytest.CaptureFixture[str], variables: dict[str, str], why: str
) -> None:
    with pytest.raises(SystemExit):
        read(**variables)

    told = capsys.readouterr().err
    assert "HEADWAY_REDIS_PASSWORD_FILE=" in told
    assert why in told


def test_a_list_is_written_with_commas(read: Callable[..., Any]) -> None:
    assert read(HEADWAY_TASKS=" a.tasks , b,,c ").tasks == ("a.tasks", "b", "c")


def test_settings_cannot_be_changed(read: Callable[..., Any]) -> None:
    settings = read()

    with pytest.raises(ValueError, match="frozen"):
        settings.slots = 3


def test_rows_91_to_94_all_mistakes_are_named_at_once_and_the_process_ends_with_78(
    read: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        read(
            HEADWAY_SUBMIT_PROT="1",
            HEADWAY_SUBMIT_PORT="70000",
            HEADWAY_SLOTS="5m",
            HEADWAY_TASKS=" , ",
            HEADWAY_REDIS_URL="http://redis",
            HEADWAY_KEY_PREFIX="no colon",
            HEADWAY_LOG_LEVEL="loud",
        )

    assert ended.value.code == EXIT_CONFIGURATION == 78
    first, *mistakes = capsys.readouterr().err.strip().split("\n")
    assert first == "Headway cannot start; these settings are wrong:"
    assert [mistake.split("=")[0].split()[1] for mistake in mistakes] == [
        "HEADWAY_SUBMIT_PROT",
        "HEADWAY_REDIS_URL",
        "HEADWAY_KEY_PREFIX",
        "HEADWAY_LOG_LEVEL",
        "HEADWAY_SUBMIT_PORT",
        "HEADWAY_TASKS",
        "HEADWAY_SLOTS",
    ]


def test_row_91_an_unknown_name_is_refused_with_the_nearest_known_one(
    read: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read(HEADWAY_REDIS_ULR="redis://a", HEADWAY_ZZZZZZZZZZZZZZZZZZZZ="1")

    error = capsys.readouterr().err
    assert "HEADWAY_REDIS_ULR is not a setting of Headway; did you mean HEADWAY_REDIS_URL?" in error
    assert "HEADWAY_ZZZZZZZZZZZZZZZZZZZZ is not a setting of Headway." in error


def test_a_setting_of_another_service_is_no_mistake(read: Callable[..., Any]) -> None:
    assert read(HEADWAY_MAX_STREAMS="3", HEADWAY_DRAIN_SECONDS="1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUBMIT_PORT", "0"),
        ("SUBMIT_PORT", "-1"),
        ("SUBMIT_PORT", "http"),
        ("SUBMIT_PORT", ""),
        ("MAX_REQUESTS", "0"),
        ("MAX_BODY_BYTES", "1"),
        ("MAX_BODY_BYTES", "1MB"),
        ("REDIS_URL", ""),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://h:abc/0"),
        ("REDIS_URL", "redis://h:99999/0"),
        ("REDIS_URL", "redis://h/zero"),
        ("REDIS_URL", "redis://h/0?foo=bar"),
        ("REDIS_URL", "redis://h/0?socket_timeout=soon"),
        ("REDIS_URL", "unix:///run/valkey.sock?foo=bar"),
        ("KEY_PREFIX", ""),
        ("KEY_PREFIX", "a*:"),
        ("KEY_PREFIX", "{a}:"),
    ],
)
def test_rows_92_and_94_a_value_that_cannot_be_meant_is_refused(
    read: Callable[..., Any], capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    with pytest.raises(SystemExit):
        read(SubmitSettings, **{f"HEADWAY_{name}": value})

    assert f"HEADWAY_{name}={value!r}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        "redis://h",
        "redis://:secret@h:6379/15?socket_timeout=5",
        "rediss://user:secret@h/0?ssl_cert_reqs=none",
        "unix:///run/valkey.sock?db=3",
    ],
)
def test_every_way_to_write_where_redis_is_can_be_read(read: Callable[..., Any], url: str) -> None:
    assert read(HEADWAY_REDIS_URL=url).redis_url == url


def test_a_password_is_not_shown_with_a_mistake(read: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(HEADWAY_REDIS_URL="redis://user:se/cr@et@h:99999/0")

    assert "HEADWAY_REDIS_URL='redis://user:***@h:99999/0'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cls", "name", "value", "other"),
    [
        (SubmitSettings, "SUBMIT_PORT", "9101", "SUBMIT_MANAGEMENT_PORT"),
        (SubmitSettings, "SUBMIT_MANAGEMENT_PORT", "8001", "SUBMIT_MANAGEMENT_PORT"),
        (StatusSettings, "STATUS_PORT", "9102", "STATUS_MANAGEMENT_PORT"),
        (StatusSettings, "STATUS_MANAGEMENT_PORT", "8002", "STATUS_MANAGEMENT_PORT"),
    ],
)
def test_probes_and_requests_need_two_ports(
    read: Callable[..., Any], capsys: pytest.CaptureFixture[str], cls: Any, name: str, value: str, other: str
) -> None:
    with pytest.raises(SystemExit):
        read(cls, **{f"HEADWAY_{name}": value})

    assert f"HEADWAY_{other}={value}: it should differ from HEADWAY_" in capsys.readouterr().err.replace("'", "")


@pytest.mark.parametrize("value", ["Default", "a@1", "a b", ","])
def test_a_queue_that_cannot_be_named_so_is_refused(
    read: Callable[..., Any], capsys: pytest.CaptureFixture[str], value: str
) -> None:
    with pytest.raises(SystemExit):
        read(WorkerSettings, HEADWAY_QUEUES=value)

    assert "HEADWAY_QUEUES" in capsys.readouterr().err


def test_every_setting_of_every_service_is_known_to_all() -> None:
    fields = {name for cls in SERVICES for name in cls.model_fields}

    assert fields == KNOWN


@pytest.mark.parametrize("service", ["submit", "status"])
def test_a_service_with_a_wrong_setting_does_not_start(service: str) -> None:
    environ = os.environ | {"HEADWAY_REDIS_URL": "nowhere"}

    ended = subprocess.run([sys.executable, "-m", service], env=environ, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 78
    assert "HEADWAY_REDIS_URL='nowhere'" in ended.stderr
    assert "Traceback" not in ended.stderr
