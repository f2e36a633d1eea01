"""Run the end-to-end tests against Docker Compose: `make e2e`. Needs a running Docker, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.ports import free_ports

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BY_URL = ("test_polls.py", "test_jobs.py", "test_stopping_jobs.py", "test_bad_requests.py", "test_the_seed_story.py")
MINUTES = {"build": 15, "up": 5, "down": 3, "tests": 25}
PATIENCE = ("-o", "timeout=400")
"""Containers start and stop within a test, on machines that are busy with it."""


def main() -> int:
    with shared_folder() as files, stack(settings_for(files)) as environment:
        failures = pytest(environment, [HERE], *PATIENCE)
        with changed(environment, HEADWAY_SLOTS="4") as jobs:
            failures += pytest(jobs, [HERE.parent / name for name in BY_URL])
        # The page starts many long tasks, so these are brief; and they are given time to be seen while they stop.
        brief = "brief_long_task,worker.tasks.words,trial_tasks"
        with changed(environment, HEADWAY_SLOTS="8", HEADWAY_TASKS=brief, E2E_CANCEL_GRACE_SECONDS="60") as page:
            failures += pytest(page, [HERE.parent / "test_the_simple_page.py"])
        if failures:
            compose(environment, "logs", "--tail", "100", minutes=MINUTES["down"])
    return 1 if failures else 0


def settings_for(files: Path) -> dict[str, str]:
    port, prometheus_port = free_ports(2)
    return {
        **os.environ,
        "COMPOSE_FILE": f"{ROOT / 'docker-compose.yml'}:{HERE / 'compose.yml'}",
        "COMPOSE_PROJECT_NAME": f"headway-e2e-{os.getpid()}",
        "HEADWAY_PORT": str(port),
        "PROMETHEUS_PORT": str(prometheus_port),
        "HEADWAY_TASKS": "trial_tasks,worker.tasks",
        "E2E_URL": f"http://127.0.0.1:{port}",
        "E2E_FILES": str(files),
        "E2E_KILL": "docker compose exec -T worker sh -c",
    }


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder that the user in the containers may write to as well."""
    folder = Path(tempfile.mkdtemp(prefix="headway-e2e-"))
    (folder / "home").mkdir()
    for each in (folder, folder / "home"):
        each.chmod(0o777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def stack(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Started as the README says, then with the tests' worker made from the user's one; all removed at the end."""
    plain = environment | {"COMPOSE_FILE": str(ROOT / "docker-compose.yml"), "HEADWAY_TASKS": "worker.tasks"}
    try:
        compose(plain, *command_of_the_readme(), minutes=MINUTES["build"])
        compose(environment, "build", "worker", minutes=MINUTES["build"])
        compose(environment, "up", "-d", "--wait", minutes=MINUTES["up"])
        yield environment
    except subprocess.SubprocessError:
        subprocess.run(("docker", "compose", "logs", "--tail", "50"), env=environment, check=False, timeout=60)
        raise
    finally:
        # With every profile: the volumes of one that is not named stay behind.
        compose(environment, "--profile", "*", "down", "--volumes", "--timeout", "20", minutes=MINUTES["down"])


def command_of_the_readme() -> list[str]:
    """What a newcomer types, word for word, and nothing before it."""
    found = re.findall(r"`docker compose (up [^`]*)`", (ROOT / "README.md").read_text())
    return str(found[0]).split()


@contextmanager
def changed(environment: dict[str, str], **settings: str) -> Iterator[dict[str, str]]:
    """The same stack with other settings: one worker, and one of everything else."""
    new = environment | settings
    compose(new, "up", "-d", "--wait", minutes=MINUTES["up"])
    yield new


def compose(environment: Mapping[str, str], *words: str, minutes: int) -> None:
    print(f"docker compose {' '.join(words)}", flush=True)
    subprocess.run(
        ("docker", "compose", "--progress", "quiet", *words), env=environment, check=True, timeout=60 * minutes
    )


def pytest(environment: Mapping[str, str], paths: Sequence[Path], *options: str) -> int:
    """1 if something failed, also when nothing was found to run."""
    command = (sys.executable, "-m", "pytest", "-q", *options, *map(str, paths))
    return int(
        subprocess.run(command, env=environment, cwd=ROOT, check=False, timeout=60 * MINUTES["tests"]).returncode != 0
    )


if __name__ == "__main__":
    sys.exit(main())
