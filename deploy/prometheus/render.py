#!/usr/bin/env python3
"""Write the rules of Prometheus once more, as the PrometheusRule that an operator on Kubernetes reads.

The files in deploy/prometheus/rules are the source, for Compose and Kubernetes alike; `make manifests` runs this. Text
and not YAML is carried over, so that the comments go along and any Python does: only the standard library is used.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RULES = HERE / "rules"
RENDERED = HERE.parent / "k8s" / "components" / "monitoring" / "prometheus-rule.yaml"
GROUPS = "\ngroups:\n"
HEAD = """\
# Rendered from deploy/prometheus/rules by 'make manifests': change those.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: headway
spec:
  groups:
"""


def main() -> None:
    RENDERED.write_text(rendered(), encoding="utf-8")


def rendered() -> str:
    """All groups of all files, recording rules first, since alerts look at them."""
    paths = sorted(RULES.glob("*.yml"), key=lambda path: (path.stem != "recording", path.stem))
    return HEAD + "\n".join(map(groups_of, paths))


def groups_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if GROUPS not in text:
        sys.exit(f"{path} should have a line 'groups:' with the groups of rules below; it has none.")
    return "".join("  " + line if line.strip() else line for line in text.split(GROUPS)[1].splitlines(keepends=True))


if __name__ == "__main__":
    main()
