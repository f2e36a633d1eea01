"""A worker knows how much memory it takes together with the processes of its jobs, and how much it may take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from worker.memory import memory_limit_bytes, memory_used_bytes

MEGABYTE = 1024 * 1024
TAKE_MEMORY = f"taken = b'x' * (64 * {MEGABYTE}); print('taken', flush=True); input()"


def test_the_memory_of_a_process_below_counts() -> None:
    before = memory_used_bytes()

    with subprocess.Popen([sys.executable, "-c", TAKE_MEMORY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as task:
        assert task.stdout
        assert task.stdout.readline() == b"taken\n"
        with_task = memory_used_bytes()
        task.communicate(b"\n")

    assert with_task - before >= 64 * MEGABYTE


def group(folder: Path, path: str, limits: dict[str, str]) -> tuple[Path, Path]:
    """A process in the control group `path`, and the groups' limits."""
    own, groups = folder / "own", folder / "groups"
    own.write_text(f"1:name=other:/elsewhere\n0::{path}\n")
    for name, limit in limits.items():
        (groups / name).mkdir(parents=True, exist_ok=True)
        (groups / name / "memory.max").write_text(f"{limit}\n")
    return own, groups


@pytest.mark.parametrize(
    ("path", "limits", "limit"),
    [
        pytest.param("/", {"": "1073741824"}, 1024 * MEGABYTE, id="in a container, whose group is the outermost"),
        pytest.param("/a/b", {"a": "2048", "a/b": "4096"}, 2048, id="the smaller limit is that of a group around"),
        pytest.param("/a/b", {"a": "max", "a/b": "4096"}, 4096, id="the smaller limit is its own"),
        pytest.param("/", {"": "max"}, 0, id="no limit"),
        pytest.param("/a", {}, 0, id="groups that do not limit memory"),
    ],
)
def test_the_limit_is_the_smallest_of_the_groups(tmp_path: Path, path: str, limits: dict[str, str], limit: int) -> None:
    assert memory_limit_bytes(*group(tmp_path, path, limits)) == limit


def test_where_there_are_no_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert memory_limit_bytes(tmp_path / "none", tmp_path) == 0
