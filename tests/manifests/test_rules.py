"""The rules that an operator gets are those that Prometheus reads in Compose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
RENDERED = ROOT / "deploy/k8s/components/monitoring/prometheus-rule.yaml"


def test_the_rules_for_the_operator_are_those_in_the_files(build: Any) -> None:
    files = [
        yaml.safe_load((ROOT / f"deploy/prometheus/rules/{name}.yml").read_text()) for name in ("recording", "alerts")
    ]

    (rule,) = build("watched").of("PrometheusRule").values()

    assert rule["spec"]["groups"] == [group for file in files for group in file["groups"]], "run `make manifests`"


def test_the_rendered_rules_are_what_the_script_writes() -> None:
    rendered = RENDERED.read_text()
    script = "import sys; sys.path.insert(0, 'deploy/prometheus'); import render; print(render.rendered(), end='')"

    written = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30)

    assert written.stdout == rendered, "run `make manifests`"
