"""Settings of the submit service."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from chassis.settings import Port, ProcessSettings


class SubmitSettings(ProcessSettings):
    submit_host: str = "127.0.0.1"
    submit_port: Port = 8001
    submit_management_port: Port = Field(9101, validate_default=True)
    """Probes and metrics."""
    max_requests: int = Field(1000, ge=1, le=50_000)
    """Requests open at the same time; further ones wait to be accepted."""
    max_body_bytes: int = Field(1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    """The largest request body."""

    @field_validator("submit_management_port")
    @classmethod
    def _keep_ports_apart(cls, port: int, info: ValidationInfo) -> int:
        if port == info.data.get("submit_port"):
            raise ValueError("it should differ from HEADWAY_SUBMIT_PORT")
        return port
