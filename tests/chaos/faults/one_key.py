"""F22: a hundred clients submit at the same moment with one idempotency key, half of them another payload."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from cluster import Cluster
from history import History
from refusals import most_stalled
from swarm import Answer, Connection, NoAnswer
from table import Row
from trial import Trial, fault

PARALLEL = 100
PAUSE_SECONDS = 0.2
INSIST_SECONDS = 30.0
SECONDS_OF_PAYLOAD = (0.001, 0.002)
"""The two payloads differ in one argument."""


@fault("F22", "parallel submits with one key", ci={"rounds": 20}, full={"rounds": 1000}, limit_seconds=900)
def submit_with_one_key(trial: Trial) -> Row:
    rounds = trial.size["rounds"]
    with trial.cluster(workers=1, slots=2, submits=2) as cluster:
        storm = asyncio.run(_storm(trial, cluster))
        cluster.wait_until_settled(120)
        findings = trial.check(cluster, is_once=True)
        stored = sum(cluster.store.totals().values())
    problems = list(storm.problems)
    is_too_often = storm.stalled > most_stalled(trial, rounds * PARALLEL, PARALLEL)
    problems += [f"{storm.stalled} submits were refused while Valkey was there"] if is_too_often else []
    problems += [] if stored == rounds else [f"{stored} jobs instead of {rounds}"]
    kinds = ", ".join(f"{number:,} × {kind}" for kind, number in storm.kinds.most_common())
    done = f"{PARALLEL} connections to two submit services, one key a round, two payloads in random order"
    return trial.row(
        done,
        f"{rounds:,} rounds of {PARALLEL}, {stored:,} jobs",
        findings,
        problems=problems,
        notes=[kinds, f"{storm.stalled} × 503, repeated"],
    )


@dataclass(slots=True)
class _Storm:
    """What the clients were told."""

    kinds: Counter[str] = field(default_factory=Counter)
    stalled: int = 0
    """503s that were repeated."""
    problems: list[str] = field(default_factory=list)

    def judge(self, key: str, payloads: list[int], answers: list[Answer | NoAnswer]) -> None:
        """One job, for one payload; everybody with that payload is told its id, all others 422."""
        accepted = [each for each in zip(payloads, answers, strict=True) if _status(each[1]) == 202]
        created = [answer for _, answer in accepted if "idempotent-replayed" not in answer.headers]
        ids = {answer.document["id"] for _, answer in accepted}
        winners = {payload for payload, _ in accepted}
        mismatches = sum(_kind(answer) == "422 idempotency-mismatch" for answer in answers)
        self.kinds.update(_kind(answer) for answer in answers)
        is_right = len(ids) == len(winners) == len(created) == 1 and len(accepted) == payloads.count(*winners)
        if not is_right or mismatches != len(answers) - len(accepted):
            self.problems.append(f"{key}: {len(created)} created, {len(ids)} ids, {Counter(map(_kind, answers))}")


async def _storm(trial: Trial, cluster: Cluster) -> _Storm:
    storm = _Storm()
    ports = cluster.submit_ports
    connections = [Connection(ports[number % len(ports)], timeout_seconds=30) for number in range(PARALLEL)]
    for number in range(1, trial.size["rounds"] + 1):
        key = f"round-{number}"
        payloads = [0, 1] * (PARALLEL // 2)
        trial.random.shuffle(payloads)
        cluster.history.add("storm", "submit", "invoke", key=key)
        answers = await asyncio.gather(
            *(
                _submit(storm, connection, key, payload)
                for connection, payload in zip(connections, payloads, strict=True)
            )
        )
        _write_history(cluster.history, key, answers)
        storm.judge(key, payloads, answers)
        if number % 100 == 0:
            trial.say(f"{number} rounds")
    for connection in connections:
        connection.close()
    return storm


async def _submit(storm: _Storm, connection: Connection, key: str, payload: int) -> Answer | NoAnswer:
    """A 503 is repeated with the same key; what comes after it is judged."""
    body = {"task": "brief", "args": {"seconds": SECONDS_OF_PAYLOAD[payload]}, "tags": [key]}
    deadline = time.monotonic() + INSIST_SECONDS
    while True:
        try:
            answer = await connection.request("POST", "/jobs", body, {"Idempotency-Key": key})
        except NoAnswer as error:
            return error
        is_stalled = _kind(answer) == "503 backend-unavailable" and "retry-after" in answer.headers
        if not is_stalled or time.monotonic() > deadline:
            return answer
        storm.stalled += 1
        await asyncio.sleep(PAUSE_SECONDS)


def _write_history(history: History, key: str, answers: list[Answer | NoAnswer]) -> None:
    for answer in answers:
        if isinstance(answer, Answer) and answer.status == 202:
            history.add("storm", "submit", "ok", key=key, job_id=answer.document["id"])


def _status(answer: Answer | NoAnswer) -> int:
    return answer.status if isinstance(answer, Answer) else 0


def _kind(answer: Answer | NoAnswer) -> str:
    if isinstance(answer, NoAnswer):
        return "broken"
    if answer.status == 202:
        return "202 replayed" if "idempotent-replayed" in answer.headers else "202 created"
    return f"{answer.status} {str(answer.document.get('type', '')).rpartition('/')[2]}"
