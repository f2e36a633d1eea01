"""Run Headway on this machine: `python -m local`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any

from chassis.logs import configure_logs
from chassis.settings import EXIT_CONFIGURATION, read_settings
from headway.task import Task, TaskDefinitionError, load_tasks
from local.files import HomeBusy
from local.ports import LOOPBACK, PortBusy, check_free
from local.programs import ProgramMissing
from local.settings import LocalSettings
from local.stack import run_stack
from local.threads import ThreadsEngine, serve_threads


def main() -> int:
    settings = read_settings(LocalSettings, os.environ)
    if not (settings.page / "index.html").is_file():
        return _refuse(f"The page is not built: there is no {settings.page}/index.html. Run: make setup")
    sys.path.insert(0, os.getcwd())
    try:
        tasks = load_tasks(settings.tasks)
        return _run_threads(settings, tasks) if settings.engine == "threads" else run_stack(settings)
    except TaskDefinitionError as error:
        return _refuse(f"HEADWAY_TASKS={','.join(settings.tasks)}: {error}")
    except (PortBusy, HomeBusy, ProgramMissing) as error:
        return _refuse(str(error))


def _run_threads(settings: LocalSettings, tasks: Mapping[str, Task[..., Any]]) -> int:
    check_free(settings.port)
    configure_logs("headway", settings.log_format, settings.log_level)
    engine = ThreadsEngine(settings, tasks)
    server = serve_threads(engine, settings.port)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    engine.start()
    print(
        f"headway | ready on http://{LOOPBACK}:{settings.port}  (Ctrl-C stops it)\n"
        "headway | ENGINE=threads: one process, no Redis. Jobs and results are gone when it stops.",
        flush=True,
    )
    server.serve_forever()
    engine.stop()
    # Threads of running tasks would hold the process until they return; nothing here is worth waiting for.
    sys.stdout.flush()
    os._exit(0)


def _refuse(why: str) -> int:
    print(f"Headway cannot start: {why}", file=sys.stderr)
    return EXIT_CONFIGURATION


if __name__ == "__main__":
    sys.exit(main())
