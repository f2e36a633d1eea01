"""One real process under test: started in a group of its own, killed, frozen, stopped and started again by pid."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 40.0


class Process:
    """A command that can be started again; its output is appended to one log file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        before_exec: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment or {})
        self.log_path = folder / f"{name}.log"
        self.before_exec = before_exec
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log_path.open("ab") as log:
            self._popen = subprocess.Popen(
                self.command,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=self.before_exec,
            )

    @property
    def pid(self) -> int:
        if self._popen is None:
            raise RuntimeError(f"{self.name} was never started.")
        return self._popen.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def is_alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def family(self) -> list[int]:
        """Its pid and those of all its descendants."""
        return [self.pid, *descendants_of(self.pid)]

    def signal_family(self, number: signal.Signals) -> float:
        """Send a signal to it and all its descendants, at once; when that was, in seconds since 1970."""
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return time.time()

    def kill(self) -> float:
        """SIGKILL for it and all its descendants; when that was."""
        return self._end(self.signal_family(signal.SIGKILL))

    def kill_parent(self) -> float:
        """SIGKILL for the first process only; its children have to notice by themselves."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self._end(time.time())

    def freeze(self) -> float:
        return self.signal_family(signal.SIGSTOP)

    def thaw(self) -> float:
        return self.signal_family(signal.SIGCONT)

    def thaw_children(self) -> None:
        """All but the first process."""
        for pid in descendants_of(self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to stop, and do not wait."""
        if self.is_alive():
            os.kill(self.pid, signal.SIGTERM)

    def stop(self, seconds: float = STOP_SECONDS) -> int | None:
        """Ask it to stop and wait; its exit code, or None when it had to be killed."""
        self.terminate()
        code = self.wait(seconds)
        self.destroy()
        return code

    def wait(self, seconds: float) -> int | None:
        assert self._popen is not None
        with suppress(subprocess.TimeoutExpired):
            return self._popen.wait(seconds)
        return None

    def destroy(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self._popen is None:
            return
        if self.is_alive():
            self.kill()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what outlived it in its group

    def _end(self, at: float) -> float:
        assert self._popen is not None
        self._popen.wait(STOP_SECONDS)
        return at


def descendants_of(pid: int) -> list[int]:
    """All pids below this one, children first."""
    found = []
    for child in _children_of(pid):
        found += [child, *descendants_of(child)]
    return found


def _children_of(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                children += [int(word) for word in (thread / "children").read_text().split()]
    return children
