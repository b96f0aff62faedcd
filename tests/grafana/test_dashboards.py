"""What Grafana gets: dashboards that are complete, readable and tell apart what they show."""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

from grafana import dsql
from grafana.dashboards import EVERY, place, providers
from grafana.model import FOLDERS, Dashboard
from grafana.render import rendered

ROOT = Path(__file__).parent.parent.parent
EACH = pytest.mark.parametrize("dashboard", EVERY, ids=[dashboard.uid for dashboard in EVERY])
NUMERIC = {"timeseries", "stat", "state-timeline"}
GRID = 24
Json = dict[str, Any]


def of(dashboard: Dashboard) -> Json:
    found: Json = json.loads(rendered(dashboard))
    return found


def every_panel(dashboard: Json) -> Iterator[Json]:
    """Rows too, and what is in a collapsed one."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def panels(dashboard: Json) -> list[Json]:
    """Those that ask something."""
    return [panel for panel in every_panel(dashboard) if panel["type"] not in {"row", "text"}]


def sources() -> set[str]:
    """Uids of the provisioned data sources."""
    found = set()
    for file in ("datasources.yaml", "cloudwatch.yaml"):
        text = Template((ROOT / "docker" / "grafana" / file).read_text("utf-8"))
        filled = yaml.safe_load(text.substitute(scrape_seconds="15", region="eu-west-1"))
        found |= {source["uid"] for source in filled["datasources"]}
    return found


@EACH
def test_each_panel_says_what_it_shows_and_in_which_unit(dashboard: Dashboard) -> None:
    for panel in panels(of(dashboard)):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["targets"], panel["title"]
        if panel["type"] in NUMERIC:
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@EACH
def test_each_panel_asks_a_source_that_is_provisioned(dashboard: Dashboard) -> None:
    for panel in panels(of(dashboard)):
        assert panel["datasource"]["uid"] in sources()
        assert panel["datasource"]["type"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)


@EACH
def test_ids_are_used_once(dashboard: Dashboard) -> None:
    ids = [panel["id"] for panel in every_panel(of(dashboard))]
    assert len(set(ids)) == len(ids)


@EACH
def test_titles_are_used_once_in_a_row(dashboard: Dashboard) -> None:
    rows = [row.title for row in dashboard.rows]
    assert len(set(rows)) == len(rows)
    for row in dashboard.rows:
        titles = [panel.title for panel in row.panels]
        assert len(set(titles)) == len(titles), row.title


@EACH
def test_every_variable_is_used_and_every_used_one_is_there(dashboard: Dashboard) -> None:
    made = of(dashboard)
    names = [variable["name"] for variable in made["templating"]["list"]]
    asked = json.dumps([panel["targets"] for panel in panels(made)])
    for name in names:
        assert f"${name}" in asked
    known = (*(f"${name}" for name in names), "$__", "${__")
    for part in asked.split("$")[1:]:
        assert f"${part}".startswith(known), part[:40]


@EACH
def test_panels_lie_side_by_side(dashboard: Dashboard) -> None:
    made = of(dashboard)
    open_ones = [panel["gridPos"] for panel in made["panels"]]
    for places in (
        open_ones,
        *([p["gridPos"] for p in row.get("panels", [])] for row in made["panels"]),
    ):
        for one in places:
            assert one["x"] + one["w"] <= GRID
        for one, other in combinations(places, 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or below, (one, other)


@EACH
def test_thresholds_rise(dashboard: Dashboard) -> None:
    for panel in panels(of(dashboard)):
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
        values = [step["value"] for step in steps]
        assert values[:1] in ([], [None])
        assert values[1:] == sorted(values[1:])


def test_uids_and_folders_are_those_that_links_use() -> None:
    assert {dashboard.uid: dashboard.folder.uid for dashboard in EVERY} == {
        "temporal-server-health": "temporal",
        "dsql-persistence": "dsql",
        "postgresql-persistence": "dsql",
        "temporal-sre-copilot": "copilot",
    }


def test_each_folder_is_provided_from_its_files() -> None:
    provided = yaml.safe_load(providers("/somewhere"))["providers"]
    assert [(one["folder"], one["folderUid"], one["options"]["path"]) for one in provided] == [
        (folder.title, folder.uid, f"/somewhere/{folder.uid}") for folder in FOLDERS
    ]
    assert not any(one["allowUiUpdates"] for one in provided)
    for dashboard in EVERY:
        assert place(dashboard).startswith(f"{dashboard.folder.uid}/")


def test_the_clusters_of_a_stack_are_offered_by_name() -> None:
    made = of(dsql.dashboard({"monitored": "abc", "copilot": "def"}))
    (variable,) = [v for v in made["templating"]["list"] if v["name"] == "dsql_cluster"]
    assert variable["type"] == "custom"
    assert variable["query"] == "monitored : abc,copilot : def"
    assert variable["current"]["value"] == "abc"


def test_without_a_stack_cloudwatch_is_asked_for_clusters() -> None:
    made = of(dsql.dashboard({}))
    (variable,) = [v for v in made["templating"]["list"] if v["name"] == "dsql_cluster"]
    assert variable["type"] == "query"
    assert variable["datasource"]["uid"] == "cloudwatch"


def test_they_are_written_as_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "grafana", str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    for dashboard in EVERY:
        file = tmp_path / place(dashboard)
        assert file.read_text(encoding="utf-8") == rendered(dashboard)
        assert str(file) in said.stdout
