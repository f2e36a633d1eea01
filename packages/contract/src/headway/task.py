"""The `@task` decorator: what turns a plain function into something Headway can run.

A task stays callable as the function it is. What the outside needs to know of it
(name, arguments as JSON Schema, queue, limits) is read from its signature.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from typing import Any, Generic, ParamSpec, TypeVar, overload

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ArgsKwargs

from headway import progress
from headway.catalogue import TaskEntry
from headway.doorbell import QUEUE_NAME
from headway.problem import FieldError, Problem

P = ParamSpec("P")
R = TypeVar("R")
Prepared = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and keyword arguments, ready for the call."""

TASK_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
MAX_RETRIES_LIMIT = 100
DEFAULT_RETENTION_SECONDS = 24 * 3600


class TaskDefinitionError(Exception):
    """A task is declared in a way that cannot work; the text says what to change."""


class BoundTask:
    """The `self` of a task declared with `bind=True`: the seed's `self`, over Headway's progress."""

    @property
    def request(self) -> progress.Request:
        """`self.request.id` is the job's id; outside a worker it is empty."""
        return progress.request()

    def update_state(self, state: str = "PROGRESS", meta: dict[str, Any] | None = None) -> None:
        """Report progress as Celery spells it: `current`, `total` and `status` of the meta.

        Headway has Celery's states and no others, so a state of one's own is shown as PROGRESS.
        """
        known = meta or {}
        progress.report(known.get("current", 0), known.get("total"), known.get("status"))


class Task(Generic[P, R]):
    """A function with a name, a schema and limits."""

    def __init__(
        self,
        function: Callable[..., R],
        *,
        name: str | None = None,
        queue: str = "default",
        bind: bool = False,
        max_retries: int = 0,
        timeout_seconds: float | None = None,
        retention_seconds: int = DEFAULT_RETENTION_SECONDS,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.is_bound = bind
        self.name = name or function.__name__
        self._arguments = _arguments_of(function, self.name, is_bound=bind)
        self.entry = TaskEntry(
            name=self.name,
            description=_first_paragraph(function),
            schema=_schema_of(self._arguments, self.name),
            queue=queue,
            max_retries=max_retries,
            timeout_seconds=timeout_seconds,
            retention_seconds=retention_seconds,
        )
        _check_limits(self.entry)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        first = (BoundTask(),) if self.is_bound else ()
        return self.function(*first, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<task {self.name}>"

    def prepare(self, arguments: dict[str, Any]) -> Prepared:
        """Turn JSON arguments into what the signature asks for: defaults filled in, dates and models built.

        Raises `invalid-arguments`.
        """
        try:
            prepared: Prepared = self._arguments.validate_python(ArgsKwargs((), arguments))
        except ValidationError as error:
            wrong = [FieldError(_pointer(each["loc"]), each["msg"]) for each in error.errors(include_url=False)]
            detail = f"The arguments do not fit the task {self.name}: {wrong[0].pointer} {wrong[0].detail}."
            raise Problem("invalid-arguments", detail, errors=wrong) from error
        return prepared


@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(
    *,
    name: str | None = None,
    queue: str = "default",
    bind: bool = False,
    max_retries: int = 0,
    timeout_seconds: float | None = None,
    retention_seconds: int = DEFAULT_RETENTION_SECONDS,
) -> Callable[[Callable[..., R]], Task[..., R]]: ...
def task(function: Any = None, /, **options: Any) -> Any:
    """Declare a task.

    `name` defaults to the function's. `queue`: the line its jobs wait in. `max_retries`: how
    often a failed attempt is followed by another, with growing pauses. `timeout_seconds`: limit
    of one attempt. `retention_seconds`: how long a finished job can be read. `bind=True`: the
    function gets `self` with Celery's `update_state` and `request.id`, and returns a meta like
    the seed's. Raises `TaskDefinitionError` when the signature cannot be offered over JSON.
    """
    if function is None:
        return functools.partial(Task, **options)
    if not callable(function):
        raise TaskDefinitionError(f"@task({function!r}) has no function to decorate. Write @task(name={function!r}).")
    return Task(function, **options)


def load_tasks(modules: Iterable[str]) -> dict[str, Task[..., Any]]:
    """Import modules and collect their tasks by name.

    Raises `TaskDefinitionError`, once for all modules that cannot be imported, or for two tasks of one name.
    """
    found: dict[str, Task[..., Any]] = {}
    mistakes: list[str] = []
    for name in modules:
        try:
            _collect(name, found)
        except (Exception, SystemExit) as error:  # a module's own code may fail in any way
            mistakes.append(_mistake(name, error))
    if mistakes:
        raise TaskDefinitionError("; ".join(mistakes))
    return found


def _collect(name: str, found: dict[str, Task[..., Any]]) -> None:
    for value in vars(import_module(name)).values():
        if not isinstance(value, Task):
            continue
        if found.setdefault(value.name, value) is not value:
            raise TaskDefinitionError(f"Two tasks are named {value.name!r} (one in {name}); give one a name=….")


def _mistake(name: str, error: BaseException) -> str:
    """The words of an error at import, and the place in the module's own code if it got so far."""
    if isinstance(error, TaskDefinitionError):
        return str(error)
    places = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_file()]
    own = [frame for frame in places if frame.filename not in (__file__, import_module.__code__.co_filename)]
    place = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
    return f"{name} cannot be imported: {type(error).__name__}: {error}{place}"


def _arguments_of(function: Callable[..., Any], name: str, *, is_bound: bool) -> TypeAdapter[Any]:
    """An adapter that checks and converts arguments without calling the function."""
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TaskDefinitionError(
            f"Task {name!r}: calling an async function or a generator does not run it. Use a plain function."
        )
    parameters = list(inspect.signature(function).parameters.values())
    if is_bound:
        parameters = _without_self(parameters, name)
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TaskDefinitionError(
                f"Task {name!r}: {parameter} cannot be sent as JSON by name. Use plain or keyword-only parameters."
            )

    @functools.wraps(function)
    def collect(*args: Any, **kwargs: Any) -> Prepared:
        return args, kwargs

    collect.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    try:
        return TypeAdapter(collect)  # type: ignore[arg-type]
    except Exception as error:
        raise TaskDefinitionError(f"Task {name!r}: its annotations cannot be read: {error}") from error


def _without_self(parameters: list[inspect.Parameter], name: str) -> list[inspect.Parameter]:
    if not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
        raise TaskDefinitionError(f"Task {name!r}: bind=True hands it `self`. Add `self` as its first parameter.")
    return parameters[1:]


def _schema_of(arguments: TypeAdapter[Any], name: str) -> dict[str, Any]:
    try:
        schema = arguments.json_schema()
    except Exception as error:
        raise TaskDefinitionError(f"Task {name!r}: its arguments have no JSON Schema: {error}") from error
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _check_limits(entry: TaskEntry) -> None:
    checks = {
        f"its name must match {TASK_NAME.pattern}": TASK_NAME.fullmatch(entry.name),
        f"queue={entry.queue!r} must match {QUEUE_NAME.pattern}": QUEUE_NAME.fullmatch(entry.queue),
        f"max_retries must be 0 to {MAX_RETRIES_LIMIT}": 0 <= entry.max_retries <= MAX_RETRIES_LIMIT,
        "timeout_seconds must be more than 0": entry.timeout_seconds is None or entry.timeout_seconds > 0,
        "retention_seconds must be at least 1": entry.retention_seconds >= 1,
    }
    wrong = [rule for rule, holds in checks.items() if not holds]
    if wrong:
        raise TaskDefinitionError(f"Task {entry.name!r}: {'; '.join(wrong)}.")


def _first_paragraph(function: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())


def _pointer(location: Iterable[Any]) -> str:
    return "/args/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in location)
