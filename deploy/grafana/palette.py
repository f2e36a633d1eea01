"""The colours of the dashboards: one meaning has one colour, wherever it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GREEN: Final = "#56A64B"
RED: Final = "#E02F44"
ORANGE: Final = "#FF780A"
YELLOW: Final = "#E0B400"
BLUE: Final = "#3274D9"
SKY: Final = "#8AB8FF"
PURPLE: Final = "#A352CC"
TEAL: Final = "#19A3A3"
INDIGO: Final = "#5C6BC0"
APRICOT: Final = "#F2A65A"
BROWN: Final = "#9A6E3A"
GREY: Final = "#8E8E99"

GOOD, WARN, BAD, CALM = GREEN, ORANGE, RED, BLUE
"""What a threshold says; calm is for figures that are neither good nor bad."""

SERIES: Final = (TEAL, "#7A8B2F", YELLOW, PURPLE, SKY, "#37872D", APRICOT, INDIGO, "#D17BA5", BLUE)
"""For tasks, queues and replicas, which mean nothing by themselves."""

SPELLED: Final[Mapping[str, str]] = {
    "submitted": BLUE,
    "started": SKY,
    "finished": GREEN,
    "retried": YELLOW,
    "restarted": TEAL,
    "running": GREEN,
    "slots": GREY,
    "busy": GREEN,
    "open": BLUE,
    "used": BLUE,
    "limit": RED,
    "p50": SKY,
    "p95": BLUE,
    "p99": PURPLE,
    "stream p50": SKY,
    "stream p95": BLUE,
    "stream p99": PURPLE,
    "poll p50": APRICOT,
    "poll p95": YELLOW,
    "poll p99": ORANGE,
    "5m": SKY,
    "30m": TEAL,
    "1h": BLUE,
    "6h": INDIGO,
    "3d": PURPLE,
    "refused": APRICOT,
    "evicted": RED,
    "deaf": RED,
    "received": BLUE,
    "sent": SKY,
}
"""Of series whose name stands in the panel."""

LABELLED: Final[Mapping[str, Mapping[str, str]]] = {
    "outcome": {
        "succeeded": GREEN,
        "accepted": GREEN,
        "claimed": GREEN,
        "continued": GREEN,
        "replayed": SKY,
        "failed": RED,
        "timed_out": ORANGE,
        "lost": PURPLE,
        "cancelled": GREY,
        "expired": BROWN,
        "retried": YELLOW,
        "drained": BLUE,
        "overtaken": SKY,
        "invalid": YELLOW,
        "refused": APRICOT,
        "ignored": GREY,
        "declined": BROWN,
        "restarted": TEAL,
    },
    "why": {"lost": PURPLE, "drained": BLUE, "declined": BROWN},
    "reason": {
        "finished": GREEN,
        "client": SKY,
        "died": PURPLE,
        "time-limit": ORANGE,
        "cancelled": GREY,
        "stopping": BLUE,
        "error": RED,
        "store_away": RED,
        "overtaken": SKY,
    },
    "state": {
        "PENDING": SKY,
        "STARTED": BLUE,
        "PROGRESS": TEAL,
        "RETRY": YELLOW,
        "SUCCESS": GREEN,
        "FAILURE": RED,
        "REVOKED": GREY,
        "active": BLUE,
        "reading": SKY,
        "writing": TEAL,
        "waiting": GREY,
    },
    "type": {"snapshot": BLUE, "update": SKY, "log": BROWN, "end": GREEN, "missing": ORANGE, "stats": PURPLE},
    "resumed": {"no": BLUE, "yes": SKY},
    "status": {
        "200": GREEN,
        "202": TEAL,
        "304": SKY,
        "400": YELLOW,
        "404": GREY,
        "409": APRICOT,
        "410": BROWN,
        "422": YELLOW,
        "429": ORANGE,
        "500": RED,
        "503": PURPLE,
    },
    "stage": {"accepted": GREEN, "started": SKY, "first_event": BLUE, "finished": PURPLE},
}
"""Of series that are named by the value of a label."""


ORDER: Final = [name for names in (*LABELLED.values(), SPELLED) for name in names]
"""What stands for the usual comes first, and lies lowest in a stack."""


def meanings(legend: str) -> Mapping[str, str]:
    """The colours of the series that this legend names; nothing for tasks and the like, which mean nothing."""
    if legend.startswith("{{") and legend.endswith("}}"):
        return LABELLED.get(legend.strip("{}"), {})
    return {} if "{{" in legend else {legend: SPELLED.get(legend, CALM)}
