"""Puts a cluster together: which processes, how many, what stands between them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cluster import EFFECTS, PREFIX, Cluster
from effects import VARIABLE
from history import History
from valkey_server import Valkey

from local.ports import free_ports

HERE = Path(__file__).resolve().parent


def make_cluster(
    folder: Path,
    history: History,
    *,
    workers: int = 1,
    slots: int = 2,
    submits: int = 1,
    statuses: int = 0,
    nginx: bool = False,
    proxied: Sequence[str] = (),
    tasks: str = "chaos_tasks",
    environment: Mapping[str, str] | None = None,
    valkey: Valkey | None = None,
    wait: bool = True,
) -> Cluster:
    """Start everything. `proxied` names the kinds (`worker`, `submit`, `status`) that get a proxy to Valkey."""
    folder.mkdir(parents=True, exist_ok=True)
    server = valkey or Valkey(folder, free_ports(1)[0])
    cluster = Cluster(folder, history, server, _shared(folder, tasks) | dict(environment or {}))
    try:
        if not server.is_alive():
            server.start()
        cluster.witness.start()
        for _ in range(workers):
            cluster.add_worker(slots=slots, proxied="worker" in proxied)
        for _ in range(submits):
            cluster.add_submit(proxied="submit" in proxied)
        for _ in range(statuses):
            cluster.add_status(proxied="status" in proxied)
        if nginx:
            cluster.add_nginx()
        if wait:
            cluster.wait_for_workers(workers)
            cluster.wait_for_services()
    except BaseException:
        cluster.end()
        raise
    return cluster


def _shared(folder: Path, tasks: str) -> dict[str, str]:
    """The environment of every process."""
    paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
    return {
        "HEADWAY_KEY_PREFIX": PREFIX,
        "HEADWAY_TASKS": tasks,
        "HEADWAY_LOG_FORMAT": "json",
        "HEADWAY_DRAIN_SECONDS": "3",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        VARIABLE: str(folder / EFFECTS),
    }
