"""`make up` as an operator meets it: start, scale, stop, restart, and everything that can be in the way."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

CONFIGURATION = 78
REPOSITORY = Path(__file__).resolve().parents[2]


def children_of(pid: int) -> list[int]:
    """Every process below this one."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat_of(int(entry.name))):
            below.setdefault(int(fields[1]), []).append(int(entry.name))
    found, left = [], [pid]
    while left:
        children = below.get(left.pop(), [])
        found += children
        left += children
    return found


def stat_of(pid: int) -> list[str]:
    """State, parent and more; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_alive(pid: int) -> bool:
    return stat_of(pid)[:1] not in ([], ["Z"])


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """A process that does nothing meanwhile: a supervisor that starts nobody again, a store that does not answer."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_everything_and_leaves_nothing_behind(start_stack: Callable[..., Any], number: int) -> None:
    stack = start_stack()
    processes = children_of(stack.process.pid)
    assert len(processes) > 8

    code = stack.stop(number)

    assert code == 0
    assert not [pid for pid in processes if is_alive(pid)]
    assert stack.log.rstrip().endswith("stopped")


def test_a_stop_signal_for_make_ends_the_stack(start_stack: Callable[..., Any]) -> None:
    # Without the outer make's flags, which name file descriptors that this one does not have.
    make = ("env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "--silent", "-C", str(REPOSITORY), "up")
    stack = start_stack(command=make, engine="threads")
    processes = children_of(stack.process.pid)
    assert processes

    stack.stop(signal.SIGTERM)

    assert not [pid for pid in processes if is_alive(pid)]


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


def test_a_job_for_a_task_that_no_worker_has_waits_for_one(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    first = start_stack(tasks="trial_tasks")
    assert connect(first.url).run("crawl", args={"steps": 1})["state"] == "SUCCESS"
    assert first.stop() == 0

    second = start_stack(home=first.home, tasks="worker.tasks.words")
    client = connect(second.url)
    job = client.submit("crawl", args={"steps": 1})
    wait_until(lambda: "job declined" in second.log)
    waiting = client.status(job["id"])
    assert second.stop() == 0
    third = connect(start_stack(home=first.home, tasks="trial_tasks").url)

    assert waiting["waiting_for"] == "worker"
    assert third.wait(job["id"])["result"] == 1


def test_an_accepted_job_survives_the_death_of_the_store(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(tasks="trial_tasks")
    client = connect(stack.url)
    job = client.submit("crawl", args={"steps": 2}, countdown=2)
    valkey = [pid for pid in children_of(stack.process.pid) if "valkey-server" in command_of(pid)]

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
    parent = int(stat_of(child)[1])
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
    parent = int(stat_of(int(trace.read_text().split()[1]))[1])

    os.kill(parent, signal.SIGTERM)

    ended = client.wait(job["id"], seconds=60)
    assert (ended["state"], ended["attempt"]) == ("SUCCESS", 1)
    assert len(trace.read_text().splitlines()) == 100


def test_a_second_sigterm_hands_running_jobs_back_at_once(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any], tmp_path: Path
) -> None:
    stack = start_stack(tasks="trial_tasks", workers=2, slots=1, drain_seconds=600)
    client = connect(stack.url)
    job = client.submit("resume_from", args={"folder": str(tmp_path), "steps": 100, "pause": 0.1})
    trace = tmp_path / "steps.txt"
    saved = wait_until(lambda: (done := client.status(job["id"])["current"]) > 8 and done)
    child = int(trace.read_text().split()[1])
    parent = int(stat_of(child)[1])

    os.kill(parent, signal.SIGTERM)
    wait_until(lambda: "draining" in stack.log, what="the drain")
    os.kill(parent, signal.SIGTERM)

    wait_until(lambda: "job handed back" in stack.log, what="the hand-back")
    wait_until(lambda: not is_alive(parent), what="the end of the worker")
    ended = client.wait(job["id"])
    steps = [tuple(map(int, line.split())) for line in trace.read_text().splitlines()]
    assert (ended["state"], ended["attempt"]) == ("SUCCESS", 1)  # a stop does not count as an attempt
    assert sorted({step for step, _ in steps}) == list(range(100))
    assert min(step for step, process in steps if process != child) >= saved


def test_a_worker_without_jobs_stops_at_once(start_stack: Callable[..., Any], wait_until: Callable[..., Any]) -> None:
    stack = start_stack(tasks="trial_tasks", drain_seconds=600)
    (worker,) = [pid for pid in children_of(stack.process.pid) if command_of(pid).endswith("-m\0worker\0")][:1]

    os.kill(worker, signal.SIGTERM)

    wait_until(lambda: not is_alive(worker), what="the end of the worker, long before its drain time is over")


def test_workers_outlive_the_store_and_go_on_with_it(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(tasks="trial_tasks", slots=1)
    client = connect(stack.url)
    job = client.submit("crawl", args={"steps": 60, "pause": 0.1})
    client.wait(job["id"], states={"PROGRESS"})
    services = {pid for pid in children_of(stack.process.pid) if "valkey-server" not in command_of(pid)}
    (valkey,) = [pid for pid in children_of(stack.process.pid) if "valkey-server" in command_of(pid)]

    with standing_still(stack.process.pid):
        os.kill(valkey, signal.SIGKILL)
        wait_until(lambda: client.http.get(f"/status/{job['id']}").status_code == 503, what="503 without the store")

    wait_until(lambda: client.http.get(f"/status/{job['id']}").status_code == 200, what="the store's return")
    later = client.submit("crawl", args={"steps": 2})
    ended = client.wait(job["id"]), client.wait(later["id"])
    assert [(each["state"], each["attempt"]) for each in ended] == [("SUCCESS", 1)] * 2
    assert all(is_alive(pid) for pid in services)


def test_a_worker_outlives_a_store_that_refuses_its_commands(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(tasks="trial_tasks", slots=1)
    client, store = connect(stack.url), store_of(stack.home / "home")
    job = client.submit("crawl", args={"steps": 20, "pause": 0.1})
    client.wait(job["id"], states={"PROGRESS"})
    later = client.submit("crawl", args={"steps": 2})
    services = children_of(stack.process.pid)

    store.config_set("maxmemory", 1)
    assert client.wait(job["id"])["state"] == "SUCCESS"
    wait_until(lambda: "used memory > 'maxmemory'" in stack.log, what="a refused command of the worker's engine")
    store.config_set("maxmemory", 0)

    assert client.wait(later["id"])["state"] == "SUCCESS"
    assert all(is_alive(pid) for pid in services)


def test_a_store_that_hangs_longer_than_a_lease_costs_a_pause_and_no_attempt(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(tasks="trial_tasks", workers=2, slots=1)
    client = connect(stack.url)
    job = client.submit("crawl", args={"steps": 120, "pause": 0.1})
    client.wait(job["id"], states={"PROGRESS"})
    (valkey,) = [pid for pid in children_of(stack.process.pid) if "valkey-server" in command_of(pid)]

    with standing_still(valkey):
        wait_until(lambda: "job paused" in stack.log, what="the pause")
        time.sleep(5)  # the rest of the outage: longer than a lease in all

    ended = client.wait(job["id"], seconds=60)
    assert (ended["state"], ended["attempt"]) == ("SUCCESS", 1)
    assert "job goes on" in stack.log


def store_of(home: Path) -> redis.Redis:
    lines = (line.partition(" ") for line in (home / "run" / "valkey.conf").read_text().splitlines())
    settings = {name: value.strip('"') for name, _, value in lines}
    return redis.Redis(port=int(settings["port"]), password=settings["requirepass"])


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


def test_it_scales_by_replicas(
    start_stack: Callable[..., Any], connect: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(tasks="trial_tasks", workers=2, statuses=2, slots=1)
    client = connect(stack.url)

    jobs = [client.submit("crawl", args={"steps": 3}) for _ in range(6)]

    assert {client.wait(job["id"])["state"] for job in jobs} == {"SUCCESS"}
    wait_until(
        lambda: client.http.get("/tasks/crawl").json()["live_workers"] == 2, what="both workers in the catalogue"
    )
    assert "worker.2" in stack.log


def test_a_busy_port_is_a_clear_error(start_stack: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        stack = start_stack(port=port, wait=False)

        assert stack.process.wait(60) == CONFIGURATION
        assert f"Port {port} is in use" in stack.log
        assert f"HEADWAY_PORT={port + 1}" in stack.log


def test_two_stacks_never_share_their_data(start_stack: Callable[..., Any]) -> None:
    first = start_stack()

    second = start_stack(home=first.home, wait=False)

    assert second.process.wait(60) == CONFIGURATION
    assert "Another Headway runs on the data" in second.log


def test_even_a_killed_supervisor_leaves_nothing_behind(
    start_stack: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(drain_seconds=0)
    processes = children_of(stack.process.pid)

    stack.process.kill()

    wait_until(lambda: not [pid for pid in processes if is_alive(pid)], seconds=30, what="the end of all processes")


def test_all_mistakes_in_the_settings_are_named_at_once(start_stack: Callable[..., Any]) -> None:
    stack = start_stack(wait=False, slots="many", workrs=3, log_format="xml")

    assert stack.process.wait(60) == CONFIGURATION
    assert "HEADWAY_SLOTS='many'" in stack.log
    assert "did you mean HEADWAY_WORKERS?" in stack.log
    assert "HEADWAY_LOG_FORMAT='xml'" in stack.log


def test_modules_of_tasks_that_cannot_be_imported_are_a_clear_error(start_stack: Callable[..., Any]) -> None:
    stack = start_stack(wait=False, tasks=".relative,no_such_module,trial_tasks")

    assert stack.process.wait(60) == CONFIGURATION
    assert ".relative cannot be imported" in stack.log
    assert "no_such_module cannot be imported" in stack.log
    assert "Traceback" not in stack.log


def test_the_readmes_own_task_runs_as_pasted(
    start_stack: Callable[..., Any], connect: Callable[..., Any], tmp_path: Path
) -> None:
    readme = (REPOSITORY / "README.md").read_text()
    module = re.search(r"^```python\n(# my_tasks\.py\n.*?)^```", readme, re.M | re.S)
    tasks = re.search(r"`make up TASKS=(\S+)`", readme)
    body = re.search(r"-d '(\{.*?\})'$", readme, re.M)
    assert module
    assert tasks
    assert body
    (tmp_path / "my_tasks.py").write_text(module[1])
    in_its_folder = ("env", "-C", str(tmp_path), sys.executable, "-m", "local")
    client = connect(start_stack(command=in_its_folder, tasks=tasks[1]).url)

    accepted = client.http.post("/jobs", content=body[1], headers={"Content-Type": "application/json"})

    job = client.wait(accepted.json()["id"])
    assert (job["state"], job["result"], job["total"]) == ("SUCCESS", {"url": "/reports/2026-11.pdf"}, 10)


def test_the_threads_engine_says_that_nothing_survives(start_stack: Callable[..., Any]) -> None:
    stack = start_stack(engine="threads")

    assert "gone when it stops" in stack.log
    assert stack.stop() == 0
