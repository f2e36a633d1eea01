"""The list of jobs: its filters, its pages and its totals."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from headway.document import document_of
from headway.job import State
from headway.problem import Problem, clip
from headway.store import JobStore
from headway.wanted import Wanted

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
MIN_SEARCH, MAX_SEARCH = 2, 100
"""Characters."""


def read_listing(store: JobStore, parameters: Mapping[str, str], root: str = "") -> dict[str, Any]:
    """One page, newest first. Raises `invalid-parameter`.

    `totals` counts all jobs by state, whatever the filters. Why a job waits, and
    arguments and a result that are long, are only in its own status.
    """
    page = store.list_jobs(
        Wanted(
            states=_states(parameters.get("state", "")),
            task=parameters.get("task", ""),
            tag=parameters.get("tag", ""),
            search=_search(parameters.get("q")),
        ),
        size=_size(parameters.get("page_size", "")),
        before=_before(parameters.get("page_token", "")),
    )
    return {
        "jobs": [document_of(job, root=root) for job in page.jobs],
        "next_page_token": _token(page.next_before),
        "totals": {state.value: number for state, number in store.totals().items()},
    }


def _states(text: str) -> list[State]:
    names = list(dict.fromkeys(text.split(","))) if text else []
    if any(name not in State.__members__ for name in names):
        raise _wrong("state", text, f"one or more of {', '.join(State)}, with commas between them")
    return [State(name) for name in names]


def _search(text: str | None) -> str:
    """Unlike a filter, it is refused when it is empty: one character would find nearly everything."""
    if text is not None and not MIN_SEARCH <= len(text) <= MAX_SEARCH:
        raise _wrong("q", text, f"{MIN_SEARCH} to {MAX_SEARCH} characters")
    return text or ""


def _size(text: str) -> int:
    if not text:
        return DEFAULT_PAGE_SIZE
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MAX_PAGE_SIZE):
        raise _wrong("page_size", text, f"a number from 1 to {MAX_PAGE_SIZE}")
    return int(text)


def _token(before: int | None) -> str | None:
    return None if before is None else base64.urlsafe_b64encode(str(before).encode()).decode()


def _before(token: str) -> int | None:
    if not token:
        return None
    try:
        before = int(base64.urlsafe_b64decode(token.encode("ascii"))) if len(token) < 40 else -1
    except (ValueError, binascii.Error):
        before = -1
    # Decoding is lenient, so the token must also be what would be written for that number.
    if before < 0 or _token(before) != token:
        raise _wrong("page_token", token, "a next_page_token of an earlier answer, as it was")
    return before


def _wrong(name: str, value: str, wanted: str) -> Problem:
    return Problem("invalid-parameter", f"{name}={clip(value, 80)!r} is not usable: it should be {wanted}.")
