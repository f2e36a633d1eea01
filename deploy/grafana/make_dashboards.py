#!/usr/bin/env python3
"""Write the dashboards for Grafana: `make dashboards`."""

from __future__ import annotations

import json
from pathlib import Path

from all_dashboards import all_dashboards
from grafana_json import grafana_json

FOLDER = Path(__file__).resolve().parent / "dashboards"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text)


def texts() -> dict[str, str]:
    """What each file holds."""
    dashboards = all_dashboards()
    return {
        f"{each.name}.json": json.dumps(grafana_json(each, dashboards), indent=1, ensure_ascii=False) + "\n"
        for each in dashboards
    }


if __name__ == "__main__":
    main()
