"""What Redis says of itself, as metrics."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from headway.redis_figures import ServerFigures

GAUGES = {
    "memory_used_bytes": "Memory that it uses.",
    "memory_limit_bytes": "Its maxmemory; 0 is none.",
    "clients": "Connections.",
    "replicas": "Replicas that follow it.",
    "keys": "Keys in its database.",
}
COUNTERS = {
    "commands": "Commands that it ran.",
    "cpu_seconds": "Processor time that it used.",
    "received_bytes": "Bytes that came in.",
    "sent_bytes": "Bytes that went out.",
    "evicted_keys": "Keys that it threw away to win memory.",
    "rejected_connections": "Connections above its limit.",
    "delayed_syncs": "Writes that waited for the disk.",
}


def server_metrics(server: ServerFigures) -> Iterator[Metric]:
    for name, words in GAUGES.items():
        yield GaugeMetricFamily(f"headway_redis_{name}", words, getattr(server, name))
    for name, words in COUNTERS.items():
        yield CounterMetricFamily(f"headway_redis_{name}", words, getattr(server, name))
    if server.replica_behind_bytes is not None:
        behind = "How much the slowest replica has not got yet."
        yield GaugeMetricFamily("headway_redis_replica_behind_bytes", behind, server.replica_behind_bytes)
    yield GaugeMetricFamily("headway_redis_started_timestamp_seconds", "When it started.", server.started_at)
    is_ok = GaugeMetricFamily("headway_redis_persistence_ok", "1 when the last write went well.", labels=["kind"])
    for kind, went_well in server.persistence_ok.items():
        is_ok.add_metric([kind], went_well)
    yield is_ok
