"""The dashboards are what the code makes, and each panel is fit to be read in the night."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from all_dashboards import all_dashboards, queries
from layout import COLUMNS
from make_dashboards import texts
from palette import LABELLED, SPELLED

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "deploy/grafana/dashboards"
NAMES = ("jobs", "workers", "api", "redis")
UIDS = {f"headway-{name}" for name in NAMES}
BUILT_IN = {"__rate_interval", "__range", "__field", "__value", "__url_time_range", "__all"}
ENOUGH_WORDS = 6

Json = dict[str, Any]


@pytest.fixture(params=NAMES)
def dashboard(request: pytest.FixtureRequest) -> Json:
    """Each dashboard as Grafana gets it."""
    return dict(json.loads((FOLDER / f"{request.param}.json").read_text()))


def panels(dashboard: Json) -> list[Json]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def values_of(key: str, part: Any) -> list[Any]:
    """Whatever stands under this key, however deep."""
    if isinstance(part, list):
        return [found for each in part for found in values_of(key, each)]
    if isinstance(part, dict):
        here = [part[key]] if key in part else []
        return here + [found for each in part.values() for found in values_of(key, each)]
    return []


def test_the_files_are_what_the_code_makes() -> None:
    committed = {path.name: path.read_text() for path in FOLDER.iterdir()}

    assert committed == texts(), "run `make dashboards`"


def test_nobody_changes_a_dashboard_in_grafana(dashboard: Json) -> None:
    assert dashboard["editable"] is False
    assert dashboard["uid"] in UIDS


def test_every_panel_says_what_it_shows_what_to_do_and_in_which_unit(dashboard: Json) -> None:
    for panel in panels(dashboard):
        assert panel["title"]
        assert len(panel["description"].split()) >= ENOUGH_WORDS, panel["title"]
        assert panel["description"].endswith((".", "?")), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_every_series_has_a_name(dashboard: Json) -> None:
    for panel in panels(dashboard):
        assert all(target["legendFormat"] for target in panel["targets"]), panel["title"]


def test_axes_begin_at_zero_unless_below_means_something(dashboard: Json) -> None:
    for panel in panels(dashboard):
        if panel["type"] == "timeseries" and panel["title"] != "Coming minus going":
            assert panel["fieldConfig"]["defaults"]["min"] == 0, panel["title"]


def test_everything_is_asked_of_the_prometheus_that_is_chosen(dashboard: Json) -> None:
    sources = [*values_of("datasource", dashboard["panels"]), *values_of("datasource", dashboard["annotations"])]

    assert sources
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)


def test_every_variable_in_use_can_be_chosen(dashboard: Json) -> None:
    chosen = {variable["name"] for variable in dashboard["templating"]["list"]}

    used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard)))

    assert used - BUILT_IN == chosen


def test_all_values_are_chosen_at_first(dashboard: Json) -> None:
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            assert (variable["includeAll"], variable["allValue"], variable["multi"]) == (True, ".*", True)
            assert variable["current"]["value"] == ["$__all"]


def test_links_lead_to_the_other_dashboards_and_keep_what_is_chosen(dashboard: Json) -> None:
    urls = values_of("url", dashboard)

    assert {link["url"] for link in dashboard["links"]} == {f"/d/{uid}" for uid in UIDS - {dashboard["uid"]}}
    assert all(link["keepTime"] and link["includeVars"] for link in dashboard["links"])
    assert {re.match(r"/d/([a-z-]+)", url)[1] for url in urls} <= UIDS  # type: ignore[index]


def test_a_task_leads_to_its_workers() -> None:
    (jobs,) = (json.loads(text) for name, text in texts().items() if name == "jobs.json")

    links = [link for links in values_of("links", jobs["panels"]) for link in links]

    assert links
    assert all(link["url"].startswith("/d/headway-workers?var-task=${__") for link in links)


def test_ids_are_given_once(dashboard: Json) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]

    assert len(ids) == len(set(ids))
    for panel in panels(dashboard):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters))


def test_panels_stand_side_by_side(dashboard: Json) -> None:
    boxes = [panel["gridPos"] for panel in dashboard["panels"]]

    assert all(box["x"] + box["w"] <= COLUMNS for box in boxes)
    for one, other in itertools.combinations(boxes, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_lines_of_panels_are_full(dashboard: Json) -> None:
    widths: dict[int, int] = {}
    for panel in dashboard["panels"]:
        widths[panel["gridPos"]["y"]] = widths.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]

    assert set(widths.values()) == {COLUMNS}


def test_an_outcome_has_one_colour_everywhere() -> None:
    groups = [LABELLED["outcome"], LABELLED["why"], LABELLED["reason"], SPELLED]

    for one, other in itertools.combinations(groups, 2):
        assert {name: one[name] for name in one.keys() & other} == {name: other[name] for name in one.keys() & other}


def test_alerts_versions_and_starts_are_marked(dashboard: Json) -> None:
    marks = {mark["name"]: mark["target"]["expr"] for mark in dashboard["annotations"]["list"]}

    assert 'alertname=~"Headway.*", alertstate="firing"' in marks["Alerts"]
    assert {"New versions", "Starts of processes", "Starts of Redis"} < set(marks)


def test_a_title_names_one_panel_of_its_dashboard() -> None:
    for each in all_dashboards():
        titles = [panel.title for panel in each.panels]
        assert len(titles) == len(set(titles))


def test_every_question_can_be_asked_elsewhere_too() -> None:
    asked = {(each.name, panel.title, expression) for each, panel, expression, _ in queries()}

    assert {name for name, _, _ in asked} == set(NAMES)
    assert len(asked) == sum(len(panel.queries) for each in all_dashboards() for panel in each.panels)


def test_grafana_in_compose_finds_the_dashboards() -> None:
    grafana = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    mounts = {inside: ROOT / outside for outside, inside, _ in (mount.split(":") for mount in grafana["volumes"])}
    (provider,) = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards.yml").read_text())["providers"]

    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    assert mounts["/etc/grafana/provisioning/dashboards"] == ROOT / "deploy/grafana/provisioning"
    assert mounts[provider["options"]["path"]] == FOLDER
    assert (mounts[str(home.parent)] / home.name).is_file()
    assert provider["allowUiUpdates"] is False
