"""The reference of metrics says what the processes say: every name, kind and label, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from canary.metrics import CanaryMetrics
from chassis.measured_store import measured
from chassis.process_metrics import ProcessMetrics
from headway.job import new_job_id
from headway.memory import MemoryJobStore
from headway.redis_figures import ServerFigures
from headway.store import NewJob
from status.app import create_app as create_status
from status.hub import Hub
from status.settings import StatusSettings
from submit.app import create_app as create_submit
from submit.settings import SubmitSettings
from worker.memory import Memory
from worker.metrics import WorkerMetrics
from worker.tally import Tally

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "docs/reference/metrics.md").read_text()
FRONTEND = ROOT / "services/frontend/nginx"
ROW = re.compile(r"^\| `(\w+)` \| (gauge|counter|histogram) \|(.*?)\|", re.MULTILINE)
FORBIDDEN = {"id", "job_id", "request_id", "pod", "instance", "host", "hostname", "user", "path", "url", "tag"}
SERVER = ServerFigures(1, 2, 3, 1, 0, 5, 1.0, 7, 8.0, 9, 10, 0, 0, 0, {"aof": True, "snapshot": True})

Row = tuple[str, frozenset[str]]
"""A kind and its labels."""


def documented() -> dict[str, Row]:
    rows = ROW.findall(REFERENCE)
    assert len(rows) == len({name for name, *_ in rows}), "a metric stands there twice"
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def metrics_of_python() -> Iterator[Metric]:
    """Of every registry that a process has, with a job in the store so that no family is empty."""
    store = MemoryJobStore()
    store.submit(NewJob(new_job_id(), "count", "{}", "default", 60))
    submit, status, worker = CollectorRegistry(), CollectorRegistry(), CollectorRegistry()
    for registry, service in ((submit, "submit"), (status, "status"), (worker, "worker")):
        ProcessMetrics(registry, service, "unknown")
        measured(store, registry)
    create_submit(SubmitSettings(), store, submit)
    create_status(StatusSettings(), store, Hub(store), status, lambda: SERVER)
    worker.register(Memory())
    worker.register(Tally(WorkerMetrics(worker, slots=1, kinds=[("count", "default")]), list))
    for registry in (submit, status, worker, canary()):
        for collector in list(registry._collector_to_names):
            for metric in collector.collect():
                names = getattr(metric, "_labelnames", None) or getattr(collector, "_labelnames", ())
                yield labelled(metric, names)


def canary() -> CollectorRegistry:
    registry = CollectorRegistry()
    CanaryMetrics(registry)
    return registry


def labelled(metric: Any, names: Any) -> Metric:
    metric.label_names = frozenset(names)
    found: Metric = metric
    return found


def said() -> dict[str, Row]:
    rows = {}
    for metric in metrics_of_python():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        rows[name] = (metric.type, metric.label_names)  # type: ignore[attr-defined]
    for template in FRONTEND.glob("*metrics*"):
        for name, kind in re.findall(r"# TYPE (headway_\w+) (\w+)", template.read_text()):
            labels = re.findall(name + r"\{(\w+)=", template.read_text())
            rows[name] = (kind, frozenset(labels))
    return rows


def test_every_metric_is_documented_with_its_kind_and_labels() -> None:
    ours = {name: row for name, row in said().items() if not name.startswith("process_")}

    assert ours == documented()


def test_no_label_names_one_job_one_client_or_one_machine() -> None:
    labels = {label for _, names in said().values() for label in names}

    assert labels & FORBIDDEN == set()


def test_names_say_their_unit_and_counters_end_in_total() -> None:
    units = re.compile(r"_(seconds|bytes|ratio|total|info|up|ok|deaf|draining)$")
    counted = re.compile(
        r"_(jobs|queued|running|scheduled|unanswered|overrunning|workers|slots|busy|clients|keys|replicas|open|limit|connections|progress)$|^headway_jobs$"
    )

    strange = [name for name in documented() if not units.search(name) and not counted.search(name)]

    assert strange == []
    assert [name for name, (kind, _) in documented().items() if (kind == "counter") != name.endswith("_total")] == []
