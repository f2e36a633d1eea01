"""What is counted of streams: how they begin and end, what they send, and how late it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from headway.job import State
from status.app import create_app
from status.hub import Hub
from status.metrics import StreamMetrics
from status.settings import StatusSettings


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> StreamMetrics:
    return StreamMetrics(registry, 10, lambda: 3)


@pytest.fixture
def client(registry: CollectorRegistry, settings: StatusSettings, store: Any, hub: Hub) -> Any:
    return create_app(settings, store, hub, registry).test_client()


@pytest.fixture
def value(registry: CollectorRegistry) -> Callable[..., float | None]:
    """A sample: its name, and its labels."""
    return lambda name, **labels: registry.get_sample_value(name, labels)


def test_open_streams_are_told_with_their_limit(metrics: StreamMetrics, value: Any) -> None:
    assert (value("headway_streams_open"), value("headway_streams_limit")) == (3, 10)


def test_a_stream_that_told_everything_is_finished(client: Any, play: Any, value: Any) -> None:
    job_id = play.in_state(State.SUCCESS)

    client.get(f"/status/{job_id}/events").get_data()

    assert value("headway_streams_opened_total", resumed="no") == 1
    assert value("headway_streams_closed_total", reason="finished") == 1
    assert value("headway_stream_events_total", type="snapshot") == 1
    assert value("headway_stream_events_total", type="end") == 1
    assert value("headway_stream_first_event_seconds_count") == 1


def test_a_client_that_leaves_is_not_an_error(client: Any, play: Any, value: Any) -> None:
    job = play.start()
    response = client.get(f"/status/{job.id}/events")
    pieces = response.iter_encoded()
    next(pieces)

    pieces.close()
    response.close()

    assert value("headway_streams_closed_total", reason="client") == 1
    assert value("headway_streams_closed_total", reason="error") == 0


def test_a_stream_that_stumbles_is_an_error(metrics: StreamMetrics, value: Any) -> None:
    with pytest.raises(RuntimeError), metrics.stream(is_resumed=False, is_continued=False):
        raise RuntimeError

    assert value("headway_streams_closed_total", reason="error") == 1


def test_a_resumed_stream_goes_on_or_begins_anew(client: Any, play: Any, value: Any) -> None:
    job_id = play.in_state(State.SUCCESS)
    path = f"/status/{job_id}/events"

    client.get(path, headers={"Last-Event-ID": "1"}).get_data()
    client.get(path, headers={"Last-Event-ID": "999"}).get_data()

    assert value("headway_streams_opened_total", resumed="yes") == 2
    assert value("headway_stream_resumes_total", outcome="continued") == 1
    assert value("headway_stream_resumes_total", outcome="restarted") == 1


def test_a_word_of_the_worker_is_timed_to_its_watcher(
    play: Any, follow: Any, until: Any, metrics: StreamMetrics, value: Any
) -> None:
    job = play.start()
    reading = follow(job.id, metrics=metrics).reading
    until(lambda: reading.of("snapshot"))

    play.report(job, 5)
    until(lambda: reading.of("update"))

    assert value("headway_propagation_seconds_count", transport="stream") >= 1
    assert value("headway_propagation_seconds_sum", transport="stream") < 10


def test_latency_is_measured_by_the_clock_of_redis(metrics: StreamMetrics, value: Any) -> None:
    theirs = datetime.now(UTC) + timedelta(hours=1)
    metrics.set_clock(theirs)

    metrics.told("poll", "an id", theirs - timedelta(seconds=2))

    assert value("headway_propagation_seconds_sum", transport="poll") == pytest.approx(2, abs=1)


def test_a_stream_above_the_limit_is_counted_as_refused(
    client: Any, settings: StatusSettings, hub: Hub, play: Any, value: Any
) -> None:
    job = play.start()
    hub.watcher_count += settings.max_streams

    client.get(f"/status/{job.id}/events")
    hub.watcher_count -= settings.max_streams

    assert value("headway_streams_refused_total") == 1


def test_a_poll_that_waited_is_timed_too(client: Any, hub: Hub, play: Any, until: Any, value: Any) -> None:
    job = play.start()
    speaker = threading.Thread(target=lambda: (until(lambda: hub.watcher_count), play.report(job, 5)))
    speaker.start()

    client.get(f"/status/{job.id}", headers={"Prefer": "wait=20"})
    speaker.join(20)

    assert value("headway_propagation_seconds_count", transport="poll") == 1
