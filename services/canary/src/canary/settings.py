"""Settings of the canary."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from chassis.settings import Port, ProcessSettings


class CanarySettings(ProcessSettings):
    canary_url: str = Field("http://127.0.0.1:8080", pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")
    """Where clients find Headway: the frontend's address, and the prefix if it has one."""
    canary_seconds: float = Field(60, ge=1, le=3600)
    """A run begins this often."""
    canary_timeout_seconds: float = Field(30, ge=1, le=600)
    """A run that has not ended by then has failed."""
    canary_host: str = "127.0.0.1"
    """Address for probes."""
    canary_management_port: Port = 9105
    """Probes and metrics."""

    @field_validator("canary_url")
    @classmethod
    def _check_canary_url(cls, url: str) -> str:
        _ = urlsplit(url).port  # raises, and says what is wrong
        return url
