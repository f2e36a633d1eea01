"""The four dashboards, and every question that they ask."""

from __future__ import annotations

from collections.abc import Iterator

from api_dashboard import api_dashboard
from jobs_dashboard import jobs_dashboard
from panels import Dashboard, Panel
from redis_dashboard import redis_dashboard
from workers_dashboard import workers_dashboard


def all_dashboards() -> tuple[Dashboard, ...]:
    return (jobs_dashboard(), workers_dashboard(), api_dashboard(), redis_dashboard())


def queries() -> Iterator[tuple[Dashboard, Panel, str, str | None]]:
    """Every dashboard, panel and question as it can be asked; and why it is no fault when its answer is empty."""
    for dashboard in all_dashboards():
        for panel in dashboard.panels:
            for query in panel.queries:
                yield dashboard, panel, filled(query.expression), panel.empty_when_healthy or None


def filled(expression: str, rate_interval: str = "1m", whole_range: str = "1h") -> str:
    """The question with everything chosen, as Grafana would ask it."""
    expression = expression.replace("$__rate_interval", rate_interval).replace("$__range", whole_range)
    for label in ("namespace", "queue", "task"):
        expression = expression.replace(f'"${label}"', '".*"')
    return expression
