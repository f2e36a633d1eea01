"""Asks Prometheus over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

ANSWER_SECONDS = 20


class NoAnswer(Exception):
    """Prometheus is not there, or does not understand."""


@dataclass(frozen=True)
class Series:
    """One line of an answer: its labels, and its values by their time."""

    labels: Mapping[str, str]
    values: Mapping[float, float]


def ask_range(prometheus_url: str, expression: str, start: float, end: float, step: float) -> list[Series]:
    """The answer at each step from start to end."""
    answer = _ask(prometheus_url, "query_range", query=expression, start=start, end=end, step=step)
    return [Series(each["metric"], _values(each["values"])) for each in answer]


def ask_now(prometheus_url: str, expression: str, at: float) -> list[Series]:
    """The answer at one moment."""
    answer = _ask(prometheus_url, "query", query=expression, time=at)
    return [Series(each["metric"], _values([each["value"]])) for each in answer]


def _values(pairs: list[tuple[float, str]]) -> dict[float, float]:
    return {float(moment): float(value) for moment, value in pairs}


def _ask(prometheus_url: str, how: str, **question: object) -> list[Any]:
    url = f"{prometheus_url.rstrip('/')}/api/v1/{how}?{urlencode(question)}"
    try:
        with urlopen(url, timeout=ANSWER_SECONDS) as response:
            return list(json.load(response)["data"]["result"])
    except HTTPError as error:
        raise NoAnswer(f"Prometheus refused {question['query']}: {error.read(500).decode(errors='replace')}") from error
    except (URLError, OSError, ValueError) as error:
        raise NoAnswer(f"No Prometheus answered on {prometheus_url}: {error}. Is it running there?") from error
