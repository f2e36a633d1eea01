"""The housekeeping of a worker: due schedules are rung, its life is announced, an outage is survived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from headway.catalogue import TaskEntry, Worker
from headway.job import Job
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from headway.store import NewJob
from worker.echo import DEAF_SECONDS, Deaf, Echo
from worker.reconcile import Reconciler
from worker.tasks import count_primes

WORKER = Worker("worker.1", 2, ("default",), ("count_primes",))


def test_a_due_job_is_rung(submit: Callable[..., Job], until: Callable[..., None]) -> None:
    rung: list[str] = []
    store = MemoryJobStore(ring=rung.append)
    store.submit(NewJob("a" * 36, "count_primes", "{}", "default", 60, delay_seconds=0.3))
    assert rung == []

    reconciler = Reconciler(store, WORKER, [count_primes.entry])
    reconciler.start()

    until(lambda: rung == ["a" * 36])
    reconciler.stop()


def test_a_worker_announces_itself_and_withdraws(store: MemoryJobStore, until: Callable[..., None]) -> None:
    reconciler = Reconciler(store, WORKER, [count_primes.entry])

    reconciler.start()
    until(lambda: store.workers() == [WORKER])
    assert list(store.catalogue()) == ["count_primes"]
    reconciler.stop()

    assert store.workers() == []


def test_housekeeping_goes_on_after_an_outage(until: Callable[..., None]) -> None:
    class AwayAtFirst(MemoryJobStore):
        wakes = 0

        def wake(self, queues: Sequence[str] = ()) -> int:
            self.wakes += 1
            if self.wakes == 1:
                raise StoreUnavailable("away")
            if self.wakes == 2:
                raise RuntimeError("odd")
            return super().wake(queues)

    store = AwayAtFirst()
    reconciler = Reconciler(store, WORKER, [count_primes.entry])

    reconciler.start()
    until(lambda: store.wakes >= 3)

    reconciler.stop()


class Away(MemoryJobStore):
    """A store that does not answer."""

    def announce(self, worker: Worker, entries: Iterable[TaskEntry]) -> None:
        raise StoreUnavailable("away")

    def wake(self, queues: Sequence[str] = ()) -> int:
        raise StoreUnavailable("away")


class Door:
    """The worker's own door at a store that may be away, and a clock that the test sets."""

    def __init__(self, *, is_away: bool) -> None:
        self.now = 0.0
        self.is_away = is_away
        self.echo = Echo(self.ring, lambda: False, clock=lambda: self.now)

    def ring(self) -> None:
        if self.is_away:
            raise StoreUnavailable("away")
        self.echo.hear()

    def is_well(self) -> bool:
        try:
            self.echo.check()
        except Deaf:
            return False
        return True


def test_an_outage_does_not_make_a_worker_look_deaf(until: Callable[..., None]) -> None:
    door = Door(is_away=True)
    reconciler = Reconciler(Away(), WORKER, [], beside=door.echo.ring_when_due)
    door.now += 2 * DEAF_SECONDS
    assert not door.is_well()

    reconciler.start()

    until(door.is_well)
    reconciler.stop()


def test_a_worker_whose_housekeeping_stumbles_still_rings_at_its_own_door(until: Callable[..., None]) -> None:
    class Odd(MemoryJobStore):
        def wake(self, queues: Sequence[str] = ()) -> int:
            raise RuntimeError("odd")

    door = Door(is_away=False)
    reconciler = Reconciler(Odd(), WORKER, [], beside=door.echo.ring_when_due)
    door.now += 2 * DEAF_SECONDS

    reconciler.start()

    until(door.is_well)
    reconciler.stop()
