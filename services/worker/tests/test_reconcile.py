"""The housekeeping of a worker: due schedules are rung, its life is announced, an outage is survived."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headway.catalogue import Worker
from headway.job import Job
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from headway.store import NewJob
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
