"""Tasks for the chaos suite: they log their side effects, and some of them kill the process they run in."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from contextlib import suppress
from typing import Any, Literal

from effects import write_effect

from headway import progress, task

Poison = Literal["kill", "exit", "segfault", "loop", "hang", "fork"]


def _log(kind: str) -> None:
    request = progress.request()
    write_effect(kind, request.id, request.attempt, request.fence)


@task
def brief(seconds: float = 0.005) -> int:
    """Take a moment; the result is the attempt."""
    _log("start")
    time.sleep(seconds)
    _log("end")
    return progress.request().attempt


@task
def steady(seconds: float = 5.0, beat_seconds: float = 0.1) -> int:
    """Work for a while without a word to the store; logs a beat now and then."""
    _log("start")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(beat_seconds)
        _log("beat")
    _log("end")
    return progress.request().attempt


@task
def gated(gate: str, beat_seconds: float = 0.1) -> int:
    """Work until a file exists, without a word to the store; logs a beat now and then."""
    _log("start")
    while not os.path.exists(gate):
        time.sleep(beat_seconds)
        _log("beat")
    _log("end")
    return progress.request().attempt


@task
def stubborn(gate: str, beat_seconds: float = 0.1) -> int:
    """As `gated`, and then it has a lot to say, whatever it is told: a stale attempt that does not stop by itself."""
    _log("start")
    while not os.path.exists(gate):
        time.sleep(beat_seconds)
        _log("beat")
    attempt = progress.request().attempt
    with suppress(progress.AttemptLost):
        progress.report(attempt, message=f"attempt {attempt}")
    with suppress(progress.AttemptLost):
        progress.log(f"attempt {attempt}")
    progress.save({"attempt": attempt})
    _log("end")
    return attempt


@task
def resuming(items: int = 12, pause: float = 0.1) -> int:
    """Deal with items one by one; the next attempt goes on where the last one saved."""
    _log("start")
    for number in progress.track(range(items), "Working", resume=True):
        time.sleep(pause)
        _log(f"item-{number}")
    _log("end")
    return progress.request().attempt


@task
def reporting(steps: int = 10, pause: float = 0.1) -> int:
    """Advance step by step, reporting each."""
    _log("start")
    for _ in progress.track(range(steps), "Working"):
        time.sleep(pause)
        _log("beat")
    _log("end")
    return progress.request().attempt


@task
def followed(gate: str, pause: float = 1.0) -> int:
    """Report step after step until a file exists."""
    _log("start")
    steps = 0
    while not os.path.exists(gate):
        steps += 1
        progress.report(steps, message=f"step {steps}")
        time.sleep(pause)
    _log("end")
    return steps


@task
def chatter(calls: int = 1_000_000) -> int:
    """Report very often."""
    _log("start")
    for number in range(calls):
        progress.report(number + 1, calls)
    _log("end")
    return calls


@task
def bulky(result_bytes: int = 0, message_bytes: int = 0) -> Any:
    """Say or return too much."""
    _log("start")
    if message_bytes:
        progress.report(1, 2, "x" * message_bytes)
        time.sleep(0.3)
    _log("end")
    return "x" * result_bytes if result_bytes else None


@task
def poison(kind: Poison) -> None:
    """End badly, in the way that is asked for."""
    _log("start")
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "exit":
        os._exit(7)
    if kind == "segfault":
        ctypes.string_at(0)
    if kind == "fork":
        _leave_children()
    if kind == "hang":
        _hang_in_c()
    while True:  # loop
        time.sleep(0.001)


def _leave_children() -> None:
    """Fork a few children that sleep, then die without a word."""
    for _ in range(3):
        if os.fork() == 0:
            time.sleep(2)
            os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)


def _hang_in_c() -> None:
    """Hang where no Python signal handler runs, as a stuck C extension would."""
    libc = ctypes.PyDLL(None)  # PyDLL keeps the interpreter's lock
    for _ in range(600):
        libc.usleep(900_000)
