"""Settings of the status service."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from chassis.settings import Port, ProcessSettings


class StatusSettings(ProcessSettings):
    status_host: str = "127.0.0.1"
    status_port: Port = 8002
    status_management_port: Port = Field(9102, validate_default=True)
    """Probes and metrics."""
    max_streams: int = Field(5000, ge=1, le=50_000)
    """Streams and long polls open at the same time; further ones get 429."""
    keep_alive_seconds: float = Field(15, ge=0.1, le=60)
    """A comment goes out on a quiet stream this often, so that proxies keep it and vanished clients are noticed."""
    send_seconds: float = Field(30, ge=0.1, le=3600)
    """A client that takes nothing of its stream for so long is dropped, so that its place is free for another one."""

    @field_validator("status_management_port")
    @classmethod
    def _keep_ports_apart(cls, port: int, info: ValidationInfo) -> int:
        if port == info.data.get("status_port"):
            raise ValueError("it should differ from HEADWAY_STATUS_PORT")
        return port
