"""Deaths and outages on a running stack, one at a time: workers, processes, the store."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import redis


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """A process that does nothing meanwhile: a supervisor that starts nobody again, a store that does not answer."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def store_of(home: Path) -> redis.Redis:
    lines = (line.partition(" ") for line in (home / "run" / "valkey.conf").read_text().splitlines())
    settings = {name: value.strip('"') for name, _, value in lines}
    return redis.Redis(port=int(settings["port"]), password=settings["requirepass"])


def worker_of(stack: Any) -> int:
    """The parent process of the only worker; its children share its command."""
    started = [pid for pid in stack.processes if stack.parent_of(pid) == stack.process.pid]
    [worker] = [pid for pid in started if stack.command_of(pid).endswith("-m\0worker\0")]
    return worker


def management_of(worker: int) -> str:
    """The address of its probes and metrics."""
    environment = dict(line.partition("=")[::2] for line in Path(f"/proc/{worker}/environ").read_text().split("\0"))
    return f"http://127.0.0.1:{environment['HEADWAY_WORKER_MANAGEMENT_PORT']}"


def figures_of(address: str) -> dict[str, float]:
    """Every series of a process; empty when nobody answers."""
    try:
        text = httpx2.get(f"{address}/metrics", timeout=5).text
    except httpx2.HTTPError:
        return {}
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


def test_jobs_and_results_survive_a_restart(start_stack: Callable[..., Any], connect: Callable[..., Any]) -> None:
    stack = start_stack(tasks="trial_tasks", drain_seconds=0.5)
    before = connect(stack.url)
    done = before.run("crawl", args={"steps": 2})
    running = before.submit("misbehave", args={"action": "sleep", "seconds": 3})
    before.wait(running["id"], states={"STARTED", "PROGRESS"})
    waiting = before.submit("crawl", args={"steps": 2}, countdown=2)
    assert stack.stop() == 0

    after = connect(start_stack(home=stack.home, tasks="trial_tasks").url)

    assert after.status(done["id"])["result"] == 2
    assert after.wait(waiting["id"])["result"] == 2
    resumed = after.wait(running["id"])
    assert (resumed["state"], resumed["attempt"]) == ("SUCCESS", 1)  # a stop does not count as an attempt


def test_an_accepted_job_survives_the_death_of_the_store(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(tasks="trial_tasks")
    client = connect(stack.url)
    job = client.submit("crawl", args={"steps": 2}, countdown=2)
    valkey = [pid for pid in stack.processes if "valkey-server" in stack.command_of(pid)]

    with standing_still(stack.process.pid):
        os.kill(valkey[0], signal.SIGKILL)
        wait_until(lambda: client.http.get(f"/status/{job['id']}").status_code == 503, what="503 without the store")

    wait_until(lambda: client.http.get(f"/status/{job['id']}").status_code == 200, what="the store's return")
    assert client.wait(job["id"])["result"] == 2


def test_a_job_of_a_killed_worker_goes_on_with_another_one(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any], tmp_path: Path
) -> None:
    stack = start_stack(tasks="trial_tasks", workers=2, slots=1)
    client = connect(stack.url)
    job = client.submit("resume_from", args={"folder": str(tmp_path), "steps": 100, "pause": 0.1})
    trace = tmp_path / "steps.txt"
    saved = wait_until(lambda: (done := client.status(job["id"])["current"]) > 8 and done)
    child = int(trace.read_text().split()[1])
    parent = stack.parent_of(child)
    began = time.monotonic()

    os.kill(parent, signal.SIGKILL)  # and with it, its children

    wait_until(lambda: client.status(job["id"])["attempt"] == 2, what="the second attempt")
    assert time.monotonic() - began < 15
    ended = client.wait(job["id"])
    steps = [tuple(map(int, line.split())) for line in trace.read_text().splitlines()]
    assert (ended["state"], ended["result"]) == ("SUCCESS", {"attempts": 2})
    assert sorted({step for step, _ in steps}) == list(range(100))
    assert min(step for step, process in steps if process != child) >= saved  # it went on where it had saved


def test_a_job_whose_process_is_told_to_end_goes_on_in_another_one(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any], tmp_path: Path
) -> None:
    stack = start_stack(tasks="trial_tasks", slots=1)
    client = connect(stack.url)
    job = client.submit("resume_from", args={"folder": str(tmp_path), "steps": 40, "pause": 0.05})
    trace = tmp_path / "steps.txt"
    wait_until(lambda: trace.exists() and len(trace.read_text().splitlines()) > 8)

    os.kill(int(trace.read_text().splitlines()[-1].split()[1]), signal.SIGTERM)  # as systemd does to all of them

    ended = client.wait(job["id"])
    assert (ended["state"], ended["result"]) == ("SUCCESS", {"attempts": 2})


def test_a_worker_that_is_drained_longer_than_a_lease_keeps_its_job(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any], tmp_path: Path
) -> None:
    stack = start_stack(tasks="trial_tasks", workers=2, slots=1, drain_seconds=30)
    client = connect(stack.url)
    job = client.submit("resume_from", args={"folder": str(tmp_path), "steps": 100, "pause": 0.1})
    trace = tmp_path / "steps.txt"
    wait_until(lambda: trace.exists() and trace.read_text())
    parent = stack.parent_of(int(trace.read_text().split()[1]))

    os.kill(parent, signal.SIGTERM)

    ended = client.wait(job["id"], seconds=60)
    assert (ended["state"], ended["attempt"]) == ("SUCCESS", 1)
    assert len(trace.read_text().splitlines()) == 100


def test_a_worker_that_is_drained_tells_its_metrics_until_they_were_asked_for_after_its_last_job(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any], tmp_path: Path
) -> None:
    stack = start_stack(tasks="trial_tasks", slots=2, drain_seconds=60, last_scrape_seconds=30)
    client, may_end = connect(stack.url), tmp_path / "may-end"
    job = client.submit("hold", args={"path": str(may_end)})
    client.wait(job["id"], states={"PROGRESS"})
    worker = worker_of(stack)
    address = management_of(worker)
    told: list[dict[str, float]] = []

    with standing_still(stack.process.pid):
        os.kill(worker, signal.SIGTERM)
        wait_until(lambda: figures_of(address).get("headway_draining") == 1, what="the drain")
        draining, probe = figures_of(address), httpx2.get(f"{address}/livez", timeout=5)
        may_end.touch()
        wait_until(lambda: not (told.append(figures_of(address)) or stack.is_alive(worker)), what="the worker's end")

    assert (draining["headway_slots"], draining["headway_deaf"], probe.status_code) == (1, 0, 200)
    succeeded = 'headway_attempts_finished_total{outcome="succeeded",queue="default",task="hold"}'
    assert draining[succeeded] == 0
    assert [figures[succeeded] for figures in told if figures][-1] == 1
    assert client.status(job["id"])["state"] == "SUCCESS"


def test_a_second_sigterm_ends_the_wait_for_the_last_scrape(
    start_stack: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(tasks="trial_tasks", last_scrape_seconds=30)
    worker = worker_of(stack)

    os.kill(worker, signal.SIGTERM)
    wait_until(lambda: "waiting for the last scrape" in stack.log, what="the wait")
    os.kill(worker, signal.SIGTERM)

    wait_until(lambda: not stack.is_alive(worker), 10, "the end of the worker")


def test_a_second_sigterm_hands_running_jobs_back_at_once(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any], tmp_path: Path
) -> None:
    stack = start_stack(tasks="trial_tasks", workers=2, slots=1, drain_seconds=600)
    client = connect(stack.url)
    job = client.submit("resume_from", args={"folder": str(tmp_path), "steps": 100, "pause": 0.1})
    trace = tmp_path / "steps.txt"
    saved = wait_until(lambda: (done := client.status(job["id"])["current"]) > 8 and done)
    child = int(trace.read_text().split()[1])
    parent = stack.parent_of(child)

    os.kill(parent, signal.SIGTERM)
    wait_until(lambda: "draining" in stack.log, what="the drain")
    os.kill(parent, signal.SIGTERM)

    wait_until(lambda: "job handed back" in stack.log, what="the hand-back")
    wait_until(lambda: not stack.is_alive(parent), what="the end of the worker")
    ended = client.wait(job["id"])
    steps = [tuple(map(int, line.split())) for line in trace.read_text().splitlines()]
    assert (ended["state"], ended["attempt"]) == ("SUCCESS", 1)  # a stop does not count as an attempt
    assert sorted({step for step, _ in steps}) == list(range(100))
    assert min(step for step, process in steps if process != child) >= saved


def test_workers_outlive_the_store_and_go_on_with_it(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(tasks="trial_tasks", slots=1)
    client = connect(stack.url)
    job = client.submit("crawl", args={"steps": 60, "pause": 0.1})
    client.wait(job["id"], states={"PROGRESS"})
    services = {pid for pid in stack.processes if "valkey-server" not in stack.command_of(pid)}
    (valkey,) = [pid for pid in stack.processes if "valkey-server" in stack.command_of(pid)]

    with standing_still(stack.process.pid):
        os.kill(valkey, signal.SIGKILL)
        wait_until(lambda: client.http.get(f"/status/{job['id']}").status_code == 503, what="503 without the store")

    wait_until(lambda: client.http.get(f"/status/{job['id']}").status_code == 200, what="the store's return")
    later = client.submit("crawl", args={"steps": 2})
    ended = client.wait(job["id"]), client.wait(later["id"])
    assert [(each["state"], each["attempt"]) for each in ended] == [("SUCCESS", 1)] * 2
    assert all(stack.is_alive(pid) for pid in services)


def test_a_worker_outlives_a_store_that_refuses_its_commands(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(tasks="trial_tasks", slots=1)
    client, store = connect(stack.url), store_of(stack.home / "home")
    job = client.submit("crawl", args={"steps": 20, "pause": 0.1})
    client.wait(job["id"], states={"PROGRESS"})
    later = client.submit("crawl", args={"steps": 2})
    services = stack.processes

    store.config_set("maxmemory", 1)
    assert client.wait(job["id"])["state"] == "SUCCESS"
    wait_until(lambda: "used memory > 'maxmemory'" in stack.log, what="a refused command of the worker's engine")
    store.config_set("maxmemory", 0)

    assert client.wait(later["id"])["state"] == "SUCCESS"
    assert all(stack.is_alive(pid) for pid in services)


def test_a_store_that_hangs_longer_than_a_lease_costs_a_pause_and_no_attempt(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(tasks="trial_tasks", workers=2, slots=1)
    client = connect(stack.url)
    job = client.submit("crawl", args={"steps": 120, "pause": 0.1})
    client.wait(job["id"], states={"PROGRESS"})
    (valkey,) = [pid for pid in stack.processes if "valkey-server" in stack.command_of(pid)]

    with standing_still(valkey):
        wait_until(lambda: "job paused" in stack.log, what="the pause")
        time.sleep(5)  # the rest of the outage: longer than a lease in all

    ended = client.wait(job["id"], seconds=60)
    assert (ended["state"], ended["attempt"]) == ("SUCCESS", 1)
    assert "job goes on" in stack.log
