"""The figures of all jobs together, as a client reads them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from headway.catalogue import Worker
from headway.job import State
from headway.memory import MemoryJobStore
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from status.app import create_app
from status.hub import Hub
from status.stats import Stats, stats_document
from status.stream import Cursor

Follow = Callable[..., Any]
Until = Callable[..., None]
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


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures as fast as they come, so that no test waits for a second."""
    monkeypatch.setattr("status.stats.FRESH_SECONDS", 0.02)


@pytest.mark.usefixtures("at_once")
def test_a_stream_of_figures_needs_no_job_and_tells_what_changes(follow: Follow, play: Any, until: Until) -> None:
    follower = follow(with_stats=True)
    until(lambda: follower.reading.events)

    play.in_state(State.SUCCESS)

    until(lambda: follower.reading.of("stats")[-1]["finished"]["succeeded"] == 1)
    assert set(follower.reading.names()) == {"stats"}
    assert {event.id for event in follower.reading.events} == {""}
    assert follower.reading.of("stats")[0]["submitted"] == 0


@pytest.mark.usefixtures("at_once")
def test_figures_that_stay_the_same_are_told_once(
    follow: Follow, hub: Hub, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Any] = []
    ask = hub.stats.read
    monkeypatch.setattr(hub.stats, "read", lambda: looks.append(1) or ask())  # type: ignore[func-returns-value]
    reading = follow(with_stats=True, keep_alive_seconds=0.1).reading

    until(lambda: len(looks) > 10 and reading.comments)

    assert reading.names() == ["stats"]


@pytest.mark.usefixtures("at_once")
def test_a_stream_with_figures_outlives_its_jobs(follow: Follow, play: Any, until: Until) -> None:
    job = play.start()
    follower = follow(job.id, with_stats=True)
    until(lambda: {"snapshot", "stats"} <= set(follower.reading.names()))

    play.settle(job)

    until(lambda: follower.reading.of("end") and follower.reading.of("stats")[-1]["finished"]["succeeded"] == 1)
    assert not follower.has_ended
    ended = next(event for event in follower.reading.events if event.name == "end")
    until(lambda: follower.reading.events[-1].id == ended.id)


def test_a_stream_whose_jobs_have_all_been_told_goes_on_with_figures(
    follow: Follow, play: Any, store: Any, until: Until
) -> None:
    job = store.fetch(play.in_state(State.SUCCESS))

    follower = follow(job.id, cursors=[Cursor(job.version, is_over=True)], with_stats=True)

    until(lambda: follower.reading.events)
    assert follower.reading.names() == ["stats"]


def test_figures_are_never_answered_with_nothing(client: FlaskClient, play: Any, store: Any) -> None:
    job = store.fetch(play.in_state(State.SUCCESS))
    told = {"Last-Event-ID": f"{job.version}/end"}

    answers = [
        client.get(f"/status/events?{query}", headers=headers, buffered=False)
        for query, headers in ((f"stats=1&id={job.id}", told), ("stats=1", {}))
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    for answer in answers:
        answer.close()


@pytest.mark.usefixtures("at_once")
def test_redis_is_asked_for_figures_only_while_somebody_follows_them(
    follow: Follow, hub: Hub, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    ask = hub.stats.read
    monkeypatch.setattr(hub.stats, "read", lambda: looks.append(time.monotonic()) or ask())  # type: ignore[func-returns-value]
    followers = [follow(with_stats=True) for _ in range(3)]
    until(lambda: all(each.reading.events for each in followers))

    hub.stop()

    until(lambda: all(each.has_ended for each in followers))
    until(lambda: time.monotonic() - looks[-1] > 10 * 0.02)


@pytest.mark.usefixtures("at_once")
def test_an_outage_leaves_the_figures_as_they_were(
    follow: Follow, play: Any, hub: Hub, store: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails: list[int] = []

    def fail() -> None:
        fails.append(1)
        raise StoreUnavailable("The job store does not answer.")

    follower = follow(with_stats=True)
    until(lambda: follower.reading.events)
    with monkeypatch.context() as outage:
        outage.setattr(store, "figures", fail)
        until(lambda: len(fails) > 3)

    play.submit()

    until(lambda: follower.reading.of("stats")[-1]["submitted"] == 1)
    assert follower.reading.names() == ["stats", "stats"]


def test_events_of_figures_are_counted(settings: Any, store: Any, hub: Hub, until: Until) -> None:
    registry = CollectorRegistry()
    client = create_app(settings, store, hub, registry).test_client()

    with client.get("/status/events?stats=1", buffered=False) as response:
        pieces = response.iter_encoded()
        until(lambda: b"event: stats" in next(pieces))

    assert registry.get_sample_value("headway_stream_events_total", {"type": "stats"}) == 1
