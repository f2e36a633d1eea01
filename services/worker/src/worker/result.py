"""What a task returned or saved, as JSON text; or a problem that names the first place that cannot be JSON."""

from __future__ import annotations

import math
from typing import Any

import orjson

from headway.problem import Problem

MAX_DEPTH = 100
MAX_CHECKPOINT_BYTES = 64 * 1024
INTEGERS = range(-(2**63), 2**64)


def to_json(value: Any, max_bytes: int) -> str:
    """Raises `unserializable-result` or `result-too-large`; nothing is converted silently."""
    _check(value, max_bytes)
    text = orjson.dumps(value)
    if len(text) > max_bytes:
        raise _too_large(f"{len(text):,} bytes", max_bytes)
    return text.decode()


def _check(value: Any, max_bytes: int) -> None:
    left: list[tuple[str, int, Any]] = [("", 0, value)]
    seen = 0
    while left:
        path, depth, each = left.pop()
        seen += 1
        if seen > max_bytes:  # every element takes a byte at least
            raise _too_large("too many elements", max_bytes)
        if depth > MAX_DEPTH:
            raise _unfit(path, f"it is nested deeper than {MAX_DEPTH} levels, or contains itself")
        if isinstance(each, dict):
            left.extend((f"{path}/{_key(path, name)}", depth + 1, item) for name, item in each.items())
        elif isinstance(each, list | tuple):
            left.extend((f"{path}/{index}", depth + 1, item) for index, item in enumerate(each))
        else:
            _check_scalar(path, each)


def _check_scalar(path: str, value: Any) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check_text(path, value)
    elif isinstance(value, int):
        if value not in INTEGERS:
            raise _unfit(path, "the number does not fit 64 bits; return it as a text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _unfit(path, f"{value} is not a JSON number; return None or a text")
    else:
        raise _unfit(path, f"a {type(value).__name__} has no JSON form; convert it first")


def _check_text(path: str, text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _unfit(path, "the text holds half of a surrogate pair") from None


def _key(path: str, name: Any) -> str:
    if not isinstance(name, str):
        raise _unfit(path, f"the key {name!r} is not a text")
    _check_text(path, name)
    return name.replace("~", "~0").replace("/", "~1")


def _unfit(path: str, why: str) -> Problem:
    return Problem("unserializable-result", f"At {path or 'the top'}: {why}.")


def _too_large(found: str, max_bytes: int) -> Problem:
    detail = f"The value has {found}; the limit is {max_bytes:,} bytes. Store it elsewhere and return where it is."
    return Problem("result-too-large", detail)
