"""Start the worker service: `python -m worker`."""

from __future__ import annotations

import os
import sys
import warnings

from celery.exceptions import SecurityWarning

from chassis.fitness import refuse_busy_ports, refuse_unfit_server
from chassis.logs import configure_logs
from chassis.settings import read_settings, refuse
from headway.task import TaskDefinitionError, load_tasks
from worker.app import create_celery
from worker.canary import sing
from worker.settings import WorkerSettings

QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")
"""What Celery's workers tell each other; ours speak through the store."""


def main() -> None:
    settings = read_settings(WorkerSettings, os.environ)
    configure_logs("worker", settings.log_format, settings.log_level)
    refuse_unfit_server(settings)
    refuse_busy_ports(settings, settings.worker_host, "worker_management_port")
    sys.path.insert(0, os.getcwd())  # so that a module of tasks in this folder is found
    try:
        tasks = load_tasks(settings.tasks)
    except TaskDefinitionError as error:
        refuse([f"HEADWAY_TASKS={','.join(settings.tasks)}: {error}"])
    # Celery warns root of pickled messages; this worker accepts JSON only.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    app = create_celery(settings, tasks | {sing.name: sing})
    app.worker_main(["--quiet", "worker", "--pool=prefork", "--loglevel=WARNING", *QUIET])


if __name__ == "__main__":
    main()
