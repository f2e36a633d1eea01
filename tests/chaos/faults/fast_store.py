"""F8: the fast profile, `appendfsync everysec`: what may be lost with Valkey, and that nobody takes it by mistake."""

from __future__ import annotations

from cluster import Cluster
from load import Load
from table import Row
from trial import Trial, fault
from valkey_server import Valkey

from chassis.settings import EXIT_CONFIGURATION
from faults.store_deaths import kill_under_load, outage_problems
from local.ports import free_ports

LOSS_WINDOW_SECONDS = 2.0
"""What the fast profile may lose."""
REFUSE_SECONDS = 20.0


@fault(
    "F8",
    "Valkey with everysec killed",
    ci={"kills": 2, "per_second": 100, "clients": 8, "between": (1.0, 2.0)},
    full={"kills": 10, "per_second": 200, "clients": 16, "between": (2.0, 5.0)},
)
def kill_the_fast_store(trial: Trial) -> Row:
    size = trial.size
    folder = trial.folder / "valkey"
    folder.mkdir()
    valkey = Valkey(folder, free_ports(1)[0], ["appendfsync everysec"])
    fast = {"HEADWAY_DURABILITY": "fast"}
    losses = _Losses()
    with trial.cluster(workers=1, slots=2, submits=1, statuses=1, valkey=valkey, environment=fast) as cluster:
        problems = _is_refused_by_default(cluster)
        load = Load("f8", cluster.history, cluster.submit_ports[:1], size["clients"], size["per_second"]).start()
        outages = kill_under_load(trial, cluster, load, on_back=losses.count)
        load.stop()
        cluster.wait_until_settled(120)
        problems += losses.problems(cluster)
        problems += [] if cluster.workers[0].is_alive() else ["the worker was lost to the outages"]
        findings = trial.check(cluster, may_lose=True)
    problems += [*load.problems, *outage_problems(trial, load, outages)]
    longest = max(losses.windows, default=0.0)
    problems += [f"a job accepted {longest:.1f} s before the kill was lost"] if longest > LOSS_WINDOW_SECONDS else []
    notes = [
        f"lost {len(losses.ids)} of {findings.acknowledged:,} accepted jobs, which the profile allows; "
        f"the oldest was accepted {longest:.2f} s before a kill",
        "with the default settings submit refuses to start on it",
        load.outcomes,
    ]
    back = [outage.worked_at - outage.back_at for outage in outages]
    runs = f"{findings.acknowledged:,} jobs, {len(outages)} kills"
    done = "as F7 with `appendfsync everysec` and HEADWAY_DURABILITY=fast; a kill of the process, not of the machine"
    return trial.row(done, runs, findings, recovery_seconds=back, problems=problems, notes=notes)


class _Losses:
    """Accepted jobs whose records are gone after a restart of Valkey."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.windows: list[float] = []

    def count(self, cluster: Cluster, load: Load, killed_at: float) -> None:
        """Call it when Valkey is back."""
        cluster.witness.forget_order()
        before = {job_id: at for job_id, at in list(load.accepted.items()) if at < killed_at and job_id not in self.ids}
        pipe = cluster.redis.pipeline(transaction=False)
        for job_id in before:
            pipe.exists(f"headway:job:{job_id}")
        gone = [job_id for job_id, exists in zip(before, pipe.execute(), strict=True) if not exists]
        self.ids.update(gone)
        self.windows += [killed_at - before[job_id] for job_id in gone]

    def problems(self, cluster: Cluster) -> list[str]:
        """Who asks for a lost job is told 404, as the documentation says."""
        client = cluster.client("reader")
        answers = {job_id: client.status(job_id).status for job_id in list(self.ids)[:20]}
        return [f"a lost job is answered with {status}" for status in set(answers.values()) - {404}]


def _is_refused_by_default(cluster: Cluster) -> list[str]:
    """Nobody gets the fast profile without asking for it."""
    careful = cluster.add_submit(durability="durable")
    code = careful.wait(REFUSE_SECONDS)
    if code == EXIT_CONFIGURATION and "appendfsync" in careful.log:
        return []
    return [f"submit in the durable profile started on everysec, or ended with {code}: {careful.log[-200:]}"]
