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


CASES = {
    "a container, whose group is the outermost": ("0::/", {"memory.max": "1073741824"}, 1024 * MEGABYTE),
    "a group around it has less": ("0::/a/b", {"a/memory.max": "2048", "a/b/memory.max": "4096"}, 2048),
    "a group around it has more": ("0::/a/b", {"a/memory.max": "max", "a/b/memory.max": "4096"}, 4096),
    "no limit": ("0::/", {"memory.max": "max"}, 0),
    "groups that do not limit memory": ("0::/a", {}, 0),
    "another group": ("0::/a", {"b/memory.max": "2048"}, 0),
    "version 1": ("8:pids:/x\n4:memory:/a", {"memory/a/memory.limit_in_bytes": "2048"}, 2048),
    "version 1, by the host's path": ("4:memory:/docker/1f", {"memory/memory.limit_in_bytes": "2048"}, 2048),
    "version 1, no limit": ("4:memory:/", {"memory/memory.limit_in_bytes": "9223372036854771712"}, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_the_limit_is_the_smallest_of_the_groups(tmp_path: Path, name: str) -> None:
    lines, files, limit = CASES[name]
    (tmp_path / "own").write_text(f"1:name=other:/elsewhere\n{lines}\n")
    for path, text in files.items():
        file = tmp_path / "groups" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    assert memory_limit_bytes(tmp_path / "own", tmp_path / "groups") == limit


def test_where_there_are_no_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert memory_limit_bytes(tmp_path / "none", tmp_path) == 0
