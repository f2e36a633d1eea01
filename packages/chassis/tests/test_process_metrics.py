"""What every process says of itself, and the bound on what labels may say."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from chassis.process_metrics import Names, ProcessMetrics
from headway.figures import OTHER


def test_a_process_tells_what_runs_and_what_it_uses(registry: CollectorRegistry) -> None:
    ProcessMetrics(registry, "submit", "abc123")

    (info,) = [sample for metric in registry.collect() for sample in metric.samples if "build_info" in sample.name]
    assert info.labels["service"] == "submit"
    assert info.labels["revision"] == "abc123"
    assert registry.get_sample_value("process_resident_memory_bytes") > 1_000_000  # type: ignore[operator]


def test_a_process_that_stops_says_so(registry: CollectorRegistry) -> None:
    process = ProcessMetrics(registry, "submit", "abc123")
    before = registry.get_sample_value("headway_draining")

    process.draining.set(1)

    assert (before, registry.get_sample_value("headway_draining")) == (0, 1)


def test_a_counter_is_one_series_and_not_two(registry: CollectorRegistry) -> None:
    ProcessMetrics(registry, "submit", "abc123")
    Counter("things", "Things.", registry=registry).inc()

    names = {sample.name for metric in registry.collect() for sample in metric.samples}

    assert "things_total" in names
    assert "things_created" not in names


def test_names_beyond_the_limit_share_one() -> None:
    names = Names(limit=2)

    bound = [names.bound(name) for name in ("a", "b", "c", "a", "d")]

    assert bound == ["a", "b", OTHER, "a", OTHER]
