"""The figures of all jobs together, as a client reads them."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from headway.catalogue import Worker
from headway.job import State
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from status.stats import Stats, stats_document

OUTCOMES = ["succeeded", "failed", "timed_out", "lost", "cancelled", "expired"]


class Counting(MemoryJobStore):
    """Notes every look; one takes a moment, so that others come meanwhile."""

    looks = 0
    is_away = False

    def figures(self) -> Any:
        self.looks += 1
        time.sleep(0.05)
        if self.is_away:
            raise StoreUnavailable("The job store does not answer.")
        return super().figures()


@pytest.fixture
def counting() -> Counting:
    return Counting()


def test_every_job_is_counted_by_state_queue_and_task(client: FlaskClient, play: Any, store: Any) -> None:
    store.announce(Worker("host:1", 4, ("default", "slow"), ("count",)), [])
    for state in (State.PENDING, State.PROGRESS, State.SUCCESS, State.FAILURE, State.RETRY):
        play.in_state(state)
    play.submit(queue="slow", task="crawl", delay_seconds=60)

    document = client.get("/stats").get_json()

    totals = {"PENDING": 2, "STARTED": 0, "PROGRESS": 1, "RETRY": 1, "SUCCESS": 1, "FAILURE": 1, "REVOKED": 0}
    assert document["totals"] == totals
    assert [document[name] for name in ("submitted", "started", "retried", "restarted", "scheduled")] == [6, 4, 1, 0, 2]
    assert document["finished"] == dict.fromkeys(OUTCOMES, 0) | {"succeeded": 1, "failed": 1}
    default, slow = document["queues"]
    oldest_at = default.pop("oldest_at")
    assert default == {"queue": "default", "queued": 1, "running": 1, "workers": 1, "slots": 4}
    assert oldest_at.endswith("Z")
    assert slow == {"queue": "slow", "queued": 0, "oldest_at": None, "running": 0, "workers": 1, "slots": 4}
    count, crawl = document["tasks"]
    assert (count["task"], count["queue"], count["running"], count["submitted"]) == ("count", "default", 1, 5)
    assert count["finished"] == document["finished"]
    none_finished = dict.fromkeys(OUTCOMES, 0)
    assert crawl == {"task": "crawl", "queue": "slow", "running": 0, "submitted": 1, "finished": none_finished}


def test_figures_are_kept_by_nobody_on_the_way(client: FlaskClient) -> None:
    assert client.get("/stats").headers["Cache-Control"] == "no-store"


def test_stats_take_no_parameters(client: FlaskClient) -> None:
    answer = client.get("/stats?queue=default")

    assert (answer.status_code, answer.get_json()["type"]) == (400, "/problems/unknown-parameter")


def test_many_who_ask_at_once_share_one_look(counting: Counting) -> None:
    stats = Stats(counting)
    found: list[Any] = []
    asking = [threading.Thread(target=lambda: found.append(stats.read())) for _ in range(20)]

    for each in asking:
        each.start()
    for each in asking:
        each.join(20)

    assert (len(found), counting.looks) == (20, 1)


def test_an_answer_is_a_second_old_at_the_most(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    stats = Stats(counting)
    stats.read()

    monkeypatch.setattr("status.stats.FRESH_SECONDS", 0)
    stats.read()

    assert counting.looks == 2


def test_a_store_that_is_away_is_told_to_all_for_one_time_out(counting: Counting) -> None:
    stats, counting.is_away = Stats(counting), True

    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            stats.read()

    assert counting.looks == 1


def test_an_old_figure_is_not_shown_when_the_store_is_away(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("status.stats.FRESH_SECONDS", 0)
    stats = Stats(counting)
    stats.read()

    counting.is_away = True

    with pytest.raises(StoreUnavailable):
        stats.read()


def test_the_real_store_counts_the_same(real_store: RedisJobStore, play: Any, store: Any) -> None:
    for each in (real_store, store):
        play.store = each
        for state in (State.PENDING, State.PROGRESS, State.SUCCESS):
            play.in_state(state)

    real, memory = (stats_document(each.figures()) for each in (real_store, store))

    for document in (real, memory):
        document.pop("at")
        document["queues"][0].pop("oldest_at")
    assert real == memory
