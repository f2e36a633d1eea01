"""deaf: the connection of status's one subscription is swallowed without a word, while all its others work."""

from __future__ import annotations

from audience import Audience, seconds_until_all
from clients import Client
from cluster import Cluster
from proxy import Connection, Proxy
from table import Row
from trial import Trial, fault
from watcher import Watcher

HEAR_SECONDS = 15.0
"""Watchers see progress again within this time."""
CUTS = ("both ways", "replies only")


class BlackHole:
    """Swallows what the subscriptions of now say or hear from a cut on: no reset, no end, just silence."""

    def __init__(self, proxy: Proxy) -> None:
        self._subscribed: set[Connection] = set()
        self._cut: dict[Connection, str] = {}
        proxy.on_request = self._see_request
        proxy.on_reply = self._see_reply

    def cut(self, how: str) -> int:
        """How many connections it swallows more than before."""
        fresh = [each for each in list(self._subscribed) if each not in self._cut]
        self._cut |= dict.fromkeys(fresh, how)
        return len(fresh)

    def _see_request(self, connection: Connection, request: bytes) -> bool:
        if b"SUBSCRIBE" in request[:40].upper():
            self._subscribed.add(connection)
        return self._cut.get(connection) != "both ways"

    def _see_reply(self, connection: Connection, reply: bytes) -> bool:
        return connection not in self._cut


@fault(
    "deaf",
    "subscription cut without a word",
    ci={"jobs": 3, "watchers": 9, "cuts": 2},
    full={"jobs": 10, "watchers": 200, "cuts": 9},
    limit_seconds=900,
)
def cut_subscriptions(trial: Trial) -> Row:
    size = trial.size
    shape = {"workers": 1, "slots": size["jobs"], "statuses": 1, "proxied": ("status",)}
    with trial.cluster(**shape, tasks="chaos_tasks,weighty_tasks") as cluster:
        hole = BlackHole(cluster.proxies["status.1"])
        client = cluster.client("deaf")
        gate = cluster.folder / "gate"
        ids = [client.submit_until_accepted("carry", args={"until_file": str(gate)}) for _ in range(size["jobs"])]
        audience = Audience(cluster.status_ports[0]).start()
        for number in range(size["watchers"]):
            audience.follow(ids[number % len(ids)])
        heard: list[float] = []
        problems = _hear_progress(trial, cluster, audience.watchers, heard, "at first")
        heard.clear()
        *hows, last = _in_turn(trial, size["cuts"])
        for how in hows:
            if problems:
                break  # deaf for good: nothing new would be seen
            problems += _cut(hole, how)
            newcomer = audience.follow(trial.random.choice(ids))
            problems += _ask_meanwhile(client, ids)
            problems += _hear_progress(trial, cluster, audience.watchers, heard, f"after a cut ({how})")
            problems += [f"a newcomer got no snapshot ({how})"] * (not newcomer.document)
            trial.say(f"cut, {how}: heard again after at most {max(heard, default=0):.1f} s")
        problems += _cut(hole, last)  # the end falls into the silence
        gate.touch()
        cluster.wait_until_settled(30 * trial.patience)
        problems += _hear_the_end(trial, audience.watchers, heard)
        audience.stop()
        findings = trial.check(cluster, is_once=True)
    problems += _twice(audience.watchers)
    runs = f"{len(audience.watchers)} watchers, {len(hows) + 1} cuts"
    notes = [f"{sum(each.ends for each in audience.watchers)} ends for {len(audience.watchers)} watchers"]
    done = "a proxy swallows the connection with the SUBSCRIBE: no reset, no end; both ways, or replies only"
    return trial.row(done, runs, findings, recovery_seconds=heard, problems=problems, notes=notes)


def _in_turn(trial: Trial, number: int) -> list[str]:
    """Both kinds of cut, whichever comes first."""
    order = trial.random.sample(CUTS, len(CUTS))
    return [order[index % len(order)] for index in range(number)]


def _cut(hole: BlackHole, how: str) -> list[str]:
    """The process makes a new subscription after each cut; when it has none there is nothing to be cut any more."""
    return [] if hole.cut(how) else [f"no new subscription was there to be cut ({how})"]


def _hear_progress(trial: Trial, cluster: Cluster, watchers: list[Watcher], heard: list[float], when: str) -> list[str]:
    """Every watcher sees a step that was made after now."""
    steps = {job_id: cluster.store.fetch(job_id).current or 0 for job_id in {each.job_id for each in watchers}}
    limit_seconds = HEAR_SECONDS * trial.patience
    seconds = seconds_until_all(
        watchers, lambda each: (each.document.get("current") or 0) > steps[each.job_id] + 1, limit_seconds
    )
    heard += seconds
    missing = len(watchers) - len(seconds)
    return [f"{missing} of {len(watchers)} watchers saw no progress within {limit_seconds:g} s {when}"] * bool(missing)


def _hear_the_end(trial: Trial, watchers: list[Watcher], heard: list[float]) -> list[str]:
    limit_seconds = HEAR_SECONDS * trial.patience
    seconds = seconds_until_all(watchers, lambda each: each.has_ended, limit_seconds)
    heard += seconds
    missing = len(watchers) - len(seconds)
    return [f"{missing} of {len(watchers)} watchers saw no end within {limit_seconds:g} s"] * bool(missing)


def _ask_meanwhile(client: Client, ids: list[str]) -> list[str]:
    """The other connections work: whoever asks is answered."""
    answers = [client.status(job_id).status for job_id in ids]
    return [f"status answered {answers} to plain questions"] if set(answers) != {200} else []


def _twice(watchers: list[Watcher]) -> list[str]:
    doubled = [watcher for watcher in watchers if watcher.doubled]
    return [f"{len(doubled)} watchers got an event twice: {doubled[0].doubled[:3]}"] if doubled else []
