"""The rules do what their unit tests say, name only metrics that exist, and every alert tells a person what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
HEADINGS = ["Meaning", "Impact", "Look", "Do"]
DASHBOARDS = {"headway-jobs", "headway-workers", "headway-api", "headway-redis"}
SEVERITIES = {"page", "ticket", "none"}
PROMTOOL_SECONDS = 120
# Those that Prometheus itself gives.
OWN_LABELS = {"namespace", "job", "instance", "pod", "alertname"}


@cache
def rules() -> tuple[dict[str, Any], ...]:
    files = [yaml.safe_load((PROMETHEUS / "rules" / f"{name}.yml").read_text()) for name in ("recording", "alerts")]
    return tuple(rule for file in files for group in file["groups"] for rule in group["rules"])


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def names_of_alerts() -> list[str]:
    return sorted({rule["alert"] for rule in alerts()})


def promtool(*words: str | Path) -> str:
    """What it says; the test fails when it is not content."""
    places = f"{os.environ['PATH']}:{ROOT / '.tools/prometheus/usr/bin'}"
    program = shutil.which("promtool", path=places)
    assert program, "The tests of the rules need promtool. Run `make prometheus`, or install Prometheus 2.42 or newer."
    ended = subprocess.run([program, *words], capture_output=True, text=True, timeout=PROMTOOL_SECONDS, cwd=ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@cache
def documented() -> dict[str, set[str]]:
    """Every metric in the reference with its labels."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", (ROOT / "docs/reference/metrics.md").read_text(), re.M)
    found: dict[str, set[str]] = {}
    for name, kind, labels in rows:
        found[name] = set(re.findall(r"`(\w+)`", labels))
        if kind == "histogram":
            found |= {f"{name}_bucket": found[name] | {"le"}, f"{name}_count": found[name], f"{name}_sum": found[name]}
    return found


@cache
def cluster_figures() -> frozenset[str]:
    text = (ROOT / "docs/reference/metrics.md").read_text()
    section = text.split("## Of all jobs together\n")[1].split("\n## ")[0]
    return frozenset(re.findall(r"^\| `(headway_\w+)`", section, re.M))


def bare(expression: str) -> str:
    """Without comments and texts in quotes."""
    return re.sub(r'"[^"]*"', '""', re.sub(r"#.*", "", expression))


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"(?<![\w:])(?:headway|http)_\w+(?![\w:(])", bare(expression)))


def labels_in(expression: str) -> set[str]:
    """Those in selectors, and those that are grouped or matched by."""
    text = bare(expression)
    lists = re.findall(r"\b(?:by|on|without|ignoring|group_left)\s*\(([^)]*)\)", text)
    return {word for each in lists for word in re.findall(r"\w+", each)} | set(
        re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*""', text)
    )


def labels_of_records() -> set[str]:
    return {name for rule in rules() if "record" in rule for name in labels_in(rule["expr"])}


def test_prometheus_takes_the_rules() -> None:
    said = promtool("check", "rules", *sorted((PROMETHEUS / "rules").glob("*.yml")))

    assert said.count("SUCCESS") == 2


@pytest.mark.parametrize("name", sorted(path.name for path in (PROMETHEUS / "tests").glob("*.yml")))
def test_the_rules_do_what_their_unit_tests_say(name: str) -> None:
    assert "SUCCESS" in promtool("test", "rules", PROMETHEUS / "tests" / name)


@pytest.mark.parametrize("name", names_of_alerts())
def test_every_alert_has_a_unit_test_that_it_fires_and_one_that_it_ends(name: str) -> None:
    texts = [path.read_text() for path in (PROMETHEUS / "tests").glob("*.yml")]
    checks = [check for text in texts for test in yaml.safe_load(text)["tests"]
              for check in test.get("promql_expr_test", []) if asks_for(name, check["expr"])]  # fmt: skip

    fires = [check for check in checks if check["exp_samples"]]
    ends = [check for check in checks if not check["exp_samples"]]

    assert fires
    assert ends or name == "HeadwayWatchdog"


def asks_for(alert: str, expression: str) -> bool:
    """Does a check look at this alert? Some look at two by a pattern."""
    asked = re.search(r'alertname(=~?)"([^"]+)"', expression)
    return bool(asked and (re.fullmatch(asked[2], alert) if asked[1] == "=~" else asked[2] == alert))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_names_only_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    names = metrics_in(rule["expr"])
    known = set().union(*(documented().get(name, set()) for name in names)) | OWN_LABELS

    assert names <= set(documented())
    assert labels_in(rule["expr"]) <= (known if names else known | labels_of_records())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_names_only_records_that_exist(rule: dict[str, Any]) -> None:
    records = {each["record"] for each in rules() if "record" in each}

    assert set(re.findall(r"\b[a-z]+:\w+:\w+", bare(rule["expr"]))) <= records


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_figures_of_all_jobs_pass_through_max_before_anything_adds_them(rule: dict[str, Any]) -> None:
    """Each status replica tells the same figure; a sum of them would grow with the replicas."""
    for name in metrics_in(rule["expr"]) & cluster_figures():
        for around in calls_around(name, bare(rule["expr"])):
            adding = [place for place, call in enumerate(around) if call in ("sum", "count", "avg", "topk")]
            if adding:
                assert "max" in around[adding[0] :], f"{name} is added up without a max by (…) inside"


def calls_around(name: str, expression: str) -> list[list[str]]:
    """For each time that a name stands in an expression: the functions around it, from the outside in."""
    found, open_calls = [], [""]
    tokens = re.findall(r"\w[\w:]*\s*(?:(?:by|without)\s*\([^)]*\)\s*)?\(|\w[\w:]*|[()]", expression)
    for token in tokens:
        if token.endswith("("):
            open_calls.append(re.match(r"\w*", token)[0])  # type: ignore[index]
        elif token == ")":
            open_calls.pop()
        elif token == name:
            found.append(list(open_calls))
    return found


def test_a_sum_without_a_max_is_found() -> None:
    wrong = {"record": "x", "expr": "sum by (namespace) (rate(headway_jobs_finished_total[5m]))"}

    with pytest.raises(AssertionError, match="without a max"):
        test_figures_of_all_jobs_pass_through_max_before_anything_adds_them(wrong)


def test_every_record_keeps_the_namespace() -> None:
    for rule in rules():
        if "record" in rule:
            groupings = re.findall(r"\bby\s*\(([^)]*)\)", rule["expr"])
            assert all("namespace" in each for each in groupings), rule["record"]


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_urgent_it_is_what_happened_and_where_to_look(rule: dict[str, Any]) -> None:
    annotations = rule["annotations"]
    dashboard = re.match(r"/d/([\w-]+)", annotations["dashboard"])

    assert rule["alert"].startswith("Headway")
    assert rule["labels"]["severity"] in SEVERITIES
    assert set(annotations) == {"summary", "description", "runbook_url", "dashboard"}
    assert dashboard
    assert dashboard[1] in DASHBOARDS
    assert annotations["runbook_url"].endswith(f"/docs/runbooks/{rule['alert']}.md")
    assert "$" in annotations["description"] or rule["alert"] == "HeadwayWatchdog"


def test_all_runbooks_are_at_one_address_so_that_one_command_moves_them() -> None:
    bases = {rule["annotations"]["runbook_url"].rpartition("/")[0] for rule in alerts()}

    assert len(bases) == 1


# Runbooks


def runbooks() -> list[str]:
    return sorted(path.stem for path in RUNBOOKS.glob("*.md") if path.stem != "README")


def queries_of(name: str) -> list[str]:
    return re.findall(r"^```promql\n(.*?)^```", (RUNBOOKS / f"{name}.md").read_text(), re.M | re.S)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert runbooks() == names_of_alerts()


def test_the_index_of_the_runbooks_says_how_urgent_each_is() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \| (.*?) \|", (RUNBOOKS / "README.md").read_text(), re.M)
    urgencies = {
        name: {rule["labels"]["severity"] for rule in alerts() if rule["alert"] == name} for name in runbooks()
    }

    assert all(name == file for name, file, _ in rows)
    assert {name: set(cell.split(", ")) for name, _, cell in rows} == urgencies


@pytest.mark.parametrize("name", runbooks())
def test_a_runbook_says_what_it_means_whom_it_hurts_where_to_look_and_what_to_do(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()

    assert re.findall(r"^## (.+)$", text, re.M) == HEADINGS
    assert text.startswith(f"# {name}\n")
    assert queries_of(name)
    assert "docker compose " in text
    assert "kubectl " in text


@pytest.mark.parametrize("name", runbooks())
def test_the_queries_of_a_runbook_can_be_asked(name: str, tmp_path: Path) -> None:
    asked = [{"record": f"asked:{number}", "expr": query} for number, query in enumerate(queries_of(name))]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": asked}]}))

    said = promtool("check", "rules", file)

    assert f"{len(asked)} rules found" in said
    for rule in asked:
        test_a_rule_names_only_metrics_and_labels_that_exist(rule)
        test_a_rule_names_only_records_that_exist(rule)
        test_figures_of_all_jobs_pass_through_max_before_anything_adds_them(rule)
