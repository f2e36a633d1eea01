"""Logs: one event, one line, whoever wrote it."""

from __future__ import annotations

import logging
from typing import Any

import structlog

from chassis.logs import get_logger


def test_an_event_is_one_line_of_json_with_its_fields(begin_logs: Any) -> None:
    log_lines = begin_logs()
    get_logger("a").info("job settled", job_id="1", seconds=1.5)

    [line] = log_lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "job settled", "job_id": "1", "seconds": 1.5, "level": "info", "service": "sample"}


def test_control_characters_cannot_begin_a_line_of_their_own(begin_logs: Any, capsys: Any) -> None:
    begin_logs()
    get_logger("a").info("odd\n{}", text="a\r\nb\x1b[31m\u2028\x00")

    raw = capsys.readouterr().err
    assert raw.count("\n") == 1
    assert not set(raw) & {"\r", "\x1b", "\x00"}


def test_people_read_control_characters_escaped_too(begin_logs: Any, capsys: Any) -> None:
    begin_logs("console")

    get_logger("a").info("job settled", text="a\nb\x1b[31m")
    logging.getLogger("library").warning("refused %s", "ä\nb\x1b[31m")

    raw = capsys.readouterr().err
    assert raw.count("\n") == 2
    assert "\x1b" not in raw
    assert "job settled" in raw
    assert "refused ä\\nb" in raw


def test_what_json_cannot_hold_is_written_as_python_shows_it(begin_logs: Any) -> None:
    log_lines = begin_logs()
    get_logger("a").info("odd", value={1, 2}, error=ValueError("no"))

    [line] = log_lines()
    assert (line["value"], line["error"]) == ("{1, 2}", "ValueError('no')")


def test_half_a_surrogate_pair_loses_no_event(begin_logs: Any) -> None:
    log_lines = begin_logs()
    get_logger("a").info("odd", value="\ud800", number=10**30)

    [line] = log_lines()
    assert line["number"] == 10**30


def test_records_of_libraries_look_the_same(begin_logs: Any) -> None:
    log_lines = begin_logs()
    logging.getLogger("library").warning("lost %s of %d", "one", 3)

    [line] = log_lines()
    assert (line["event"], line["level"], line["service"]) == ("lost one of 3", "warning", "sample")


def test_an_exception_stays_on_the_line_of_its_event(begin_logs: Any) -> None:
    log_lines = begin_logs()
    try:
        raise ValueError("ouch")
    except ValueError:
        get_logger("a").exception("request failed")

    [line] = log_lines()
    assert line["exception"].startswith("Traceback")
    assert "ouch" in line["exception"]


def test_what_is_bound_to_the_request_stands_on_every_line(begin_logs: Any) -> None:
    log_lines = begin_logs()
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        get_logger("a").info("one")
        logging.getLogger("library").warning("two")

    assert [line["request_id"] for line in log_lines()] == ["r-1", "r-1"]


def test_events_below_the_level_are_left_out(begin_logs: Any) -> None:
    log_lines = begin_logs("json", "warning")

    get_logger("a").info("quiet")
    get_logger("a").warning("loud")
    logging.getLogger("kombu").info("chatter")

    assert [line["event"] for line in log_lines()] == ["loud"]
