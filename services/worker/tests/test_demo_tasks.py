"""The demo tasks as plain functions: a task needs no worker to be tested."""

from __future__ import annotations

import pytest

from headway.testing import record_progress
from worker.tasks import count_primes, word_statistics


@pytest.mark.parametrize(("limit", "primes"), [(2, 1), (10, 4), (100, 25), (1_000_000, 78_498)])
def test_primes_are_counted(limit: int, primes: int) -> None:
    assert count_primes(limit) == {"limit": limit, "primes": primes}


def test_counting_goes_on_from_a_checkpoint() -> None:
    with record_progress() as whole:
        expected = count_primes(1_000_000)
    half = {"next": 400_002, "found": count_primes(400_001)["primes"]}

    with record_progress(checkpoint=half) as resumed:
        assert count_primes(1_000_000) == expected

    assert resumed.reports[0][0] == 400_002
    assert len(resumed.reports) < len(whole.reports)


def test_words_are_counted_in_any_language() -> None:
    with record_progress() as recording:
        found = word_statistics("Größe zählt. Größe zählt nicht!\nL’été, l’été…", top=1)

    assert (found["words"], found["sentences"]) == (7, 3)
    assert found["top_words"] == [{"word": "größe", "count": 2}]
    assert recording.reports[-1][:2] == (2, 2)
    assert recording.lines == ["7 words, 4 of them different"]


def test_a_text_without_words_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="no words"):
        word_statistics("1234 !!!")
