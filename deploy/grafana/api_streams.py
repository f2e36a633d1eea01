"""Of the API's dashboard: the streams, how live they are, and what it all stands on."""

from __future__ import annotations

from figures import QUANTILES, heat, largest, quantile, quantiles, rate, total
from panels import ANY_IS_BAD, NONE_IS_BAD, Row, heatmap, high_is_bad, lines, row, stack

PROPAGATION = "headway_propagation_seconds"
SERVICES = 'job=~"submit|status"'


def streams() -> Row:
    return row(
        "Streams",
        lines(
            "Open, and how many may be",
            {"open": total("headway_streams_open"), "limit": total("headway_streams_limit")},
            "short",
            "Near the limit clients get 429: add status replicas, or raise HEADWAY_MAX_STREAMS.",
        ),
        stack(
            "Opened, by resumed",
            {"{{resumed}}": rate("headway_streams_opened_total", "resumed")},
            "ops",
            "“yes” are clients that come again. A wave of them is a status replica that went; all the time, a"
            " proxy that cuts streams.",
        ),
        stack(
            "Closed, by reason",
            {"{{reason}}": rate("headway_streams_closed_total", "reason")},
            "ops",
            "Finished and client are as it should be, stopping belongs to upgrades, error to the logs.",
        ),
        stack(
            "Resumes, by outcome",
            {"{{outcome}}": rate("headway_stream_resumes_total", "outcome")},
            "ops",
            "Restarted ones got a snapshot, since their event id was of another stream. Nothing is lost by it.",
            width=6,
        ),
        lines(
            "Refused",
            {"refused": rate("headway_streams_refused_total")},
            "reqps",
            "Requests above the limit, answered 429. Add status replicas.",
            steps=ANY_IS_BAD,
            width=6,
        ),
        stack(
            "Events sent, by type",
            {"{{type}}": rate("headway_stream_events_total", "type")},
            "ops",
            "What the streams carry. This is most of what status does.",
            width=6,
        ),
        lines(
            "Versions skipped",
            {"skipped": rate("headway_stream_versions_skipped_total")},
            "ops",
            "Versions of a job that were folded into the next one. Many of them: updates come faster than they can"
            " be sent.",
            width=6,
        ),
    )


def propagation() -> Row:
    by_transport = {
        f"{transport} {name}": quantile(share, PROPAGATION, where=f'transport="{transport}"')
        for transport in ("stream", "poll")
        for name, share in QUANTILES.items()
    }
    return row(
        "How live it is",
        lines(
            "From the worker to the watcher",
            by_transport,
            "s",
            "From the worker's write to the watcher, by Redis's clock. Above some tenths bars stutter: status has too"
            " little CPU, or Redis is slow.",
            steps=high_is_bad(1, 2),
            empty_when_healthy="nobody watches a job that moves",
        ),
        heatmap(
            "From the worker to the watcher: all updates",
            heat(PROPAGATION),
            "s",
            "How many updates took how long. A second band above the first is one replica that cannot keep up.",
            width=8,
            empty_when_healthy="nobody watches a job that moves",
        ),
        lines(
            "First event",
            quantiles("headway_stream_first_event_seconds"),
            "s",
            "From the request for a stream to its first event: how long a new watcher sees nothing.",
            empty_when_healthy="no stream was opened in the last minute",
        ),
    )


def ground() -> Row:
    return row(
        "What it stands on",
        lines(
            "Store p95, by operation",
            {"{{operation}}": quantile(0.95, "headway_store_duration_seconds", "operation", SERVICES)},
            "s",
            "How long Redis took for each question or move, as submit and status see it. Moves wait for the disk.",
            empty_when_healthy="nobody asked for anything",
        ),
        stack(
            "Store errors, by operation",
            {"{{operation}}": rate("headway_store_errors_total", "operation", SERVICES)},
            "ops",
            "Questions that Redis did not answer. Any of these is an outage to somebody: see the dashboard of Redis.",
            empty_when_healthy="Redis has answered every question",
        ),
        lines(
            "Reaches Redis",
            {"{{job}} {{instance}}": largest("headway_store_up", "job, instance", SERVICES)},
            "short",
            "1 for each replica that got its last answer. One at 0 is that replica's network; all at 0 is Redis.",
            steps=NONE_IS_BAD,
        ),
        stack(
            "Connections of nginx, by state",
            {"{{state}}": total("headway_frontend_connections", "state", 'state!="active"')},
            "short",
            "Writing are answers and streams, waiting are idle. A pod takes 8,192.",
            width=6,
            empty_when_healthy="the frontend is not asked for its figures here",
        ),
        lines(
            "Connections taken by nginx",
            {"taken": rate("headway_frontend_accepted_total")},
            "ops",
            "New connections a second. Many more than requests: clients do not keep theirs.",
            width=6,
            empty_when_healthy="the frontend is not asked for its figures here",
        ),
        lines(
            "CPU, by replica",
            {"{{job}} {{instance}}": rate("process_cpu_seconds_total", "job, instance", SERVICES)},
            "percentunit",
            "A replica is one process and uses one core at most. Near 80 %: add replicas.",
            steps=high_is_bad(0.8, 0.95),
            width=6,
        ),
        lines(
            "Memory, by replica",
            {"{{job}} {{instance}}": largest("process_resident_memory_bytes", "job, instance", SERVICES)},
            "bytes",
            "It grows with open streams and falls with them. One that climbs for days leaks.",
            width=6,
        ),
    )
