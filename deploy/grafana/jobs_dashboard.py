"""The jobs: how many come, how they end, how long they take and what waits."""

from __future__ import annotations

from figures import age_of_all, of_all, quantile, rate, rate_of_all, total
from job_times import RUN, SMOOTH, TOO_OLD, latency, line
from panels import (
    NONE_IS_BAD,
    PER_MINUTE,
    Dashboard,
    Row,
    lines,
    low_is_bad,
    row,
    stack,
    stat,
    table,
)

OUR_FAULT = 'outcome!~"cancelled|expired"'
"""A client's wish is no failure."""

SUBMITTED, STARTED, FINISHED = (f"headway_jobs_{word}_total" for word in ("submitted", "started", "finished"))
QUEUED, RUNNING = "headway_jobs_queued", "headway_jobs_running"


def jobs_dashboard() -> Dashboard:
    return Dashboard(
        "jobs",
        "Headway: jobs",
        "Do jobs come in, do they run, do they succeed, and how long does it take?",
        (_now(), _throughput(), latency(), line()),
    )


def _per_minute(metric: str, by: str = "", where: str = "") -> str:
    return f"60 * {rate_of_all(metric, by, where)}"


def _success(by: str = "") -> str:
    """Of the jobs that ended by themselves."""
    ended = rate_of_all(FINISHED, by, OUR_FAULT, SMOOTH)
    succeeded = rate_of_all(FINISHED, by, 'outcome="succeeded"', SMOOTH)
    return f"{succeeded} / ({ended} > 0)"


def _now() -> Row:
    return row(
        "Now",
        stat(
            "Finished",
            _per_minute(FINISHED),
            PER_MINUTE,
            "Jobs that ended in a minute, in whatever way. At 0 while jobs are in line nobody works: look at the"
            " workers.",
            decimals=1,
        ),
        stat(
            "Succeeded",
            _success(),
            "percentunit",
            "Share of jobs that succeeded in the last 15 minutes, without those that were cancelled or expired. When it"
            " falls, “Failures, by exception” says why.",
            steps=low_is_bad(0.9, 0.99),
            decimals=1,
            empty_when_healthy="no job has ended in the last 15 minutes",
        ),
        stat(
            "In line",
            of_all(QUEUED),
            "short",
            "Jobs that could run and wait for a worker. A line that grows for long needs more workers or fewer jobs.",
        ),
        stat(
            "Running",
            of_all(RUNNING),
            "short",
            "Jobs that run now, on all workers. When they reach the slots, new ones wait: see the row “Line”.",
        ),
        stat(
            "Oldest in line",
            f"max({age_of_all('headway_oldest_queued_timestamp_seconds', 'queue', QUEUED)})",
            "s",
            "How long the job waits that waits the longest. Above ten minutes an alert fires: see the row “Line”.",
            steps=TOO_OLD,
            decimals=0,
        ),
        stat(
            "Workers",
            total("up", where='job="worker"'),
            "short",
            "Workers that Prometheus reaches. At 0 nothing runs: start some, or see why they do not.",
            steps=NONE_IS_BAD,
        ),
        stat(
            "Watchers",
            total("headway_streams_open"),
            "short",
            "Clients that follow jobs now, by stream or long poll. Near the limit new ones get 429: see the API's"
            " dashboard.",
        ),
        stat(
            "Scheduled",
            of_all("headway_jobs_scheduled"),
            "short",
            "Jobs that wait for their time, retries among them. They are in no line yet, and need no workers.",
        ),
    )


def _throughput() -> Row:
    way = {"submitted": SUBMITTED, "started": STARTED, "finished": FINISHED}
    return row(
        "Throughput",
        lines(
            "Submitted, started, finished",
            {name: _per_minute(metric) for name, metric in way.items()},
            PER_MINUTE,
            "Three lines that should lie on each other. Submitted above started: the line grows. Started above"
            " finished: jobs are retried or taken back.",
            width=12,
        ),
        stack(
            "Ended, by outcome",
            {"{{outcome}}": _per_minute(FINISHED, "outcome")},
            PER_MINUTE,
            "How jobs end. Red is the task's own failure, orange its time limit, violet a worker that died.",
            width=12,
        ),
        stack(
            "Finished, by task",
            {"{{task}}": _per_minute(FINISHED, "task")},
            PER_MINUTE,
            "Which tasks make up the load. Click one to see its workers.",
            link="task",
        ),
        stack(
            "Failures, by exception",
            {"{{exception}}": f"60 * {rate('headway_attempt_failures_total', 'exception')}"},
            PER_MINUTE,
            "Failed attempts by the class of what they raised. A new one after a release is the release's.",
            empty_when_healthy="no attempt has failed since the workers started",
        ),
        lines(
            "Success, by task",
            {"{{task}}": _success("task")},
            "percentunit",
            "Share of jobs that succeeded in the last 15 minutes, without those that were cancelled or expired."
            " One task that falls is that task's fault; all of them, something they share.",
            steps=low_is_bad(0.9, 0.99),
            link="task",
            empty_when_healthy="no job has ended in the last 15 minutes",
        ),
        lines(
            "Retried and restarted",
            {
                "retried": _per_minute("headway_jobs_retried_total"),
                "restarted": _per_minute("headway_jobs_restarted_total"),
            },
            PER_MINUTE,
            "Attempts again: after a failure by itself, or after the end because a client asked. Many retries with few"
            " failures: something that the tasks call is unsteady.",
            width=12,
        ),
        stack(
            "Taken back from workers, by reason",
            {"{{why}}": _per_minute("headway_jobs_taken_back_total", "why")},
            PER_MINUTE,
            "Attempts that ended without their task's doing. Drained belongs to every stop of a worker. Lost means that"
            " workers die: look at their memory. Declined: they do not know the task that they were asked for.",
            width=12,
        ),
        table(
            "Tasks",
            {
                "Running": ("short", of_all(RUNNING, "task")),
                "Finished a minute": ("short", f"60 * {rate_of_all(FINISHED, 'task', window=SMOOTH)}"),
                "Succeeded": ("percentunit", _success("task")),
                "Median run time": ("s", quantile(0.5, RUN, "task", window=SMOOTH)),
                "p95 run time": ("s", quantile(0.95, RUN, "task", window=SMOOTH)),
            },
            "Every task in the last 15 minutes. Click a name to see its workers.",
            height=6,
        ),
    )
