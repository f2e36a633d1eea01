"""What a task may return: JSON, whole, within its limit; anything else is named with its place."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.problem import Problem
from worker.result import to_json

LIMIT = 100_000
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(JSON)
def test_every_json_value_comes_back_as_it_was(value: Any) -> None:
    assert orjson.loads(to_json(value, LIMIT)) == value


def endless() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"mean": float("nan")}, "/mean"),
        ([1, float("inf")], "/1"),
        ({"a": [{"b": {1, 2}}]}, "/a/0/b"),
        ({1: "one"}, "the top"),
        (b"bytes", "the top"),
        (2**64, "the top"),
        ("\ud800", "the top"),
        ({"\ud800": 1}, "the top"),
        ({"a/b": object()}, "/a~1b"),
        (endless(), "/0/0/0"),
    ],
)
def test_what_json_cannot_hold_is_named_with_its_place(value: Any, place: str) -> None:
    with pytest.raises(Problem) as caught:
        to_json(value, LIMIT)

    assert caught.value.slug == "unserializable-result"
    assert place in caught.value.detail


@pytest.mark.parametrize("value", ["x" * LIMIT, list(range(LIMIT)), [[]] * (LIMIT + 2)])
def test_more_than_the_limit_is_refused_with_the_limit(value: Any) -> None:
    with pytest.raises(Problem) as caught:
        to_json(value, LIMIT)

    assert caught.value.slug == "result-too-large"
    assert "100,000 bytes" in caught.value.detail
