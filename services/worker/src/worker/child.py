"""Signals to the processes of jobs, and how one is ended without ever ending another job's."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress

SendSignal = Callable[[int, signal.Signals], None]


def end_child(pid: int, write: Callable[[], bool], *, send_signal: SendSignal = os.kill) -> bool:
    """Stop the process, write that its job is over, then kill it; False when the job had ended by itself.

    Stopped first, because a process that finishes its job takes the next one at once: a kill that comes
    a moment later would hit that one. When the record says that the job is no longer this process's, it goes on.
    Raises `StoreUnavailable`; then it goes on too.
    """
    signal_child(pid, signal.SIGSTOP, send_signal)
    is_written = False
    try:
        is_written = write()
    finally:
        signal_child(pid, signal.SIGKILL if is_written else signal.SIGCONT, send_signal)
    return is_written


def signal_child(pid: int, number: signal.Signals, send_signal: SendSignal = os.kill) -> None:
    """Send a signal to a process that may be gone by now."""
    with suppress(ProcessLookupError):  # it has ended meanwhile
        send_signal(pid, number)
