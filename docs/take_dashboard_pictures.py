"""Take the pictures of the dashboards for the docs, from a Prometheus that watches a stack: `--prometheus URL`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
IMAGES = HERE / "images"
sys.path.insert(0, str(HERE.parent / "deploy" / "grafana"))

from all_dashboards import all_dashboards  # noqa: E402
from drawing import draw  # noqa: E402

STEPS = 120
LEAST_STEP_SECONDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prometheus", required=True, metavar="URL", help="such as http://127.0.0.1:9090")
    parser.add_argument("--minutes", type=int, default=15, help="how much time to show")
    options = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    step = max(LEAST_STEP_SECONDS, options.minutes * 60 / STEPS)
    end = time.time() // step * step
    for dashboard in all_dashboards():
        png = draw(dashboard, options.prometheus, end - options.minutes * 60, end, step)
        (IMAGES / f"dashboard-{dashboard.name}.png").write_bytes(png)
        print(f"docs/images/dashboard-{dashboard.name}.png")


if __name__ == "__main__":
    main()
