"""What the dashboards ask Prometheus: it can be parsed, names what exists, and counts nothing twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import promql_parser as promql
import pytest

from all_dashboards import all_dashboards, queries
from labels import LABELS, OF_ALL_JOBS

ROOT = Path(__file__).resolve().parents[2]

Around = tuple[tuple[str, tuple[str, ...]], ...]
"""From the inside: `("rate", ())`, `("max", ("namespace", "queue"))`."""


@dataclass(frozen=True)
class Use:
    """One metric in a question, and the calls and aggregations around it."""

    name: str
    matched: frozenset[str]
    around: Around

    @property
    def calls(self) -> list[str]:
        return [name for name, _ in self.around]

    @property
    def kept(self) -> set[str]:
        """Every label that something around it keeps or sums by."""
        return {label for _, labels in self.around for label in labels}


def uses(question: str) -> list[Use]:
    return list(_uses(promql.parse(question), ()))


def _uses(expression: promql.Expr, around: Around) -> Iterator[Use]:
    match expression:
        case promql.VectorSelector():
            matched = frozenset(each.name for each in expression.matchers.matchers)
            yield Use(expression.name, matched, around)
        case promql.MatrixSelector():
            yield from _uses(expression.vector_selector, around)
        case promql.Call():
            for argument in expression.args:
                yield from _uses(argument, ((expression.func.name, ()), *around))
        case promql.AggregateExpr():
            kept = tuple(expression.modifier.labels) if expression.modifier else ()
            yield from _uses(expression.expr, ((str(expression.op), kept), *around))
        case promql.BinaryExpr():
            yield from _uses(expression.lhs, around)
            yield from _uses(expression.rhs, around)
        case promql.ParenExpr() | promql.UnaryExpr():
            yield from _uses(expression.expr, around)


PROMETHEUS_OWN = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"}
RECORDED = re.compile(r"headway:slo_errors:ratio_rate(5m|30m|1h|6h|3d)")
FROM_PROMETHEUS = {"namespace", "job", "instance"}
"""Labels that every series gets when it is collected."""
WINDOWS = {"$__rate_interval", "$__range", "15m"}
"""The last one is for what happens a few times an hour, and its panels say so."""
RATES = {"rate", "increase"}
QUESTIONS = list(queries())


def documented() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Of every metric in the reference its type and labels."""
    text = (ROOT / "docs/reference/metrics.md").read_text()
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \| ([^|]*)\|", text, re.M)
    return {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def of_all_jobs() -> set[str]:
    section = (ROOT / "docs/reference/metrics.md").read_text().split("## Of all jobs together\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([a-z_]+)`", section, re.M))


def family(use: Use) -> str:
    """The metric's name in the reference; a histogram's series have a suffix."""
    return use.name.removesuffix("_bucket")


@pytest.fixture(params=QUESTIONS, ids=[f"{each.name}: {panel.title}" for each, panel, _, _ in QUESTIONS])
def question(request: pytest.FixtureRequest) -> str:
    """Each question of each panel, as Prometheus gets it."""
    return str(request.param[2])


def test_a_question_leaves_nothing_open_and_can_be_parsed(question: str) -> None:
    found = uses(question)

    assert "$" not in question
    assert found


def test_a_question_names_only_metrics_and_labels_of_the_reference(question: str) -> None:
    known = documented()

    for use in uses(question):
        if use.name in PROMETHEUS_OWN or RECORDED.fullmatch(use.name):
            labels: set[str] = set()
        else:
            kind, own = known[family(use)]
            labels = set(own) | ({"le"} if kind == "histogram" else set())
        assert use.matched | use.kept <= labels | FROM_PROMETHEUS, use
        assert "namespace" in use.matched, use


def test_a_rate_is_taken_of_counters_and_of_nothing_else(question: str) -> None:
    for use in uses(question):
        is_counter = use.name.endswith(("_total", "_bucket"))
        assert bool(RATES & set(use.calls)) is is_counter, use


def test_a_figure_of_all_jobs_is_taken_once_before_it_is_summed(question: str) -> None:
    known, together = documented(), of_all_jobs()

    for use in uses(question):
        around = [each for each in use.around if each[0] not in RATES]
        if use.name in together:
            assert around[0] == ("max", ("namespace", *known[use.name][1])), use
        elif not use.name.startswith("headway:") and "sum" in use.calls:
            assert around[0][0] == "sum", use


def test_the_labels_in_the_code_are_those_of_the_reference() -> None:
    known = {name: labels for name, (_, labels) in documented().items()}

    ours = {name: labels for name, labels in LABELS.items() if name.startswith(("headway_", "http_"))}

    assert ours == known
    assert set(OF_ALL_JOBS) == of_all_jobs()


def test_rates_are_taken_over_a_window_that_fits_the_scrapes() -> None:
    written = [query.expression for each in all_dashboards() for panel in each.panels for query in panel.queries]

    windows = {window for expression in written for window in re.findall(r"\[(.+?)\]", expression)}

    assert windows == WINDOWS


def test_a_fixed_window_is_told_in_the_description() -> None:
    for dashboard in all_dashboards():
        for panel in dashboard.panels:
            if any("[15m]" in query.expression for query in panel.queries):
                assert "15 minutes" in panel.description, panel.title


def test_a_question_for_one_figure_has_one_answer() -> None:
    for _, panel, expression, _ in QUESTIONS:
        if panel.kind == "stat":
            assert re.match(r"(1 - |60 \* |time\(\) - |\()*(sum|max|min|histogram_quantile) ?\(", expression), (
                expression
            )
