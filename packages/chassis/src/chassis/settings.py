"""Settings: one frozen class a service, read from `HEADWAY_…` variables, refused whole when wrong."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chassis.tracing import missing_packages
from headway.connection import check_url, with_credentials

PREFIX = "HEADWAY_"
EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h: a supervisor should not try again with the same settings."""

KNOWN = frozenset({
    "durability", "key_prefix", "log_format", "log_level", "redis_url", "revision",
    "redis_username", "redis_password_file", "path_prefix",
    "submit_host", "submit_port", "submit_management_port", "max_requests", "max_body_bytes",
    "status_host", "status_port", "status_management_port", "max_streams", "keep_alive_seconds",
    "send_seconds",
    "tasks", "queues", "slots", "worker_host", "worker_management_port", "max_result_bytes",
    "max_jobs_per_process", "drain_seconds", "last_scrape_seconds", "cancel_grace_seconds",
    "canary_url", "canary_seconds", "canary_timeout_seconds", "canary_host", "canary_management_port",
    "port", "trusted_hosts", "home", "page", "engine", "submits", "statuses", "workers",
    "monitoring", "prometheus_port", "dashboards_port", "scrape_seconds", "rules",
    "access_log",
})  # fmt: skip
"""Every setting of every service (a test compares): they share one environment, so none may refuse another's."""

S = TypeVar("S", bound="ProcessSettings")


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), Field(min_length=1)]
"""A list written with commas."""
Port = Annotated[int, Field(ge=1, le=65535)]


class ProcessSettings(BaseSettings):
    """What every process has in common."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    redis_url: str = Field("redis://127.0.0.1:6379/0", pattern=r"^(rediss?|unix)://")
    """Where Redis or Valkey is."""
    redis_username: str = ""
    """Whom Redis knows this process as; empty: its default user, or whom the URL names."""
    redis_password_file: Path | None = Field(None, validate_default=True)
    """A file that holds the password, as a secret is mounted: an environment can be read by more than its process."""
    key_prefix: str = Field("headway:", pattern=r"^[A-Za-z0-9_.-]{1,40}:$")
    """In front of every key, so that several systems can share a server; ends in a colon."""
    durability: Literal["durable", "fast", "unchecked"] = "durable"
    """What Redis must be set up for: `durable` loses nothing, `fast` up to two seconds; `unchecked` does not look."""
    path_prefix: str = Field("", pattern=r"^(/[A-Za-z0-9_.~-]+)*$")
    """What a proxy before this Headway takes off every path; links and `Location` begin with it."""
    log_format: Literal["console", "json"] = "json"
    """`json` for machines, `console` for people."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    revision: str = "unknown"
    """The commit that this was built from, for `headway_build_info`; the images know theirs."""

    @field_validator("redis_url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        check_url(url)
        return url

    @field_validator("redis_password_file")
    @classmethod
    def _check_password(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None:
            if info.data.get("redis_username"):
                raise ValueError("HEADWAY_REDIS_USERNAME is set, so it should name the file with that user's password")
            return None
        if urlsplit(info.data.get("redis_url", "")).password:
            raise ValueError("HEADWAY_REDIS_URL holds a password too; leave one of them out")
        _read_password(path)
        return path

    @property
    def redis_address(self) -> str:
        """The URL with user and password in it, which is what clients of Redis take."""
        if self.redis_password_file is None:
            return self.redis_url
        return with_credentials(self.redis_url, self.redis_username, _read_password(self.redis_password_file))


def _read_password(path: Path) -> str:
    try:
        password = path.read_text().strip()
    except (OSError, UnicodeError) as error:
        raise ValueError(f"the file cannot be read ({error})") from error
    if not password:
        raise ValueError("the file is empty; it should hold the password")
    return password


def read_settings(cls: type[S], environ: Mapping[str, str]) -> S:
    """Read the settings or end the process with code 78, all mistakes named at once."""
    mistakes = _unknown_names(environ) + missing_packages(environ)
    try:
        settings = cls()
    except ValidationError as error:
        mistakes += [_mistake(each) for each in error.errors(include_url=False)]
    if mistakes:
        refuse(mistakes)
    return settings


def refuse(mistakes: Iterable[str]) -> NoReturn:
    """End the process: its settings are wrong in all these ways."""
    lines = ["Headway cannot start; these settings are wrong:", *(f"  - {each}" for each in mistakes)]
    print("\n".join(lines), file=sys.stderr)
    sys.exit(EXIT_CONFIGURATION)


def _unknown_names(environ: Mapping[str, str]) -> list[str]:
    known = {PREFIX + name.upper() for name in KNOWN}
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [f"{name} is not a setting of Headway{_suggestion(name, known)}" for name in unknown]


def _suggestion(name: str, known: set[str]) -> str:
    nearest = get_close_matches(name, known, n=1)
    return f"; did you mean {nearest[0]}?" if nearest else "."


def _mistake(error: Any) -> str:
    name = PREFIX + str(error["loc"][0]).upper() if error["loc"] else "The settings"
    why = error["msg"].removeprefix("Value error, ")
    return f"{name}={_without_password(repr(error['input']))}: {why}."


def _without_password(text: str) -> str:
    return re.sub(r"(//[^/:@]*):.*@", r"\1:***@", text)
