"""The job store in this process's memory: for tests, notebooks and `make up ENGINE=threads`.

It keeps the same promises as `RedisJobStore` (the same behaviour suite runs on
both), except that nothing survives the process. Doorbells go to the function
that was passed in; the owner of the store calls `wake` for what is due later.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from headway.catalogue import ALIVE_SECONDS, TaskEntry, Worker
from headway.figures import Counted, Figures, outcome_of
from headway.first_record import first_record
from headway.job import MOVES, RECOVERED_LANE, Job, State, to_amount, to_text
from headway.memory_feed import MemoryFeed
from headway.memory_figures import figures_of
from headway.memory_rules import INTERRUPTED, bar_to_begin_with, ended_by, goes_back, is_late, listed, log_place
from headway.problem import (
    Cancelled,
    Problem,
    already_finished,
    cancelled,
    expired_unstarted,
    idempotency_mismatch,
    job_expired,
    job_not_found,
    not_retryable,
    worker_lost,
)
from headway.store import (
    DECLINED_SECONDS,
    IDEMPOTENCY_SECONDS,
    LOG_LINES_KEPT,
    MAX_LOST_IN_A_ROW,
    RETRIED,
    TOMBSTONE_SECONDS,
    Change,
    Idempotency,
    Interruption,
    LogLine,
    NewJob,
    Page,
    Place,
    Report,
    Settlement,
    Standing,
    Submitted,
    place_of,
)
from headway.story import FIRST_MOVES_KEPT, MOVES_KEPT, Move, Why, move_between
from headway.wanted import ANY_JOB, Wanted


@dataclass(slots=True)
class _Slot:
    """All that is kept of one job beside its record."""

    job: Job
    number: int
    """Order of submission: a stable cursor for lists."""
    lines: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LOG_LINES_KEPT))
    moves: list[Move] = field(default_factory=list)
    place: tuple[int, int] | None = None
    """Lane and sequence while it is in line."""
    due_at: datetime | None = None


class MemoryJobStore:
    """See `headway.store.JobStore` for the promise of every method."""

    def __init__(
        self,
        *,
        ring: Callable[[str], None] = lambda job_id: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ring = ring
        self._clock = clock
        self._lock = threading.RLock()
        self._step_at: datetime | None = None
        self._slots: dict[str, _Slot] = {}
        self._gone: dict[str, datetime] = {}
        self._keys: dict[str, tuple[str, str, datetime]] = {}
        self._sequence = count(1)
        self._entries: dict[str, TaskEntry] = {}
        self._workers: dict[str, tuple[Worker, datetime]] = {}
        self._feeds: list[MemoryFeed] = []
        self._counts: Counter[Counted] = Counter()

    # Moves

    def submit(self, new: NewJob, idempotency: Idempotency | None = None) -> Submitted:
        with self._step():
            now = self._now()
            if new.id in self._slots:
                return Submitted(self._slots[new.id].job, is_replay=False)
            replayed = self._replay(idempotency, now)
            if replayed:
                return Submitted(self.fetch(replayed), is_replay=True)
            if idempotency:
                until = now + timedelta(seconds=IDEMPOTENCY_SECONDS)
                self._keys[idempotency.key] = (new.id, idempotency.fingerprint, until)
            slot = self._slots[new.id] = _Slot(first_record(new, now), next(self._sequence))
            self._count(slot.job, "submitted")
            self._note(slot, slot.job, Why.SUBMITTED)
            slot.due_at = slot.job.scheduled_for
            if not slot.due_at:
                self._join_line(slot, slot.job.priority.lane)
            return Submitted(slot.job, is_replay=False)

    def claim(self, job_id: str, owner: str) -> Job | None:
        with self._step():
            slot = self._slots.get(job_id)
            if slot is None or slot.due_at:
                return None
            job = slot.job
            if job.state.is_running and job.owner == owner:
                return job
            if job.state not in (State.PENDING, State.RETRY) or is_late(job, self._now()):
                return None
            slot.place = None
            self._count(job, "started")
            return self._write(
                slot,
                Why.CLAIMED,
                state=State.STARTED,
                waited_seconds=(self._now() - job.updated_at).total_seconds(),
                attempt=job.attempt + 1,
                fence=job.fence + 1,
                owner=owner,
                started_at=self._now(),
                error_json=None,
                message="",
                pace_at=None,
                pace_from=None,
                **bar_to_begin_with(job),
            )

    def report(self, job_id: str, fence: int, report: Report) -> Standing:
        with self._step():
            slot = self._slots.get(job_id)
            if slot is None or not slot.job.state.is_running or slot.job.fence != fence:
                return Standing.FENCED
            changed = self._progress(slot.job, report)
            if "current" in changed or "message" in changed:
                changed["state"] = State.PROGRESS
            if report.lines:
                changed["lines"] = slot.job.lines + len(report.lines)
            is_first = slot.job.state is State.STARTED and "state" in changed
            job = self._write(slot, Why.PROGRESSED if is_first else None, **changed)
            for number, line in enumerate(report.lines, 1):
                slot.lines.append(LogLine(f"{job.version}-{number}", job.updated_at, line))
            return Standing.CANCEL if job.cancel_requested_at else Standing.OK

    def _progress(self, job: Job, report: Report) -> dict[str, Any]:
        values = {"message": report.message, "checkpoint_json": report.checkpoint_json}
        changed: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        if report.current is None or goes_back(job, report):
            return changed
        changed["current"] = to_amount(report.current)
        if report.total is not None:
            changed["total"] = to_amount(report.total)
        if job.pace_at is None:
            changed |= {"pace_at": self._now(), "pace_from": changed["current"]}
        return changed

    def settle(self, job_id: str, fence: int, settlement: Settlement) -> bool:
        with self._step():
            slot = self._slots.get(job_id)
            if slot is None or slot.job.fence != fence or fence == 0:
                return False  # a fence of 0 was never handed out
            if slot.job.state is settlement.state:
                return True
            if not slot.job.state.is_running:
                return False
            self._settle(slot, settlement)
            return True

    def _settle(self, slot: _Slot, settlement: Settlement) -> None:
        job = slot.job
        texts = {name: getattr(settlement, name) for name in ("result_json", "error_json", "message")}
        changed: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
        amounts = {"current": settlement.current, "total": settlement.total}
        changed |= {name: to_amount(amount) for name, amount in amounts.items() if amount is not None}
        changed["lost"] = 0
        state, how = settlement.state, settlement.cancelled
        if state is State.RETRY and job.cancel_requested_at:
            state, how = State.REVOKED, Cancelled.FAILING
        if state is State.RETRY:
            slot.due_at = self._now() + timedelta(seconds=settlement.delay_seconds)
            self._count(job, "retried")
            changed |= {"retries": job.retries + 1, "scheduled_for": slot.due_at, "owner": None}
            self._write(slot, Why(outcome_of(State.FAILURE, settlement.error_json)), state=state, **changed)
            return
        if state is State.REVOKED:
            changed |= ended_by(cancelled(how, job.cancel_reason))
        if state is State.SUCCESS and "current" not in changed:
            changed["current"] = changed["total"] = job.total or 1
        self._finish(slot, state, outcome_of(state, settlement.error_json), **changed)

    def interrupt(self, job_id: str, owner: str, why: Interruption) -> bool:
        with self._step():
            slot = self._slots.get(job_id)
            if slot is None or not slot.job.state.is_running or slot.job.owner != owner:
                return False
            self._count(slot.job, "taken_back", why.value)
            if slot.job.cancel_requested_at:
                end = ended_by(cancelled(Cancelled.INTERRUPTED, slot.job.cancel_reason))
                self._finish(slot, State.REVOKED, "cancelled", **end)
                return True
            lost = slot.job.lost + (why is Interruption.LOST)
            if lost >= MAX_LOST_IN_A_ROW and why is Interruption.LOST:
                self._finish(slot, State.FAILURE, "lost", lost=lost, **ended_by(worker_lost()))
                return True
            attempt = slot.job.attempt - (why is not Interruption.LOST)
            is_later = why is Interruption.DECLINED
            slot.due_at = self._now() + timedelta(seconds=DECLINED_SECONDS) if is_later else None
            changes: dict[str, Any] = {"lost": lost, "attempt": attempt, "scheduled_for": slot.due_at, "owner": None}
            self._write(slot, Why(why.value), state=State.RETRY, message=INTERRUPTED[why], **changes)
            if not is_later:
                self._join_line(slot, RECOVERED_LANE)
            return True

    def cancel(self, job_id: str, reason: str = "") -> Job:
        with self._step():
            job = self.fetch(job_id)
            slot = self._slots[job_id]
            if job.state.is_final:
                raise already_finished(job_id, job.state)
            requested: dict[str, Any] = {"cancel_requested_at": self._now(), "cancel_reason": reason}
            if job.state.is_running:
                return job if job.cancel_requested_at else self._write(slot, **requested)
            how = Cancelled.WAITING if job.state is State.PENDING else Cancelled.RETRYING
            self._finish(slot, State.REVOKED, "cancelled", **requested, **ended_by(cancelled(how, reason)))
            return slot.job

    def retry(self, job_id: str) -> Job:
        with self._step():
            job = self.fetch(job_id)
            slot = self._slots[job_id]
            if not job.state.is_retryable:
                raise not_retryable(job_id, job.state)
            self._reopen(slot)
            self._join_line(slot, job.priority.lane)
            return slot.job

    def _reopen(self, slot: _Slot) -> None:
        """The one way out of a final state; a checkpoint stays, and with it the place of the bar."""
        emptied = ("result_json", "error_json", "cancel_requested_at", "finished_at", "gone_at", "scheduled_for")
        self._count(slot.job, "restarted")
        changes: dict[str, Any] = dict.fromkeys((*emptied, "start_before_at"))
        changes |= bar_to_begin_with(slot.job)
        slot.job = replace(slot.job, state=State.RETRY)
        changes |= {"message": RETRIED, "cancel_reason": "", "retries": 0, "lost": 0}
        self._write(slot, Why.RESTARTED, state=State.RETRY, **changes)

    def renew(self, claims: Sequence[tuple[str, str]]) -> Sequence[Standing]:
        """In one process nobody is lost without the others: leases have no end here."""
        with self._step():
            return [self._standing(job_id, owner) for job_id, owner in claims]

    def _standing(self, job_id: str, owner: str) -> Standing:
        slot = self._slots.get(job_id)
        if slot is None or not slot.job.state.is_running:
            return Standing.WAITING if slot and slot.job.state is State.PENDING else Standing.ENDED
        if slot.job.owner != owner:
            return Standing.FENCED
        return Standing.CANCEL if slot.job.cancel_requested_at else Standing.OK

    def wake(self, queues: Sequence[str] = ()) -> int:
        with self._step():
            now = self._now()
            due = [slot for slot in self._slots.values() if slot.due_at and slot.due_at <= now]
            for slot in sorted(due, key=lambda slot: slot.due_at or now):
                slot.due_at = None
                self._write(slot, Why.DUE)
                self._join_line(slot, slot.job.priority.lane)
            late = [slot for slot in self._slots.values() if is_late(slot.job, now)]
            for slot in late:
                self._finish(slot, State.REVOKED, "expired", **ended_by(expired_unstarted()))
            return len(due) + len(late) + self._forget(now)

    # Questions

    def fetch(self, job_id: str) -> Job:
        with self._step():
            self._forget(self._now())
            if job_id in self._slots:
                return self._slots[job_id].job
            raise job_expired(job_id) if job_id in self._gone else job_not_found(job_id)

    def fetch_many(self, job_ids: Sequence[str]) -> Sequence[Job | Problem]:
        with self._step():
            return [self._fetch_or_say_why(job_id) for job_id in job_ids]

    def _fetch_or_say_why(self, job_id: str) -> Job | Problem:
        try:
            return self.fetch(job_id)
        except Problem as problem:
            return problem

    def place(self, job: Job) -> Place:
        with self._step():
            slot = self._slots.get(job.id)
            if slot is None:  # dropped since it was read
                return Place()
            line = [each.place for each in self._slots.values() if each.place and each.job.queue == job.queue]
            rank = sorted(line).index(slot.place) if slot.place else None
            return place_of(job, is_scheduled=slot.due_at is not None, rank=rank, workers=self.workers())

    def places(self, jobs: Sequence[Job]) -> Sequence[Place]:
        with self._step():
            return [self.place(job) for job in jobs]

    def look(self, job_id: str) -> tuple[Job, Place]:
        with self._step():
            job = self.fetch(job_id)
            return job, self.place(job)

    def story(self, job_id: str) -> Sequence[Move]:
        with self._step():
            self.fetch(job_id)
            return list(self._slots[job_id].moves)

    def log(self, job_id: str, after: str = "0-0") -> Sequence[LogLine]:
        with self._step():
            slot = self._slots.get(job_id)
            return [line for line in slot.lines if log_place(line.id) > log_place(after)] if slot else []

    def logs(self, after: Mapping[str, str]) -> Sequence[Sequence[LogLine]]:
        with self._step():
            return [self.log(job_id, line_id) for job_id, line_id in after.items()]

    def list_jobs(self, wanted: Wanted = ANY_JOB, *, size: int = 50, before: int | None = None) -> Page:
        with self._step():
            self._forget(self._now())
            named = self._slots.get(wanted.job_id)
            numbered = [(slot.number, slot.job) for slot in ([named] if named else self._slots.values())]
        found = [
            (number, job)
            for number, job in reversed(numbered)
            if (before is None or number < before) and wanted.takes(job)
        ]
        shown = found[:size]
        return Page(tuple(listed(job) for _, job in shown), shown[-1][0] if len(found) > size else None)

    def totals(self) -> Mapping[State, int]:
        with self._step():
            self._forget(self._now())
            states = [slot.job.state for slot in self._slots.values()]
        return {state: states.count(state) for state in State}

    def figures(self) -> Figures:
        with self._step():
            self._forget(self._now())
            slots = self._slots.values()
            in_line = [slot.job for slot in slots if slot.place]
            scheduled = [slot.due_at for slot in slots if slot.due_at]
            jobs = [slot.job for slot in slots]
            return figures_of(jobs, in_line, scheduled, self.workers(), self._counts, self._now())

    def changes(self) -> MemoryFeed:
        feed = MemoryFeed(self._feeds.remove)
        self._feeds.append(feed)
        return feed

    def ping(self) -> None:
        """Memory always answers."""

    # Catalogue

    def announce(self, worker: Worker, entries: Iterable[TaskEntry]) -> None:
        with self._step():
            self._workers[worker.name] = (worker, self._now())
            self._entries |= {entry.name: entry for entry in entries}

    def withdraw(self, worker_name: str) -> None:
        with self._step():
            self._workers.pop(worker_name, None)

    def catalogue(self) -> Mapping[str, TaskEntry]:
        with self._step():
            return dict(sorted(self._entries.items()))

    def workers(self) -> Sequence[Worker]:
        with self._step():
            oldest = self._now() - timedelta(seconds=ALIVE_SECONDS)
            return [worker for worker, seen_at in self._workers.values() if seen_at > oldest]

    # How a record is changed

    def _write(self, slot: _Slot, why: Why | None = None, **changes: Any) -> Job:
        """Raise the version, change the record, tell the watchers: the one place that does. `why` is for its story."""
        was = slot.job
        state = changes.get("state", was.state)
        if state is not was.state and state not in MOVES[was.state]:
            raise AssertionError(f"forbidden move of {was.id} from {was.state} to {state}")
        changes |= {"version": was.version + 1, "updated_at": self._now()}
        slot.job = replace(was, **changes)
        if why:
            self._note(slot, was, why)
        published = {name: to_text(value) for name, value in changes.items()}
        for feed in self._feeds:
            feed.put(Change(was.id, published))
        return slot.job

    def _note(self, slot: _Slot, was: Job, why: Why) -> None:
        slot.moves.append(move_between(was, slot.job, why))
        if len(slot.moves) > MOVES_KEPT:
            del slot.moves[FIRST_MOVES_KEPT]

    def _count(self, job: Job, what: str, label: str = "") -> None:
        self._counts[Counted(what, label, job.queue, job.task)] += 1

    def _finish(self, slot: _Slot, state: State, outcome: str, **changes: Any) -> None:
        now = self._now()
        self._count(slot.job, "finished", outcome)
        slot.place = slot.due_at = None
        gone_at = now + timedelta(seconds=slot.job.retention_seconds)
        self._write(slot, Why(outcome), state=state, finished_at=now, gone_at=gone_at, owner=None, **changes)

    @contextmanager
    def _step(self) -> Iterator[None]:
        """Nobody else moves meanwhile, and all of it happens at one time, as in a script of Redis."""
        with self._lock:
            before = self._step_at
            moment = self._clock()
            # Whole milliseconds, as they are stored and sent.
            self._step_at = before or moment.replace(microsecond=moment.microsecond // 1000 * 1000)
            try:
                yield
            finally:
                self._step_at = before

    def _now(self) -> datetime:
        assert self._step_at is not None, "time is asked for within a step only"
        return self._step_at

    def _join_line(self, slot: _Slot, lane: int) -> None:
        slot.place = (lane, next(self._sequence))
        self._ring(slot.job.id)

    def _replay(self, idempotency: Idempotency | None, now: datetime) -> str:
        known = self._keys.get(idempotency.key) if idempotency else None
        if not known or not idempotency or known[2] <= now:
            return ""
        if known[1] != idempotency.fingerprint:
            raise idempotency_mismatch(known[0])
        return known[0]

    def _forget(self, now: datetime) -> int:
        over = [slot.job for slot in self._slots.values() if slot.job.gone_at and slot.job.gone_at <= now]
        for job in over:
            del self._slots[job.id]
            self._gone[job.id] = (job.gone_at or now) + timedelta(seconds=TOMBSTONE_SECONDS)
        self._gone = {job_id: until for job_id, until in self._gone.items() if until > now}
        return len(over)
