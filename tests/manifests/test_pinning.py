"""`pin_images.py` writes the digests that the registry tells, and nothing when one is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "k8s" / "pin_images.py"
DIGEST = "sha256:" + "a1" * 32
OTHER = "sha256:" + "b2" * 32


def pin(folder: Path, docker: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a `docker` that is this shell script."""
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{docker}\n")
    program.chmod(0o755)
    command = [sys.executable, str(SCRIPT), *arguments, "--output", str(folder / "images.yaml")]
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_every_image_is_pinned_to_what_the_registry_has(tmp_path: Path) -> None:
    ended = pin(tmp_path, f'echo "$@" >> {tmp_path}/asked; echo {DIGEST}', "registry.example.com/team", "--tag", "7")

    assert ended.returncode == 0, ended.stderr
    written = yaml.safe_load((tmp_path / "images.yaml").read_text())["images"]
    assert {each["name"]: (each["newName"], each["digest"]) for each in written} == {
        "headway/canary": ("registry.example.com/team/headway/canary", DIGEST),
        "headway/frontend": ("registry.example.com/team/headway/frontend", DIGEST),
        "headway/status": ("registry.example.com/team/headway/status", DIGEST),
        "headway/submit": ("registry.example.com/team/headway/submit", DIGEST),
        "headway/worker": ("registry.example.com/team/headway/worker", DIGEST),
        "valkey/valkey": ("docker.io/valkey/valkey", DIGEST),
    }
    assert "inspect registry.example.com/team/headway/submit:7 " in (tmp_path / "asked").read_text()


def test_what_docker_remembers_of_this_registry_is_taken_when_the_registry_cannot_be_asked(tmp_path: Path) -> None:
    docker = f"""
[ "$1" = image ] || exit 1
place=${{3%:*}}
echo "[\\"elsewhere/x@{OTHER}\\",\\"${{place#docker.io/}}@{DIGEST}\\"]"
"""

    ended = pin(tmp_path, docker, "registry.example.com")

    assert ended.returncode == 0, ended.stderr
    assert {each["digest"] for each in yaml.safe_load((tmp_path / "images.yaml").read_text())["images"]} == {DIGEST}


def test_an_image_that_was_not_pushed_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    ended = pin(tmp_path, "exit 1", "registry.example.com")

    assert ended.returncode != 0
    assert "registry.example.com/headway/canary:latest" in ended.stderr
    assert not (tmp_path / "images.yaml").exists()
