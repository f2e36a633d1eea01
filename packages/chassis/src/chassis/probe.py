"""Ask this container's service whether it is ready: `python -m chassis.probe` ends with 0 or 1, and needs no curl."""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Mapping

PATIENCE_SECONDS = 3.0
ROLES = ("SUBMIT", "STATUS", "WORKER")


def main() -> int:
    try:
        status, text = _ask(_port(os.environ))
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"The management port does not answer: {error}", file=sys.stderr)
        return 1
    print(text)
    return 0 if status == 200 else 1


def _port(environ: Mapping[str, str]) -> int:
    """The management port; in an image it is the same for every service."""
    ports = {environ[name] for role in ROLES if (name := f"HEADWAY_{role}_MANAGEMENT_PORT") in environ}
    if len(ports) != 1:
        raise ValueError(f"HEADWAY_…_MANAGEMENT_PORT should name one port, and names {sorted(ports) or 'none'}")
    return int(ports.pop())


def _ask(port: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
