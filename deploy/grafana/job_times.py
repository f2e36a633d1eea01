"""Of the jobs' dashboard: how long they wait and run, and what is in line."""

from __future__ import annotations

from figures import age_of_all, heat, of_all, quantile, quantiles, rate, rate_of_all, total
from panels import ANY_IS_NOTABLE, PER_MINUTE, Row, heatmap, high_is_bad, lines, row, stack, stat

TOO_OLD = high_is_bad(300, 600)
"""Of a job in line, in seconds; the alert for it fires at ten minutes."""
SMOOTH = "15m"
"""A window in which a few jobs an hour still make a rate."""

SUBMITTED, FINISHED, QUEUED = "headway_jobs_submitted_total", "headway_jobs_finished_total", "headway_jobs_queued"
WAIT, RUN = "headway_attempt_wait_seconds", "headway_attempt_duration_seconds"


def latency() -> Row:
    return row(
        "Latency",
        lines(
            "Wait for a worker",
            quantiles(WAIT),
            "s",
            "From the moment a job could run to its claim. Half of the jobs wait less than p50, one in a hundred longer"
            " than p99. When it grows, there are too few slots.",
            empty_when_healthy="no attempt began in the last minute",
        ),
        lines(
            "Run time",
            quantiles(RUN),
            "s",
            "From claim to settlement, of the chosen tasks together. Choose one task above to see that one.",
            empty_when_healthy="no attempt ended in the last minute",
        ),
        lines(
            "Run time p95, by task",
            {"{{task}}": quantile(0.95, RUN, "task")},
            "s",
            "Nineteen of twenty attempts took less. A step up is a slower release, or something slow that it calls.",
            link="task",
            empty_when_healthy="no attempt ended in the last minute",
        ),
        heatmap(
            "Waits",
            heat(WAIT),
            "s",
            "How many attempts began after which wait. Two bands mean two kinds of jobs: choose a queue above.",
            empty_when_healthy="no attempt began in the last minute",
        ),
        heatmap(
            "Run times",
            heat(RUN),
            "s",
            "How many attempts took how long. A band at the top edge is a time limit that ends them.",
            empty_when_healthy="no attempt ended in the last minute",
        ),
        lines(
            "Canary, end to end, p95",
            {"{{stage}}": quantile(0.95, "headway_canary_stage_seconds", "stage")},
            "s",
            "A small job as a client sees it, from its request to each stage. The stage where the lines part is the"
            " slow one: accepted is submit and Redis, started the line, first_event the stream, finished the worker.",
            empty_when_healthy="no canary runs here",
            width=12,
        ),
        stack(
            "Canary runs, by outcome",
            {"{{outcome}}": f"60 * {rate('headway_canary_runs_total', 'outcome')}"},
            PER_MINUTE,
            "Anything but green is what clients meet too: refused is submit, timed out the line or the workers.",
            empty_when_healthy="no canary runs here",
            width=6,
        ),
        stat(
            "Last success of the canary",
            'time() - max(headway_canary_last_success_timestamp_seconds{namespace=~"$namespace"} > 0)',
            "s",
            "How long ago a job last went through the whole of it. Above five minutes an alert fires.",
            steps=high_is_bad(120, 300),
            width=6,
            height=8,
            decimals=0,
            empty_when_healthy="no canary runs here, or none has succeeded yet",
        ),
    )


def line() -> Row:
    queued, served = of_all(QUEUED, "queue"), rate_of_all(FINISHED, "queue", window=SMOOTH)
    return row(
        "Line",
        stack(
            "In line, running, and room",
            {"{{queue}}": queued},
            "short",
            "Areas are jobs in line. As long as running stays below slots there is room, and a line should not last. A"
            " line with room beside it: workers do not hear, or serve other queues.",
            apart={"running": of_all("headway_jobs_running"), "slots": total("headway_slots")},
            width=12,
        ),
        lines(
            "Oldest in line, by queue",
            {"{{queue}}": age_of_all("headway_oldest_queued_timestamp_seconds", "queue", QUEUED)},
            "s",
            "How long the job waits that waits the longest. A line that climbs as fast as the clock does not move.",
            steps=TOO_OLD,
            width=12,
        ),
        lines(
            "Time until the line is empty",
            {"{{queue}}": f"{queued} / clamp_min({served}, 0.001)"},
            "s",
            "If nothing more came: jobs in line by the jobs that ended in the last 15 minutes. Scale by this, not"
            " by the length: a long line of short jobs is soon gone.",
            empty_when_healthy="no job of this queue has ever ended",
        ),
        lines(
            "Coming minus going",
            {"{{queue}}": f"60 * ({rate_of_all(SUBMITTED, 'queue')} - {rate_of_all(FINISHED, 'queue')})"},
            PER_MINUTE,
            "Jobs submitted less jobs ended. Above 0 the line grows, below it shrinks; around 0 all is well.",
            below_zero=True,
            empty_when_healthy="no job of this queue has ever been submitted",
        ),
        lines(
            "Doorbells that are missing",
            {"jobs": of_all("headway_jobs_unanswered")},
            "short",
            "Jobs whose doorbell nobody has. They are rung for again within seconds; if it stays up, no reconciler"
            " runs: are there workers?",
            steps=ANY_IS_NOTABLE,
        ),
        stack(
            "Records, by state",
            {"{{state}}": of_all("headway_jobs", "state")},
            "short",
            "What Redis keeps. Ended jobs stay for their retention, and fill its memory.",
            width=24,
        ),
    )
