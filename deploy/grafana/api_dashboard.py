"""The API and its streams: what clients ask for, what they get, and how fast."""

from __future__ import annotations

from api_streams import PROPAGATION, ground, propagation, streams
from figures import gain, quantile, quantiles, rate, total
from palette import BAD, WARN
from panels import (
    ANY_IS_BAD,
    Dashboard,
    Row,
    Steps,
    high_is_bad,
    lines,
    low_is_bad,
    row,
    stack,
    stat,
)

PROMISE = 0.999
"""Share of requests that are not answered 5xx: the objective that the alerts for burn rates guard."""
WINDOWS = ("5m", "30m", "1h", "6h", "3d")
BURN = Steps(above=((6, WARN), (14.4, BAD)))
"""Rates at which the budget of thirty days is gone in five days, and in two."""
REQUESTS, DURATION = "http_requests_total", "http_request_duration_seconds"


def api_dashboard() -> Dashboard:
    return Dashboard(
        "api",
        "Headway: API and streams",
        "Do clients get answers, how fast, and do they see their jobs move?",
        (
            _now(),
            _requests("submit"),
            _requests("status"),
            _submissions(),
            _budget(),
            streams(),
            propagation(),
            ground(),
        ),
    )


def _job(service: str) -> str:
    return f'job="{service}"'


def _failing(service: str) -> str:
    failed = rate(REQUESTS, where=f'{_job(service)}, status=~"5.."')
    return f"({failed} or vector(0)) / ({rate(REQUESTS, where=_job(service))} > 0)"


def _burn(service: str, window: str) -> str:
    recorded = f'headway:slo_errors:ratio_rate{window}{{job="{service}", namespace=~"$namespace"}}'
    return f"max({recorded}) / {1 - PROMISE:.3f}"


def _now() -> Row:
    return row(
        "Now",
        stat(
            "Submits failing",
            _failing("submit"),
            "percentunit",
            "Share of requests to submit that were answered 5xx. Clients cannot start jobs: look at Redis first.",
            steps=high_is_bad(0.001, 0.01),
            decimals=2,
            empty_when_healthy="nobody asked submit for anything",
        ),
        stat(
            "Reads failing",
            _failing("status"),
            "percentunit",
            "Share of requests to status that were answered 5xx. Clients cannot see their jobs: look at Redis first.",
            steps=high_is_bad(0.001, 0.01),
            decimals=2,
            empty_when_healthy="nobody asked status for anything",
        ),
        stat(
            "Submit p95",
            quantile(0.95, DURATION, where=_job("submit")),
            "s",
            "Nineteen of twenty requests were answered faster. Each waits for one write to Redis's disk.",
            steps=high_is_bad(0.25, 1),
            empty_when_healthy="nobody asked submit for anything",
        ),
        stat(
            "Status p95",
            quantile(0.95, DURATION, where=_job("status")),
            "s",
            "Nineteen of twenty requests were answered faster, long polls included, which wait on purpose.",
            empty_when_healthy="nobody asked status for anything",
        ),
        stat(
            "Streams open",
            total("headway_streams_open"),
            "short",
            "Streams and long polls that are open now. A sudden fall is a replica that went, or a proxy that cuts"
            " them.",
        ),
        stat(
            "Room for streams",
            f"1 - {total('headway_streams_open')} / ({total('headway_streams_limit')} > 0)",
            "percentunit",
            "Share of the streams that may be open and are not. Below 20 %: more status replicas, before clients"
            " get 429.",
            steps=low_is_bad(0.1, 0.2),
            decimals=0,
        ),
        stat(
            "Streams refused",
            gain("headway_streams_refused_total"),
            "short",
            "Clients that got 429 in the chosen time, because all streams were taken. Add status replicas.",
            steps=ANY_IS_BAD,
            decimals=0,
        ),
        stat(
            "Update p99",
            quantile(0.99, PROPAGATION, where='transport="stream"'),
            "s",
            "How long an update takes from the worker's write to the watcher, in 99 of 100 cases.",
            steps=high_is_bad(1, 2),
            empty_when_healthy="nobody watches a job that moves",
        ),
    )


def _requests(service: str) -> Row:
    where, name = _job(service), service.capitalize()
    quiet = f"nobody asked {service} for anything"
    return row(
        f"Requests to {service}",
        stack(
            f"{name}: requests, by route",
            {"{{method}} {{route}}": rate(REQUESTS, "method, route", where)},
            "reqps",
            f"What clients ask of {service}. The route is the template, so all jobs are one.",
            width=6,
            empty_when_healthy=quiet,
        ),
        stack(
            f"{name}: answers, by status",
            {"{{status}}": rate(REQUESTS, "status", where)},
            "reqps",
            "2xx and 304 are well; 4xx are the client's doing; 429 and 503 ask it to come again; 500 is a fault of"
            " ours.",
            width=6,
            empty_when_healthy=quiet,
        ),
        lines(
            f"{name}: duration",
            quantiles(DURATION, where),
            "s",
            "Time to answer; of a stream, until its head is sent. When all rise together, look at the store below.",
            width=6,
            empty_when_healthy=quiet,
        ),
        lines(
            f"{name}: duration p95, by route",
            {"{{method}} {{route}}": quantile(0.95, DURATION, "method, route", where)},
            "s",
            "Which route is slow. A long poll is slow on purpose.",
            width=6,
            empty_when_healthy=quiet,
        ),
    )


def _submissions() -> Row:
    return row(
        "Submissions",
        stack(
            "Submissions, by outcome",
            {"{{outcome}}": rate("headway_submissions_total", "outcome")},
            "reqps",
            "Invalid ones are a client's mistake; refused means that Redis is full; failed means that it did not"
            " answer.",
            width=12,
            empty_when_healthy="nobody has asked for a job yet",
        ),
        stack(
            "Submissions, by task",
            {"{{task}}": rate("headway_submissions_total", "task")},
            "reqps",
            "What clients ask for, whatever became of it.",
            width=6,
            empty_when_healthy="nobody has asked for a job yet",
        ),
        lines(
            "Size of arguments",
            quantiles("headway_submission_bytes"),
            "bytes",
            "Arguments of accepted jobs. They lie in Redis as long as their job: large ones belong elsewhere.",
            width=6,
            empty_when_healthy="no job was accepted in the last minute",
        ),
    )


def _budget() -> Row:
    return row(
        "Error budget",
        *(
            lines(
                f"Burn rate of {service}",
                {window: _burn(service, window) for window in WINDOWS},
                "short",
                "How many times faster than allowed requests fail (99.9 % shall not be answered 5xx). At 1 the"
                " budget of thirty days lasts thirty days. Alerts fire when a long and a short window agree: 14.4"
                " wakes somebody at once, 6 within a quarter of an hour.",
                width=8,
                steps=BURN,
                empty_when_healthy=f"nobody asked {service} for anything",
            )
            for service in ("submit", "status")
        ),
        *(
            stat(
                f"Budget left, {service}",
                f"1 - {_burn(service, '3d')}",
                "percentunit",
                "Of the errors that three days may have, what is left. Below 0: take no risks with releases.",
                steps=low_is_bad(0, 0.25),
                width=4,
                height=8,
                below_zero=True,
                decimals=0,
                empty_when_healthy=f"nobody asked {service} for anything",
            )
            for service in ("submit", "status")
        ),
    )
