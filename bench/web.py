"""The HTTP part: every candidate gets the same load in turn, round after round, so that noise meets them all."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from statistics import median

from fixtures import SHOWN_STATES, Stores
from load import Load, Outcome, run_load
from processes import Server, cpu_seconds, running_servers

WARM_SECONDS = 1.0
JOB_BODY = b'{"task": "count_primes", "args": {"limit": 100000}}'


@dataclass(slots=True)
class Candidate:
    """One route of one server, and what was measured of it: an entry a round."""

    group: str
    """Candidates of one group answer the same question."""
    who: str
    """`headway`, `seed`, `seed on threads` or `bare`."""
    server: Server
    request: bytes
    expected_status: int
    prepare: Callable[[], None] = lambda: None
    outcomes: list[Outcome] = field(default_factory=list)
    cpu_microseconds: list[float] = field(default_factory=list)
    """Of the web server's processes, a request."""


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate's medians over the rounds."""

    group: str
    who: str
    requests_per_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    cpu_microseconds: float | None
    ratio_to_seed: float
    """Median of the rounds' own ratios, each between neighbours in time."""
    ratio_lowest: float
    ratio_highest: float


def measure_web(stores: Stores, *, rounds: int, seconds: float, say: Callable[[str], None]) -> list[Row]:
    """Raises `WrongAnswer` when a server does not do what is measured."""
    spawn = multiprocessing.get_context("spawn")
    with running_servers(stores.ours_url, stores.seed_url) as servers, ProcessPoolExecutor(1, spawn) as generator:
        rows = []
        for find in (_submits, _reads):
            candidates = list(find(servers, stores))  # not sooner: preparing the submits empties the database
            for each in candidates:
                _warm(each, generator)
            for number in range(rounds):
                say(f"{candidates[0].group} and so on: round {number + 1} of {rounds}")
                turn = number % len(candidates)  # nobody is always first, or always behind the same one
                for each in candidates[turn:] + candidates[:turn]:
                    _measure(each, generator, seconds)
            rows += [_row(each, candidates) for each in candidates]
        return rows


def _submits(servers: Mapping[str, Server], stores: Stores) -> Iterator[Candidate]:
    longtask = _request("POST", "/longtask")
    jobs = _request("POST", "/jobs", JOB_BODY)
    group = "POST /longtask"
    yield Candidate(group, "headway", servers["submit"], longtask, 202, stores.prepare_ours)
    yield Candidate(group, "seed", servers["seed gevent"], longtask, 202, stores.prepare_seed)
    yield Candidate(group, "seed on threads", servers["seed gthread"], longtask, 202, stores.prepare_seed)
    yield Candidate(group, "bare", servers["bare gevent"], longtask, 202)
    yield Candidate("POST /jobs", "headway", servers["submit"], jobs, 202, stores.prepare_ours)


def _reads(servers: Mapping[str, Server], stores: Stores) -> Iterator[Candidate]:
    ours, seeds = stores.our_ids(), stores.seed_ids()
    for state in SHOWN_STATES:
        group = f"GET /status, {state}"
        our_read, seed_read = _request("GET", f"/status/{ours[state]}"), _request("GET", f"/status/{seeds[state]}")
        yield Candidate(group, "headway", servers["status"], our_read, 200, stores.announce)
        yield Candidate(group, "seed", servers["seed gevent"], seed_read, 200)
    yield Candidate(group, "bare", servers["bare gevent"], seed_read, 200)


def _request(method: str, path: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/json\r\n\r\n".encode() + body


def _warm(candidate: Candidate, generator: Executor) -> None:
    """Let a server import and connect what it does only with its first requests; Celery takes a second for it."""
    candidate.prepare()
    load = Load(candidate.server.port, candidate.request, candidate.expected_status, WARM_SECONDS)
    generator.submit(run_load, load).result()


def _measure(candidate: Candidate, generator: Executor, seconds: float) -> None:
    candidate.prepare()
    load = Load(candidate.server.port, candidate.request, candidate.expected_status, seconds)
    before = cpu_seconds(candidate.server)
    outcome = generator.submit(run_load, load).result()
    after = cpu_seconds(candidate.server)
    candidate.outcomes.append(outcome)
    if before is not None and after is not None:
        candidate.cpu_microseconds.append((after - before) / outcome.sent * 1e6)


def _row(candidate: Candidate, candidates: list[Candidate]) -> Row:
    # POST /jobs and the bare routes have no peer of their own; any seed route of their part will do.
    seeds = [each for each in candidates if each.who == "seed"]
    seed = next((each for each in seeds if each.group == candidate.group), seeds[0])
    pairs = zip(candidate.outcomes, seed.outcomes, strict=True)
    ratios = [own.requests_per_second / other.requests_per_second for own, other in pairs]
    return Row(
        candidate.group,
        candidate.who,
        median(each.requests_per_second for each in candidate.outcomes),
        median(each.p50_milliseconds for each in candidate.outcomes),
        median(each.p99_milliseconds for each in candidate.outcomes),
        median(candidate.cpu_microseconds) if candidate.cpu_microseconds else None,
        median(ratios),
        min(ratios),
        max(ratios),
    )
