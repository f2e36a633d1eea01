"""A running Headway to test by URL: the embedded stack, or any other that `E2E_URL` names."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from local.ports import free_ports

START_SECONDS = 120.0
STOP_SECONDS = 60.0
SLOTS = 4
HERE = Path(__file__).parent
COMMAND = (sys.executable, "-m", "local")
FINAL = {"SUCCESS", "FAILURE", "REVOKED"}
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TELL_VIOLATIONS = "addEventListener('securitypolicyviolation', e => console.error('forbidden', e.violatedDirective))"
# They need Docker and a stack in it: `make e2e` starts one and names it.
collect_ignore = [] if os.environ.get("COMPOSE_PROJECT_NAME") else ["containers"]
if not os.environ.get("LONG"):
    # Minutes each: `make page`, `make chaos` and `make drill` run them.
    collect_ignore += ["long", "test_the_page_live.py", "test_the_page_for_everyone.py"]
    collect_ignore += ["test_deaths_and_outages.py", "test_monitoring.py"]


def wait_for(condition: Callable[[], Any], seconds: float = 30.0, what: str = "the condition") -> Any:
    """The first true value of the condition; fails when none came in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not hold within {seconds} s")


@dataclass
class Headway:
    """A client as a user would write one."""

    url: str
    http: httpx2.Client

    def submit(self, task: str, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
        args = body.pop("args", {})
        answer = self.http.post("/jobs", json={"task": task, "args": args, **body}, headers=headers)
        assert answer.status_code == 202, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def status(self, job_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/status/{job_id}")
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def wait(self, job_id: str, seconds: float = 60.0, states: set[str] = FINAL) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            document = self.status(job_id)
            return document if document["state"] in states else None

        found: dict[str, Any] = wait_for(reached, seconds, f"one of {sorted(states)} for job {job_id}")
        return found

    def run(self, task: str, seconds: float = 60.0, **body: Any) -> dict[str, Any]:
        return self.wait(self.submit(task, **body)["id"], seconds)

    def events(self, path: str, headers: dict[str, str] | None = None) -> Iterator[tuple[str, str, Any]]:
        """(event, id, data) of a stream, until the server closes it."""
        with self.http.stream("GET", path, headers=headers or {}, timeout=30) as answer:
            assert answer.status_code == 200, answer.read()
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                if line.startswith(":"):
                    continue
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    yield fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"])
                    fields = {}


@dataclass
class Stack:
    """A stack that a test started: a process, where it listens, and what it printed."""

    process: subprocess.Popen[bytes]
    url: str
    home: Path
    log_path: Path

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def processes(self) -> list[int]:
        """Every process below this one."""
        below: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (fields := _stat_of(int(entry.name))):
                below.setdefault(int(fields[1]), []).append(int(entry.name))
        found, left = [], [self.process.pid]
        while left:
            children = below.get(left.pop(), [])
            found += children
            left += children
        return found

    def is_alive(self, pid: int) -> bool:
        return _stat_of(pid)[:1] not in ([], ["Z"])

    def parent_of(self, pid: int) -> int:
        return int(_stat_of(pid)[1])

    def command_of(self, pid: int) -> str:
        """Its words, with a NUL behind each; empty when there is no such process."""
        try:
            return Path(f"/proc/{pid}/cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return ""

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


def _stat_of(pid: int) -> list[str]:
    """State, parent and more; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


@contextmanager
def stacks_in(make_folder: Callable[[str], Path]) -> Iterator[Callable[..., Stack]]:
    """Start `python -m local` with settings; whatever still runs at the end is stopped."""
    stacks: list[Stack] = []

    def start(home: Path | None = None, wait: bool = True, command: Sequence[str] = COMMAND, **settings: Any) -> Stack:
        folder = home or make_folder("stack")
        port = settings.pop("port", None) or free_ports(1)[0]
        environment = {f"HEADWAY_{name.upper()}": str(value) for name, value in settings.items()}
        environment |= {"HEADWAY_PORT": str(port), "HEADWAY_HOME": str(folder / "home"), "PYTHONPATH": str(HERE)}
        log_path = folder / f"stack-{len(stacks)}.log"
        with log_path.open("wb") as log:
            process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log, cwd=HERE)
        stack = Stack(process, f"http://127.0.0.1:{port}", folder, log_path)
        stacks.append(stack)
        if wait:
            wait_for(lambda: "ready on" in stack.log or process.poll() is not None, START_SECONDS, "the stack's start")
            assert process.poll() is None, stack.log
        return stack

    yield start
    for stack in stacks:
        stack.stop()


@pytest.fixture
def start_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stack]]:
    """Stacks for one test."""
    with stacks_in(tmp_path_factory.mktemp) as start:
        yield start


@pytest.fixture(scope="session")
def start_lasting_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stack]]:
    """Stacks that many tests share."""
    with stacks_in(tmp_path_factory.mktemp) as start:
        yield start


@pytest.fixture(scope="session")
def connect() -> Iterator[Callable[[str], Headway]]:
    clients: list[httpx2.Client] = []

    def to(url: str) -> Headway:
        client = httpx2.Client(base_url=url, timeout=40, limits=httpx2.Limits(max_connections=50))
        clients.append(client)
        return Headway(url, client)

    yield to
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def trial_stack(start_lasting_stack: Callable[..., Stack]) -> Stack:
    """The embedded stack with the demo tasks and the trial tasks."""
    return start_lasting_stack(tasks="worker.tasks,trial_tasks", slots=SLOTS, cancel_grace_seconds=4)


@pytest.fixture(scope="session")
def headway(request: pytest.FixtureRequest, connect: Callable[[str], Headway]) -> Headway:
    """The Headway under test."""
    url = os.environ.get("E2E_URL") or request.getfixturevalue("trial_stack").url
    return connect(url)


@pytest.fixture(scope="session")
def slots() -> int:
    """How many jobs the Headway under test runs at the same time."""
    return SLOTS


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A folder for a test and its tasks; tasks in containers run as another user and see only `E2E_FILES`."""
    shared = os.environ.get("E2E_FILES")
    if not shared:
        return tmp_path
    folder = Path(tempfile.mkdtemp(dir=shared, prefix=tmp_path.name))  # new, also where the last run's is still there
    folder.chmod(0o777)
    return folder


@pytest.fixture
def kill() -> Callable[[int], None]:
    """Kill a process of a task by the number that it knows itself by; `E2E_KILL` runs a shell where that is true."""
    shell = os.environ.get("E2E_KILL", "sh -c").split()
    return lambda pid: subprocess.run([*shell, f"kill -9 {pid}"], check=True, timeout=30) and None


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    return wait_for


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    assert path, "Chromium is not installed; `make chromium` says how to get it"
    browser = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
    yield browser
    browser.close()


@dataclass
class Visits:
    """Fresh visitors of the page, and what went wrong while they were there."""

    browser: Browser
    url: str
    wrong: list[str] = field(default_factory=list)

    def begin(self, address: str = "", **settings: Any) -> Page:
        """Notes errors of scripts, broken policies and requests to others; an error status is an answer, too."""
        page = self.browser.new_context(**settings).new_page()
        page.add_init_script(TELL_VIOLATIONS)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda said: self.note(said.text, said.type == "error" and "to load res" not in said.text))
        page.on("dialog", lambda dialog: self.note(f"dialog: {dialog.message}"))
        page.on("request", lambda asked: self.note(asked.url, not self.is_own(asked.url)))
        page.goto(f"{self.url}/{address}" if self.url else address)
        return page

    def is_own(self, address: str) -> bool:
        """A visitor who begins nowhere, to be prepared first, belongs to whatever is opened then."""
        return not self.url or address.startswith((f"{self.url}/", "blob:"))

    def note(self, text: str, is_wrong: bool = True) -> None:
        if is_wrong:
            self.wrong.append(text)


@pytest.fixture
def visits(browser: Browser, page_url: str) -> Iterator[Visits]:
    """Visitors of the page at `page_url`, which each file says for itself."""
    found = Visits(browser, page_url)
    yield found
    for context in browser.contexts:
        context.close()
    assert not found.wrong


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address as a fresh visitor, wherever it is; what the page itself did wrong fails the test."""
    begun: list[Visits] = []

    def to(address: str, **settings: Any) -> Page:
        parts = urlsplit(address)
        begun.append(Visits(browser, f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""))
        return begun[-1].begin(address.removeprefix(begun[-1].url).removeprefix("/"), **settings)

    yield to
    for context in browser.contexts:
        context.close()
    assert not [wrong for visits in begun for wrong in visits.wrong]
