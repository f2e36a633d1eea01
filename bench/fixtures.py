"""What stands in the stores before a round: announced tasks, and one job in each state on either side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import redis
from celery import Celery
from seed_app import create_celery

from headway.catalogue import Worker
from headway.connection import connect
from headway.doorbell import doorbell_template
from headway.job import Job, State, new_job_id
from headway.redis_store import RedisJobStore
from headway.store import NewJob, Report, Settlement
from headway.task import Task, load_tasks

TASKS = ("worker.tasks",)
SHOWN_STATES = (State.PROGRESS, State.SUCCESS, State.PENDING)
WORDS = "Repairing silent cosmic ray..."
LAST_WORDS = "Task completed!"


@dataclass(frozen=True, slots=True)
class Stores:
    """Headway's database and the seed's, on one server."""

    ours_url: str
    seed_url: str

    def prepare_ours(self) -> None:
        """An empty database with a live worker announced, so that submit accepts its tasks."""
        redis.Redis.from_url(self.ours_url).flushdb()
        self.announce()

    def announce(self) -> None:
        announce_worker(open_store(self.ours_url))

    def prepare_seed(self) -> None:
        """Drop the messages of the last round; nobody else would."""
        redis.Redis.from_url(self.seed_url).delete("celery")

    def our_ids(self) -> Mapping[State, str]:
        """One job in each of the shown states."""
        self.prepare_ours()
        store = open_store(self.ours_url)
        pending, running, ended = (submit_job(store, load_tasks(TASKS)["long_task"]) for _ in range(3))
        report = Report(current=7, total=42, message=WORDS)
        for job in (running, ended):
            store.claim(job.id, "bench")
            store.report(job.id, 1, report)
        end = Settlement(State.SUCCESS, result_json="42", message=LAST_WORDS, current=100, total=100)
        store.settle(ended.id, 1, end)
        return {State.PROGRESS: running.id, State.SUCCESS: ended.id, State.PENDING: pending.id}

    def seed_ids(self) -> Mapping[State, str]:
        """The same states as Celery's worker stores them; PENDING is an id without a result."""
        ids = {state: new_job_id() for state in SHOWN_STATES}
        backend = create_celery(self.seed_url).backend
        progress = {"current": 7, "total": 42, "status": WORDS}
        end = {"current": 100, "total": 100, "status": LAST_WORDS, "result": 42}
        backend.store_result(ids[State.PROGRESS], progress, "PROGRESS")
        backend.store_result(ids[State.SUCCESS], end, "SUCCESS")
        return ids


def open_store(url: str, *, shares_round_trips: bool = False) -> RedisJobStore:
    """Headway's store as the submit service opens it."""
    doorbell = doorbell_template(Celery("bench", set_as_current=False))
    return RedisJobStore(connect(url), doorbell=doorbell, shares_round_trips=shares_round_trips)


def announce_worker(store: RedisJobStore) -> None:
    """Holds for some seconds, as a worker's own word does."""
    tasks = load_tasks(TASKS)
    worker = Worker("bench", 4, ("default",), tuple(tasks))
    store.announce(worker, [task.entry for task in tasks.values()])


def submit_job(store: RedisJobStore, task: Task[..., object]) -> Job:
    entry = task.entry
    new = NewJob(new_job_id(), entry.name, "{}", entry.queue, entry.retention_seconds)
    return store.submit(new).job
