"""What is marked in every picture: alerts, new versions, and processes that started."""

from __future__ import annotations

from grafana_panel import SOURCE, Json
from palette import GREY, RED, SKY

ALERTS = 'ALERTS{alertname=~"Headway.*", alertstate="firing", namespace=~"$namespace"}'
VERSIONS = (
    'group by (service, version, revision) (headway_build_info{namespace=~"$namespace"})'
    ' unless group by (service, version, revision) (headway_build_info{namespace=~"$namespace"} offset 5m)'
)
STARTS = 'process_start_time_seconds{job=~"submit|status|worker", namespace=~"$namespace"} * 1000'
REDIS_STARTS = 'max by (namespace) (headway_redis_started_timestamp_seconds{namespace=~"$namespace"}) * 1000'


def marks() -> list[Json]:
    return [
        _mark("Alerts", ALERTS, RED, "{{alertname}}", "{{severity}}"),
        _mark("New versions", VERSIONS, SKY, "{{service}} {{version}}", "{{revision}}"),
        _mark("Starts of processes", STARTS, GREY, "{{job}} started", "{{instance}}", at_value=True),
        _mark("Starts of Redis", REDIS_STARTS, GREY, "Redis started", "", at_value=True),
    ]


def _mark(name: str, expression: str, colour: str, title: str, text: str, *, at_value: bool = False) -> Json:
    """A mark wherever the answer is 1; or at the moment that the answer names, in milliseconds."""
    return {
        "name": name,
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "target": {"refId": "Anno", "expr": expression, "interval": "60s"},
        "titleFormat": title,
        "textFormat": text,
        "useValueForTime": at_value,
    }
