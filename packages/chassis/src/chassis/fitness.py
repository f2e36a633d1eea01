"""At start a process refuses a Redis that could lose what it accepts."""

from __future__ import annotations

import sys

from chassis.logs import get_logger
from chassis.settings import EXIT_CONFIGURATION, ProcessSettings
from headway.connection import connect
from headway.problem import StoreUnavailable
from headway.server import UnfitServer, check_server

log = get_logger(__name__)


def refuse_unfit_server(settings: ProcessSettings) -> None:
    """End the process with code 78 and what to change; a server that is away may still come, readiness will tell."""
    client = connect(settings.redis_url)
    try:
        check_server(client, settings.durability)
    except UnfitServer as unfit:
        print(f"Headway cannot start: {unfit}", file=sys.stderr)
        sys.exit(EXIT_CONFIGURATION)
    except StoreUnavailable as problem:
        log.warning("store away at start", detail=problem.detail)
    finally:
        client.close()
