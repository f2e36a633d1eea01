"""Turns a dashboard into what Grafana reads: plain dicts, in its own words."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_panel import SOURCE, Json, element
from layout import placed
from marks import marks
from panels import Dashboard

SCHEMA = 39
TAG = "headway"
VALUES_OF = {"queue": "headway_jobs_queued", "task": "headway_jobs_submitted_total"}
"""The metric whose series name all values of a variable."""


def grafana_json(dashboard: Dashboard, others: Sequence[Dashboard]) -> Json:
    places = list(placed(dashboard))
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [TAG],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,  # one crosshair for all panels
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "",
        "links": [_link(other) for other in others if other != dashboard],
        "annotations": {"list": marks()},
        "templating": {"list": _variables(dashboard)},
        "panels": [element(number, what, place) for number, (what, place) in enumerate(places, start=1)],
    }


def _link(other: Dashboard) -> Json:
    return {
        "type": "link",
        "title": other.title,
        "url": f"/d/{other.uid}",
        "tooltip": other.description,
        "icon": "dashboard",
        "keepTime": True,
        "includeVars": True,
        "targetBlank": False,
        "asDropdown": False,
        "tags": [],
    }


def _variables(dashboard: Dashboard) -> list[Json]:
    source = {
        "type": "datasource",
        "name": "datasource",
        "label": "Prometheus",
        "query": "prometheus",
        "current": {},
        "hide": 0,
        "refresh": 1,
        "regex": "",
        "includeAll": False,
        "multi": False,
    }
    namespace = _variable("namespace", "label_values(up, namespace)")
    chosen = [
        _variable(label, f'label_values({VALUES_OF[label]}{{namespace=~"$namespace"}}, {label})')
        for label in dashboard.chooses
    ]
    return [source, namespace, *chosen]


def _variable(label: str, query: str) -> Json:
    return {
        "type": "query",
        "name": label,
        "label": label.capitalize(),
        "datasource": SOURCE,
        "definition": query,
        "query": {"query": query, "refId": label},
        "refresh": 2,  # whenever the time changes: tasks come and go
        "sort": 1,
        "hide": 0,
        "includeAll": True,
        "allValue": ".*",  # also what has no such label: Compose knows no namespaces
        "multi": True,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "regex": "",
    }
