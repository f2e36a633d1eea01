"""How long the system took to bring interrupted jobs back, from what the witness saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from witness import Seen


@dataclass(frozen=True, slots=True)
class Death:
    """Processes that were ended at one moment."""

    at: float
    """Seconds since 1970."""
    pids: frozenset[int]


def reclaim_seconds(seen: Mapping[str, Seen], deaths: Sequence[Death]) -> list[float]:
    """For every claim whose owner died with it: from the death to the next claim of that job."""
    found = []
    for job in list(seen.values()):
        for (at, owner, _), following in zip(job.claims, job.claims[1:], strict=False):
            death = _death_of(int(owner.rpartition("/")[2] or 0), at, deaths)
            if death is not None and following[0] >= death.at:
                found.append(following[0] - death.at)
    return found


def overtaken_seconds(seen: Mapping[str, Seen], order: Sequence[str]) -> list[float]:
    """For every job in order of submission: how much later it was claimed first than a job behind it.

    A doorbell that died with a worker before any claim shows itself in no other way.
    """
    earliest_behind = float("inf")
    found = []
    for job_id in reversed(order):
        claims = seen[job_id].claims if job_id in seen else []
        if not claims:
            continue
        found.append(max(0.0, claims[0][0] - earliest_behind))
        earliest_behind = min(earliest_behind, claims[0][0])
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """0 when there are no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _death_of(pid: int, after: float, deaths: Sequence[Death]) -> Death | None:
    return next((death for death in deaths if pid in death.pids and death.at >= after - 0.01), None)
