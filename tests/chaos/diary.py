"""The diary of a trial: every published move of every job, for questions about cancels, lives and bars.

It is fed by the witness and read at the end. All times are Redis's, in seconds since 1970.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from witness import FINAL, Witness

TOLERANCE_SECONDS = 0.002
"""Redis's times are cut off to milliseconds, those of clients are not."""


@dataclass(frozen=True, slots=True)
class Move:
    """What one write changed."""

    at: float
    fields: Mapping[str, str]

    @property
    def state(self) -> str:
        """Empty when the state stayed as it was."""
        return self.fields.get("state", "")

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def is_claim(self) -> bool:
        return self.state == "STARTED" and "fence" in self.fields

    @property
    def is_retry(self) -> bool:
        """By a client: nothing else takes the end of a job away."""
        return self.state == "RETRY" and self.fields.get("finished_at") == ""


class Diary:
    """Listens to the witness from its making on; make it before the first job."""

    def __init__(self, witness: Witness) -> None:
        self.moves: dict[str, list[Move]] = defaultdict(list)
        witness.on_move = self._note

    def has_heard_of(self, ids: Iterable[str]) -> bool:
        """That these have ended: the witness hears of a move a moment after the store has it."""
        return all(self._state_of(job_id) in FINAL for job_id in ids)

    def states_during(self, job_id: str, began_at: float, ended_at: float) -> set[str]:
        """Every state that the job had at some moment between the two."""
        state, found = "PENDING", set()
        for move in self.moves[job_id]:
            if not move.state:
                continue
            if move.at > began_at - TOLERANCE_SECONDS:
                found.add(state)
            if move.at > ended_at + TOLERANCE_SECONDS:
                return found
            state = move.state
        return found | {state}

    def end_after(self, job_id: str, at: float) -> Move | None:
        return next((move for move in self.moves[job_id] if move.is_final and move.at >= at), None)

    def retries_of(self, job_id: str) -> int:
        return sum(move.is_retry for move in self.moves[job_id])

    def wrong_turns(self) -> list[str]:
        """After its end a job moves only by a client's retry; after the request to cancel it no attempt begins."""
        found = []
        for job_id, moves in list(self.moves.items()):
            is_over = is_cancelled = False
            for move in moves:
                if is_over and not move.is_retry:
                    found.append(f"{job_id} moved after its end: {dict(move.fields)}")
                if is_cancelled and move.is_claim:
                    found.append(f"{job_id} was claimed after the request to cancel it")
                is_over = move.is_final or (is_over and not move.is_retry)
                is_cancelled = bool(move.fields.get("cancel_requested_at", is_cancelled))
        return found

    def first_claim(self, job_id: str) -> float | None:
        """Of a job's first life; None when it ended without one."""
        for move in self.moves[job_id]:
            if move.is_claim:
                return move.at
            if move.is_retry:
                return None
        return None

    def bars(self, job_id: str) -> Sequence[tuple[int, float]]:
        """(fence, current) as published, in order; an emptied bar is -1."""
        fence, found = 0, []
        for move in self.moves[job_id]:
            fence = int(float(move.fields.get("fence", fence)))
            if "current" in move.fields:
                found.append((fence, float(move.fields["current"] or -1)))
        return found

    def _state_of(self, job_id: str) -> str:
        return next((move.state for move in reversed(self.moves[job_id]) if move.state), "")

    def _note(self, job_id: str, fields: Mapping[str, str]) -> None:
        self.moves[job_id].append(Move(float(fields["updated_at"]) / 1000, fields))
