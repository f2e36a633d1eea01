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
BROWN: Final = "#9A6E3A"
GREY: Final = "#8E8E99"

GOOD, WARN, BAD, CALM = GREEN, ORANGE, RED, BLUE
"""What a threshold says; calm is for figures that are neither good nor bad."""

SERIES: Final = (BLUE, GREEN, YELLOW, PURPLE, ORANGE, SKY, TEAL, BROWN, "#37872D", "#C4162A", "#B877D9", GREY)
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
    "received": BLUE,
    "sent": SKY,
}
"""Of series whose name stands in the panel."""

LABELLED: Final[Mapping[str, Mapping[str, str]]] = {
    "outcome": {
        "succeeded": GREEN,
        "failed": RED,
        "timed_out": ORANGE,
        "lost": PURPLE,
        "cancelled": GREY,
        "expired": BROWN,
        "retried": YELLOW,
        "drained": BLUE,
        "overtaken": SKY,
        "accepted": GREEN,
        "replayed": SKY,
        "invalid": YELLOW,
        "refused": ORANGE,
        "claimed": GREEN,
        "ignored": GREY,
        "declined": BROWN,
        "continued": GREEN,
        "restarted": TEAL,
    },
    "why": {"lost": PURPLE, "drained": BLUE, "declined": BROWN},
    "reason": {
        "died": PURPLE,
        "time-limit": ORANGE,
        "cancelled": GREY,
        "finished": GREEN,
        "client": SKY,
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
    "type": {"snapshot": BLUE, "update": SKY, "log": BROWN, "end": GREEN, "missing": ORANGE},
    "resumed": {"no": BLUE, "yes": SKY},
    "status": {"200": GREEN, "202": TEAL, "304": SKY, "404": GREY, "429": ORANGE, "500": RED, "503": PURPLE},
    "stage": {"accepted": GREEN, "started": SKY, "first_event": BLUE, "finished": PURPLE},
}
"""Of series that are named by the value of a label."""


def meanings(legend: str) -> Mapping[str, str]:
    """The colours of the series that this legend names; nothing for names that mean nothing."""
    if legend.startswith("{{") and legend.endswith("}}"):
        return LABELLED.get(legend.strip("{}"), {})
    return {legend: SPELLED[legend]} if legend in SPELLED else {}
