"""Logs: one event, one line, for people or for machines; every library's records look the same."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["console", "json"]


def configure_logs(service: str, log_format: LogFormat, level: str) -> None:
    """Send everything this process logs to standard error, in one format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _service_name(service),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last_steps(log_format)],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("amqp", "celery", "kombu", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> Any:
    return structlog.stdlib.get_logger(name)


def _last_steps(log_format: LogFormat) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_to_json)]
    return [_without_service, _on_one_line, _console()]


def _console() -> Processor:
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False, exception_formatter=plain)


def _service_name(service: str) -> Processor:
    def add(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        return {**event, "service": service}

    return add


def _without_service(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event.pop("service", None)  # the supervisor's prefix says it already
    return event


def _on_one_line(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    text = str(event["event"])  # a library's words may hold what a client sent
    return {**event, "event": "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)}


def _to_json(event: Any, **options: Any) -> str:
    try:
        return orjson.dumps(event, default=repr).decode()
    except TypeError:  # half a surrogate pair or a huge number: no reason to lose the event
        return json.dumps(event, default=repr)
