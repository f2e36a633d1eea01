"""Which refusals of a submit are in order when nothing was broken at that moment."""

from __future__ import annotations

from collections.abc import Sequence

from load import Load, Try
from trial import Trial

STALLED_SHARE = 0.01
"""So many tries may meet a stall of CI's shared machine; a second without an answer of Valkey is rightly a 503."""


def is_proper(refusal: Try) -> bool:
    """The words of an outage, and when to come back."""
    return refusal.status == 503 and refusal.slug == "backend-unavailable" and refusal.has_retry_after


def refusal_problems(trial: Trial, load: Load, refused: Sequence[Try]) -> list[str]:
    """What must not be: a broken connection, other words, or more 503s than a stall or two can bring.

    Each of them was repeated with its key by its client, so the checker sees whether a job was lost or doubled.
    """
    wrong = [each for each in refused if not is_proper(each)]
    stalled = len(refused) - len(wrong)
    problems = [f"{len(wrong)} other refusals, as {wrong[0]}"] if wrong else []
    if stalled > most_stalled(trial, len(load.tries), load.clients):
        problems.append(f"{stalled} of {len(load.tries):,} submits were refused while Valkey was there")
    return problems


def most_stalled(trial: Trial, tries: int, clients: int) -> int:
    """None in the full tier. In CI a share of all, or what one stall brings: one for every client."""
    return 0 if trial.is_full else max(round(STALLED_SHARE * tries), clients)
