"""`@task`: what is read from a function, what is refused, and how arguments reach it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from headway import Task, TaskDefinitionError, progress, task
from headway.catalogue import TaskEntry
from headway.problem import Problem
from headway.task import load_tasks
from headway.testing import record_progress


class Size(BaseModel):
    width: int
    height: int = 100


@dataclass
class Span:
    first: date
    last: date


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@task(queue="reports", max_retries=3, timeout_seconds=60, retention_seconds=120)
def build_report(month: str, pages: int = 10) -> dict[str, Any]:
    """Build the monthly
    report.

    Only the first paragraph is shown.
    """
    return {"month": month, "pages": pages}


@task
def convert(
    day: date,
    at: datetime | None = None,
    *,
    price: Decimal = Decimal("1.50"),
    size: Size | None = None,
    span: Span | None = None,
    colour: Colour = Colour.RED,
    names: tuple[str, ...] = (),
    count: Annotated[int, Field(ge=1, le=5, description="How many.")] = 1,
    mode: Literal["fast", "good"] = "fast",
) -> dict[str, Any]:
    return {"day": day, "at": at, "price": price, "size": size, "span": span, "colour": colour, "names": names}


# What is read from the function


def test_a_task_is_described_by_its_function_and_its_options() -> None:
    entry = build_report.entry

    assert (entry.name, entry.description) == ("build_report", "Build the monthly report.")
    assert (entry.queue, entry.max_retries, entry.timeout_seconds, entry.retention_seconds) == ("reports", 3, 60, 120)


def test_a_task_without_options_has_careful_defaults() -> None:
    entry = convert.entry

    assert (entry.queue, entry.max_retries, entry.timeout_seconds, entry.retention_seconds) == (
        "default",
        0,
        None,
        24 * 3600,
    )


def test_a_task_may_have_a_name_of_its_own() -> None:
    named = task(name="reports.build-2")(lambda: None)

    assert named.name == named.entry.name == "reports.build-2"


def test_a_task_keeps_the_name_and_the_words_of_its_function() -> None:
    assert build_report.__name__ == "build_report"
    assert "first paragraph" in (build_report.__doc__ or "")


def test_the_schema_says_which_arguments_there_are() -> None:
    schema = build_report.entry.schema

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"] == {
        "month": {"title": "Month", "type": "string"},
        "pages": {"default": 10, "title": "Pages", "type": "integer"},
    }
    assert (schema["required"], schema["additionalProperties"]) == (["month"], False)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("day", {"type": "string", "format": "date"}),
        ("at", {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}], "default": None}),
        ("count", {"type": "integer", "minimum": 1, "maximum": 5, "default": 1, "description": "How many."}),
        ("mode", {"enum": ["fast", "good"], "type": "string", "default": "fast"}),
        ("colour", {"$ref": "#/$defs/Colour", "default": "red"}),
        ("names", {"items": {"type": "string"}, "type": "array", "default": []}),
        ("price", {"default": "1.50"}),
    ],
)
def test_the_schema_says_what_each_argument_may_be(name: str, part: dict[str, Any]) -> None:
    found = convert.entry.schema["properties"][name]

    assert part.items() <= found.items()


def test_models_and_dataclasses_are_spelled_out_in_the_schema() -> None:
    definitions = convert.entry.schema["$defs"]

    assert definitions["Size"]["required"] == ["width"]
    assert definitions["Span"]["properties"]["first"]["format"] == "date"


def test_a_task_without_arguments_takes_none() -> None:
    schema = task(name="nothing")(lambda: None).entry.schema

    assert (schema["properties"], schema["additionalProperties"]) == ({}, False)


def test_an_entry_reads_back_as_it_was_announced() -> None:
    entry = convert.entry

    assert TaskEntry.from_json(entry.to_json()) == entry


# bind=True


@task(bind=True)
def long_task(self: Any, total: int = 3) -> dict[str, Any]:
    for i in range(total):
        self.update_state(state="PROGRESS", meta={"current": i, "total": total, "status": f"step {i}"})
    return {"current": 100, "total": 100, "status": "Task completed!", "result": self.request.id}


def test_self_is_no_argument_of_a_bound_task() -> None:
    assert list(long_task.entry.schema["properties"]) == ["total"]


def test_a_bound_task_reports_as_celery_spells_it() -> None:
    with record_progress() as recording:
        long_task(2)

    assert recording.reports == [(0, 2, "step 0"), (1, 2, "step 1")]


def test_a_bound_task_knows_the_id_of_its_job() -> None:
    with record_progress():
        inside = long_task()["result"]

    outside = long_task()["result"]

    assert (inside, outside) == ("recorded", "")


def test_a_state_without_a_meta_is_progress_from_nothing() -> None:
    @task(bind=True)
    def booting(self: Any) -> None:
        self.update_state("BOOTING")

    with record_progress() as recording:
        booting()

    assert recording.reports == [(0, None, None)]


# Outside a worker


def test_a_task_is_called_as_the_function_it_is() -> None:
    assert build_report("May", pages=2) == {"month": "May", "pages": 2}


def test_a_bound_task_is_called_without_self() -> None:
    assert long_task(total=1)["status"] == "Task completed!"


def test_a_task_that_reports_needs_no_worker() -> None:
    @task
    def count(n: int) -> int:
        return sum(progress.track(range(n), "Counting"))

    assert count(4) == 6


# Bad declarations


def with_any_number(*names: str) -> None: ...
def with_any_name(**values: int) -> None: ...
def with_position_only(first: int, /) -> None: ...
def with_unknown_type(first: Unheard) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def with_unfit_type(first: Task[..., Any]) -> None: ...
def with_function(first: Callable[[], None]) -> None: ...
def without_anything() -> None: ...
def with_keywords_only(*, first: int) -> None: ...
async def asynchronous() -> None: ...


def generating() -> Any:
    yield 1


@pytest.mark.parametrize(
    ("function", "options", "advice"),
    [
        (with_any_number, {}, r"'with_any_number': \*names: .*Use plain or keyword-only parameters"),
        (with_any_name, {}, r"\*\*values: .*Use plain or keyword-only parameters"),
        (with_position_only, {}, "first: .*Use plain or keyword-only parameters"),
        (with_unknown_type, {}, "annotations cannot be read: .*Unheard"),
        (with_unfit_type, {}, "annotations cannot be read"),
        (with_function, {}, "no JSON Schema"),
        (without_anything, {"bind": True}, "bind=True.*first parameter"),
        (with_keywords_only, {"bind": True}, "bind=True.*first parameter"),
        (asynchronous, {}, "async.*plain function"),
        (generating, {}, "generator.*plain function"),
        (without_anything, {"name": "two words"}, "its name must match"),
        (without_anything, {"name": "x" * 101}, "its name must match"),
        (lambda: None, {}, "its name must match"),
        (without_anything, {"queue": "Reports"}, "queue='Reports' must match"),
        (without_anything, {"queue": "a@1"}, "queue='a@1' must match"),
        (without_anything, {"queue": ""}, "queue='' must match"),
        (without_anything, {"max_retries": -1}, "max_retries must be 0 to 100"),
        (without_anything, {"max_retries": 101}, "max_retries must be 0 to 100"),
        (without_anything, {"timeout_seconds": 0}, "timeout_seconds must be more than 0"),
        (without_anything, {"retention_seconds": 0}, "retention_seconds must be at least 1"),
    ],
)
def test_a_bad_declaration_says_what_to_change(function: Any, options: dict[str, Any], advice: str) -> None:
    with pytest.raises(TaskDefinitionError, match=advice):
        task(**options)(function)


def test_all_wrong_limits_are_told_at_once() -> None:
    with pytest.raises(TaskDefinitionError, match=r"queue=.*max_retries.*timeout_seconds"):
        task(queue="A", max_retries=-1, timeout_seconds=-1)(without_anything)


def test_a_name_in_the_place_of_the_function_is_a_bad_declaration() -> None:
    with pytest.raises(TaskDefinitionError, match="name='reports'"):
        task("reports")  # type: ignore[call-overload]


# Arguments


def test_missing_arguments_are_filled_with_the_defaults() -> None:
    arguments, named = build_report.prepare({"month": "May"})

    assert build_report(*arguments, **named) == {"month": "May", "pages": 10}


def test_json_becomes_what_the_signature_asks_for() -> None:
    arguments, named = convert.prepare(
        {
            "day": "2026-05-06",
            "at": "2026-05-06T07:08:09Z",
            "price": "2.10",
            "size": {"width": 3},
            "span": {"first": "2026-01-01", "last": "2026-01-02"},
            "colour": "blue",
            "names": ["a", "b"],
        }
    )

    built = convert(*arguments, **named)
    assert built.pop("at").isoformat() == "2026-05-06T07:08:09+00:00"
    assert built == {
        "day": date(2026, 5, 6),
        "price": Decimal("2.10"),
        "size": Size(width=3, height=100),
        "span": Span(date(2026, 1, 1), date(2026, 1, 2)),
        "colour": Colour.BLUE,
        "names": ("a", "b"),
    }


def test_the_arguments_of_a_bound_task_leave_self_out() -> None:
    arguments, named = long_task.prepare({"total": 1})

    assert long_task(*arguments, **named)["current"] == 100


@pytest.mark.parametrize(
    ("arguments", "pointers"),
    [
        ({}, ["/args/day"]),
        ({"day": "yesterday"}, ["/args/day"]),
        ({"day": "2026-05-06", "colour": "green"}, ["/args/colour"]),
        ({"day": "2026-05-06", "size": {}}, ["/args/size/width"]),
        ({"day": "2026-05-06", "names": ["a", 3]}, ["/args/names/1"]),
        ({"day": "2026-05-06", "count": 6}, ["/args/count"]),
        ({"day": "2026-05-06", "a/b~c": 1}, ["/args/a~1b~0c"]),
        ({"day": 7.5, "mode": "slow"}, ["/args/day", "/args/mode"]),
    ],
)
def test_wrong_arguments_are_pointed_at(arguments: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(Problem) as raised:
        convert.prepare(arguments)

    assert raised.value.slug == "invalid-arguments"
    assert [error.pointer for error in raised.value.errors] == pointers
    assert f"the task convert: {pointers[0]}" in raised.value.detail


def test_arguments_are_checked_without_running_the_task() -> None:
    ran = []

    @task
    def noisy(n: int) -> None:
        ran.append(n)

    noisy.prepare({"n": 1})

    assert ran == []


# Loading


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Write a module of tasks that can be imported during one test."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, text: str) -> str:
        (tmp_path / f"{name}.py").write_text("from headway import task\n" + text)
        return name

    return write


def test_the_tasks_of_modules_are_found_by_their_names(write_module: Callable[[str, str], str]) -> None:
    one = write_module("headway_tasks_one", "@task\ndef count(): ...\n@task(name='b.resize')\ndef resize(): ...\n")
    two = write_module("headway_tasks_two", "def plain(): ...\n@task\ndef render(): ...\n")

    found = load_tasks([one, two])

    assert sorted(found) == ["b.resize", "count", "render"]


def test_two_tasks_of_one_name_are_refused(write_module: Callable[[str, str], str]) -> None:
    one = write_module("headway_tasks_three", "@task\ndef count(): ...\n")
    two = write_module("headway_tasks_four", "@task\ndef count(): ...\n")

    with pytest.raises(TaskDefinitionError, match=r"Two tasks are named 'count'.*headway_tasks_four.*name="):
        load_tasks([one, two])


def test_a_task_that_is_imported_elsewhere_is_still_one_task(write_module: Callable[[str, str], str]) -> None:
    one = write_module("headway_tasks_five", "@task\ndef count(): ...\n")
    two = write_module("headway_tasks_six", f"from {one} import count\n")

    found = load_tasks([one, two])

    assert list(found) == ["count"]


def test_every_module_that_cannot_be_imported_is_named(write_module: Callable[[str, str], str]) -> None:
    write_module("headway_tasks_seven", "@task\ndef count(:\n")
    write_module("headway_tasks_eight", "@task\ndef count(): ...\nundefined\n")
    write_module("headway_tasks_nine", "raise SystemExit(4)\n")
    names = ["headway_tasks_seven", "headway_tasks_eight", "headway_tasks_nine", ".relative", "headway_tasks_nowhere"]

    with pytest.raises(TaskDefinitionError) as caught:
        load_tasks(names)

    mistakes = str(caught.value).split("; ")
    assert [mistake.split(" cannot be imported: ")[0] for mistake in mistakes] == names
    assert "SyntaxError: invalid syntax (headway_tasks_seven.py, line 3)" in mistakes[0]
    assert re.search(r"name 'undefined' is not defined \(\S+headway_tasks_eight.py, line 4\)", mistakes[1])
    assert "SystemExit: 4" in mistakes[2]
    assert "No module named 'headway_tasks_nowhere'" in mistakes[4]
