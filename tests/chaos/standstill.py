"""What a system that does not get on looks like, written down while it stands: for the reader of a broken trial."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from checker import places_of_jobs

if TYPE_CHECKING:
    from cluster import Cluster

SHOWN = 20


def write_standstill(cluster: Cluster, path: Path) -> None:
    """Where the open jobs are, who waits at Valkey for messages, and what every process does."""
    with suppress(Exception):  # it only helps to read a failure, and must not become one
        path.write_text("\n".join([*_jobs(cluster), *_lists(cluster), *_processes(cluster)]) + "\n")


def _jobs(cluster: Cluster) -> Iterator[str]:
    places = places_of_jobs(cluster)
    left = [job for job in cluster.store.list_jobs(size=1000).jobs if not job.state.is_final]
    for job in left[:SHOWN]:
        where = places.get(job.id, [])
        yield f"{job.id} {job.state} attempt {job.attempt} owner {job.owner or '-'} updated {job.updated_at} in {where}"
    yield f"{cluster.unfinished()} jobs are open"


def _lists(cluster: Cluster) -> Iterator[str]:
    for name in cluster.redis.scan_iter("headway:queue:*"):
        if cluster.redis.type(name) == "list":
            yield f"{name} holds {cluster.redis.llen(name)} messages"
    for client in cluster.redis.client_list():
        yield f"connection {client['name']} {client['addr']}: {client['cmd']}, {client['idle']} s ago"


def _processes(cluster: Cluster) -> Iterator[str]:
    for process in [*cluster.workers, *cluster.submits, *cluster.statuses]:
        for pid in process.family() if process.is_alive() else []:
            with suppress(OSError):  # ended a moment ago
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                waits_in = Path(f"/proc/{pid}/wchan").read_text()
                yield f"{process.name} {pid}: {state} in {waits_in}"
