"""Start the canary: `python -m canary`."""

from __future__ import annotations

import os
import signal

from prometheus_client import CollectorRegistry

from canary.metrics import CanaryMetrics
from canary.rounds import Rounds
from canary.settings import CanarySettings
from chassis.fitness import refuse_busy_ports
from chassis.health import Check, ManagementServer
from chassis.logs import configure_logs
from chassis.process_metrics import ProcessMetrics
from chassis.settings import read_settings


def main() -> None:
    settings = read_settings(CanarySettings, os.environ)
    configure_logs("canary", settings.log_format, settings.log_level)
    refuse_busy_ports(settings, settings.canary_host, "canary_management_port")
    stop_signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)  # before any thread, so that only the wait below gets them
    registry = CollectorRegistry()
    ProcessMetrics(registry, "canary", settings.revision)
    rounds = Rounds(settings, CanaryMetrics(registry))
    checks: dict[str, Check] = {"rounds": rounds.check}
    management = ManagementServer(
        settings.canary_host, settings.canary_management_port, registry, ready=checks, live=checks
    )
    management.start()
    rounds.start()
    signal.sigwait(stop_signals)
    management.stop()  # a run under way ends with the process; its job needs nobody who watches


if __name__ == "__main__":
    main()
