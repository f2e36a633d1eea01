"""F13: the disk of Valkey's log is full, so that the server exits; with space again, all that was accepted is there."""

from __future__ import annotations

import http.client
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

from cluster import Cluster
from load import Load
from table import Row
from trial import Trial, fault
from valkey_server import Valkey
from waiting import wait_until

from local.ports import LOOPBACK, free_ports

NOT_READY_SECONDS = 5.0
"""So soon the submit service's readiness probe says that the store is away."""
BACK_SECONDS = 10.0


@fault(
    "F13",
    "disk full",
    ci={"rounds": 1, "kilobytes": (700, 1_000), "per_second": 100},
    full={"rounds": 5, "kilobytes": (2_000, 4_000), "per_second": 150},
)
def fill_the_disk(trial: Trial) -> Row:
    """Room for so many more bytes each round; `RLIMIT_FSIZE` makes the write fail as a full disk does."""
    size = trial.size
    problems: list[str] = []
    back: list[float] = []
    valkey = Valkey(_data_folder(trial), free_ports(1)[0])
    with trial.cluster(workers=1, slots=2, submits=1, valkey=valkey) as cluster:
        load = Load("f13", cluster.history, cluster.submit_ports, 6, size["per_second"]).start()
        for _ in range(size["rounds"]):
            _restart_with_little_room(trial, valkey, load)
            wait_until(lambda: not valkey.is_alive(), 120, "Valkey to stop for want of space", poll_seconds=0.01)
            problems += _readiness_problems(cluster)
            valkey.before_exec = None  # somebody made room
            valkey.start()
            back_at = time.monotonic()
            accepted_at = wait_until(lambda: load.first_accepted_after(back_at), 60, "a submit with space again")  # noqa: B023
            back.append(accepted_at - back_at)
        load.stop()
        cluster.wait_until_settled(120)
        findings = trial.check(cluster)
        stops = valkey.log.count("Can't recover from AOF write error")
    problems += load.problems
    problems += [f"it took {max(back):.1f} s to accept again"] if max(back) > trial.patience * BACK_SECONDS else []
    problems += [f"Valkey stopped {stops} times of itself, not {size['rounds']}"] if stops != size["rounds"] else []
    runs = f"{findings.acknowledged:,} jobs, {size['rounds']} × disk full"
    done = "the log may not grow (`RLIMIT_FSIZE`, SIGXFSZ ignored): Valkey exits at the failed write; started with room"
    notes = [load.outcomes, f"submit not ready within {NOT_READY_SECONDS:g} s"]
    return trial.row(done, runs, findings, recovery_seconds=back, problems=problems, notes=notes)


def _data_folder(trial: Trial) -> Path:
    folder = trial.folder / "valkey"
    folder.mkdir()
    return folder


def _restart_with_little_room(trial: Trial, valkey: Valkey, load: Load) -> None:
    """A limit can only be set at a start, so each round begins with one; clients see it as a short outage."""
    wait_until(lambda: load.accepted, 20, "the first accepted job")
    valkey.stop()
    used = max(path.stat().st_size for path in valkey.aof_folder.iterdir())
    room = trial.random.randrange(*(kilobytes * 1024 for kilobytes in trial.size["kilobytes"]))
    valkey.before_exec = _limit_file_size(used + room)
    valkey.start()


def _limit_file_size(limit_bytes: int) -> Callable[[], None]:
    def limit() -> None:
        # Both are kept over exec. Ignored, the signal turns into an error of the write, EFBIG.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return limit


def _readiness_problems(cluster: Cluster) -> list[str]:
    port = int(cluster.submits[0].environment["HEADWAY_SUBMIT_MANAGEMENT_PORT"])
    try:
        wait_until(lambda: _readiness(port) == 503, NOT_READY_SECONDS, "503 of the readiness probe")
    except Exception as error:
        return [str(error)]
    return []


def _readiness(port: int) -> int:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=NOT_READY_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
