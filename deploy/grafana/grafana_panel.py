"""Turns one panel or heading into what Grafana reads."""

from __future__ import annotations

from typing import Any

from layout import Place
from palette import meanings
from panels import Panel, Query, Row, Steps

Json = dict[str, Any]

SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
TYPES = {"stat": "stat", "lines": "timeseries", "stack": "timeseries", "heatmap": "heatmap", "table": "table"}


def element(number: int, what: Row | Panel, place: Place) -> Json:
    grid = {"x": place.x, "y": place.y, "w": place.width, "h": place.height}
    if isinstance(what, Row):
        return {"id": number, "type": "row", "title": what.title, "collapsed": False, "gridPos": grid, "panels": []}
    return {
        "id": number,
        "type": TYPES[what.kind],
        "title": what.title,
        "description": what.description,
        "datasource": SOURCE,
        "gridPos": grid,
        "targets": [_target(query, index, what) for index, query in enumerate(what.queries)],
        "fieldConfig": {"defaults": _defaults(what), "overrides": _overrides(what)},
        "options": _options(what),
        **({"transformations": _joined(what)} if what.kind == "table" else {}),
    }


def _target(query: Query, index: int, panel: Panel) -> Json:
    at_once = panel.kind == "table"
    return {
        "refId": _letter(index),
        "datasource": SOURCE,
        "expr": query.expression,
        "legendFormat": query.legend,
        "editorMode": "code",
        "instant": at_once,
        "range": not at_once,
        "exemplar": "histogram_quantile" in query.expression and not at_once,
        "format": {"table": "table", "heatmap": "heatmap"}.get(panel.kind, "time_series"),
    }


def _defaults(panel: Panel) -> Json:
    return {
        "unit": panel.unit,
        "noValue": "–",
        "color": {"mode": "thresholds" if panel.kind in ("stat", "table") else "palette-classic-by-name"},
        "thresholds": _thresholds(panel.steps),
        "mappings": [_mapping(value, word, panel.steps) for value, word in panel.words.items()],
        "links": [_task_link("${__field.labels.task}")] if panel.link == "task" and panel.kind != "table" else [],
        "custom": _custom(panel),
        **({} if panel.below_zero or panel.kind == "heatmap" else {"min": 0}),
        **({} if panel.decimals is None else {"decimals": panel.decimals}),
    }


def _custom(panel: Panel) -> Json:
    if panel.kind == "table":
        return {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False}
    if panel.kind not in ("lines", "stack"):
        return {}
    stacked = panel.kind == "stack"
    return {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1 if stacked else 2,
        "fillOpacity": 55 if stacked else 6,
        "gradientMode": "none",
        "showPoints": "never",
        "spanNulls": False,
        "axisPlacement": "auto",
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if panel.steps.above and not stacked else "off"},
    }


def _overrides(panel: Panel) -> list[Json]:
    if panel.kind == "table":
        return _columns(panel)
    if panel.kind not in ("lines", "stack"):
        return []
    colours = {name: colour for query in panel.queries for name, colour in meanings(query.legend).items()}
    fixed = [_override(name, color={"mode": "fixed", "fixedColor": colour}) for name, colour in colours.items()]
    return fixed + [_override(query.legend, **_alone()) for query in panel.queries if query.apart]


def _override(name: str, **properties: Any) -> Json:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()],
    }


def _alone() -> Json:
    """A line among areas."""
    return {
        "custom__stacking": {"mode": "none", "group": "B"},
        "custom__fillOpacity": 0,
        "custom__lineWidth": 2,
        "custom__lineStyle": {"fill": "dash", "dash": [8, 6]},
    }


def _columns(panel: Panel) -> list[Json]:
    """Each column's unit; and a task's name leads to the workers that run it."""
    units = [
        _override(f"Value #{_letter(index)}", unit=unit, displayName=name)
        for index, (name, unit) in enumerate(panel.columns.items())
    ]
    return [_override("task", displayName="Task", links=[_task_link("${__value.text}")]), *units]


def _joined(panel: Panel) -> list[Json]:
    """One line for each task out of one answer for each column."""
    shown = ["task", *(f"Value #{_letter(index)}" for index in range(len(panel.queries)))]
    return [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": shown}}},
        {"id": "organize", "options": {"indexByName": {name: index for index, name in enumerate(shown)}}},
    ]


def _thresholds(steps: Steps) -> Json:
    first = {"color": steps.base, "value": None}
    return {"mode": "absolute", "steps": [first, *({"color": colour, "value": at} for at, colour in steps.above)]}


def _mapping(value: float, word: str, steps: Steps) -> Json:
    return {"type": "value", "options": {f"{value:g}": {"text": word, "color": steps.colour_of(value)}}}


def _letter(index: int) -> str:
    return chr(ord("A") + index)


def _options(panel: Panel) -> Json:
    if panel.kind == "heatmap":
        return {**OPTIONS["heatmap"], "yAxis": {"axisPlacement": "left", "unit": panel.unit}}
    return OPTIONS[panel.kind]


def _task_link(name: str) -> Json:
    """To the workers, with the task that was clicked and everything else as it is chosen here."""
    chosen = "&${datasource:queryparam}&${namespace:queryparam}&${queue:queryparam}&${__url_time_range}"
    return {"title": f"Workers that run {name}", "url": f"/d/headway-workers?var-task={name}{chosen}"}


_LEGEND: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_LAST: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_TIME_SERIES: Json = {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}
OPTIONS: dict[str, Json] = {
    "stat": {
        "colorMode": "value",
        "graphMode": "area",
        "justifyMode": "center",
        "orientation": "auto",
        "reduceOptions": _LAST,
        "textMode": "value",
        "wideLayout": True,
    },
    "lines": _TIME_SERIES,
    "stack": _TIME_SERIES,
    "heatmap": {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Blues", "steps": 64, "reverse": False, "exponent": 0.5, "fill": "blue"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
    },
    "table": {"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": "Task", "desc": False}]},
}
