"""`make up` as an operator meets it: start, scale, stop, restart, and everything that can be in the way."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CONFIGURATION = 78
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_everything_and_leaves_nothing_behind(start_stack: Callable[..., Any], number: int) -> None:
    stack = start_stack()
    processes = stack.processes
    assert len(processes) > 8

    code = stack.stop(number)

    assert code == 0
    assert not [pid for pid in processes if stack.is_alive(pid)]
    assert stack.log.rstrip().endswith("stopped")


def test_a_stop_signal_for_make_ends_the_stack(start_stack: Callable[..., Any]) -> None:
    # Without the outer make's flags, which name file descriptors that this one does not have.
    make = ("env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "--silent", "-C", str(REPOSITORY), "up")
    stack = start_stack(command=make, engine="threads")
    processes = stack.processes
    assert processes

    stack.stop(signal.SIGTERM)

    assert not [pid for pid in processes if stack.is_alive(pid)]


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


def test_a_worker_without_jobs_stops_at_once(start_stack: Callable[..., Any], wait_until: Callable[..., Any]) -> None:
    stack = start_stack(tasks="trial_tasks", drain_seconds=600)
    (worker,) = [pid for pid in stack.processes if stack.command_of(pid).endswith("-m\0worker\0")][:1]

    os.kill(worker, signal.SIGTERM)

    wait_until(lambda: not stack.is_alive(worker), what="the end of the worker, long before its drain time is over")


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


def test_it_is_ready_also_where_127_0_0_1_is_not_trusted(start_stack: Callable[..., Any]) -> None:
    stack = start_stack(trusted_hosts="my.name")

    assert f"ready on {stack.url}" in stack.log


def test_two_stacks_never_share_their_data(start_stack: Callable[..., Any]) -> None:
    first = start_stack()

    second = start_stack(home=first.home, wait=False)

    assert second.process.wait(60) == CONFIGURATION
    assert "Another Headway runs on the data" in second.log


def test_even_a_killed_supervisor_leaves_nothing_behind(
    start_stack: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    stack = start_stack(drain_seconds=0)
    processes = stack.processes

    stack.process.kill()

    wait_until(
        lambda: not [pid for pid in processes if stack.is_alive(pid)], seconds=30, what="the end of all processes"
    )


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
