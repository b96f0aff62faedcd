"""The rendered dashboards: titles, units and sources are there, and panels do not overlap."""

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

from grafana.dashboard import FOLDERS, Dashboard, Source
from grafana.dashboards import dsql
from grafana.provisioning import DASHBOARDS, Target, dashboard_path, render_providers
from grafana.render.dashboard import render_dashboard

ROOT = Path(__file__).parent.parent.parent
EACH_DASHBOARD = pytest.mark.parametrize(
    "dashboard", DASHBOARDS, ids=[dashboard.uid for dashboard in DASHBOARDS]
)
NUMERIC = {"timeseries", "stat", "state-timeline"}
GRID = 24
Json = dict[str, Any]


def rendered(dashboard: Dashboard) -> Json:
    parsed: Json = json.loads(render_dashboard(dashboard))
    return parsed


def every_panel(dashboard: Json) -> Iterator[Json]:
    """All panels: rows, and the panels of collapsed rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def data_panels(dashboard: Json) -> list[Json]:
    """Panels that run queries."""
    return [panel for panel in every_panel(dashboard) if panel["type"] not in {"row", "text"}]


def source_uids() -> set[str]:
    """Uids of the provisioned data sources."""
    uids = set()
    for file in ("datasources.yaml", "cloudwatch.yaml"):
        text = Template((ROOT / "docker" / "grafana" / file).read_text("utf-8"))
        expand_variables = yaml.safe_load(text.substitute(scrape_seconds="15", region="eu-west-1"))
        uids |= {source["uid"] for source in expand_variables["datasources"]}
    return uids


@EACH_DASHBOARD
def test_each_panel_has_title_description_and_unit(dashboard: Dashboard) -> None:
    for panel in data_panels(rendered(dashboard)):
        assert panel["title"]
        assert panel["description"], panel["title"]
        assert panel["targets"], panel["title"]
        if panel["type"] in NUMERIC:
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@EACH_DASHBOARD
def test_each_panel_queries_a_provisioned_source(dashboard: Dashboard) -> None:
    for panel in data_panels(rendered(dashboard)):
        assert panel["datasource"]["uid"] in source_uids()
        assert panel["datasource"]["type"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)


@EACH_DASHBOARD
def test_panel_ids_are_unique(dashboard: Dashboard) -> None:
    ids = [panel["id"] for panel in every_panel(rendered(dashboard))]
    assert len(set(ids)) == len(ids)


@EACH_DASHBOARD
def test_titles_are_unique_in_a_row(dashboard: Dashboard) -> None:
    rows = [row.title for row in dashboard.rows]
    assert len(set(rows)) == len(rows)
    for row in dashboard.rows:
        titles = [panel.title for panel in row.panels]
        assert len(set(titles)) == len(titles), row.title


@EACH_DASHBOARD
def test_variables_are_used_and_used_variables_are_defined(dashboard: Dashboard) -> None:
    parsed = rendered(dashboard)
    names = [variable["name"] for variable in parsed["templating"]["list"]]
    targets = json.dumps([panel["targets"] for panel in data_panels(parsed)])
    for name in names:
        assert f"${name}" in targets
    known = (*(f"${name}" for name in names), "$__", "${__")
    for part in targets.split("$")[1:]:
        assert f"${part}".startswith(known), part[:40]


@EACH_DASHBOARD
def test_panels_do_not_overlap(dashboard: Dashboard) -> None:
    parsed = rendered(dashboard)
    top_level = [panel["gridPos"] for panel in parsed["panels"]]
    for positions in (
        top_level,
        *([p["gridPos"] for p in row.get("panels", [])] for row in parsed["panels"]),
    ):
        for one in positions:
            assert one["x"] + one["w"] <= GRID
        for one, other in combinations(positions, 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or below, (one, other)


@EACH_DASHBOARD
def test_thresholds_ascend(dashboard: Dashboard) -> None:
    for panel in data_panels(rendered(dashboard)):
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
        values = [step["value"] for step in steps]
        assert values[:1] in ([], [None])
        assert values[1:] == sorted(values[1:])


def test_uids_and_folders_match_those_in_links() -> None:
    assert {dashboard.uid: dashboard.folder.uid for dashboard in DASHBOARDS} == {
        "temporal-server-health": "temporal",
        "dsql-persistence": "dsql",
        "postgresql-persistence": "dsql",
        "temporal-sre-copilot": "copilot",
    }


def test_each_folder_has_a_provider() -> None:
    providers = yaml.safe_load(render_providers("/somewhere"))["providers"]
    assert [(one["folder"], one["folderUid"], one["options"]["path"]) for one in providers] == [
        (folder.title, folder.uid, f"/somewhere/{folder.uid}") for folder in FOLDERS
    ]
    assert not any(one["allowUiUpdates"] for one in providers)
    for dashboard in DASHBOARDS:
        assert dashboard_path(dashboard).startswith(f"{dashboard.folder.uid}/")


def test_clusters_of_a_stack_are_options_by_name() -> None:
    parsed = rendered(dsql.dashboard({"monitored": "abc", "copilot": "def"}))
    (variable,) = [v for v in parsed["templating"]["list"] if v["name"] == "dsql_cluster"]
    assert variable["type"] == "custom"
    assert variable["query"] == "monitored : abc,copilot : def"
    assert variable["current"]["value"] == "abc"


def test_clusters_may_have_the_same_identifier() -> None:
    parsed = rendered(dsql.dashboard({"monitored": "unknown", "copilot": "unknown"}))
    (variable,) = [v for v in parsed["templating"]["list"] if v["name"] == "dsql_cluster"]
    assert variable["current"]["value"] == "unknown"


def test_without_a_stack_the_options_come_from_cloudwatch() -> None:
    parsed = rendered(dsql.dashboard({}))
    (variable,) = [v for v in parsed["templating"]["list"] if v["name"] == "dsql_cluster"]
    assert variable["type"] == "query"
    assert variable["datasource"]["uid"] == "cloudwatch"


def test_the_command_writes_each_dashboard(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "grafana", str(tmp_path)]
    completed = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    for dashboard in DASHBOARDS:
        file = tmp_path / dashboard_path(dashboard)
        assert file.read_text(encoding="utf-8") == render_dashboard(dashboard)
        assert str(file) in completed.stdout


@EACH_DASHBOARD
def test_another_grafana_has_its_own_sources_and_cluster(dashboard: Dashboard) -> None:
    target = Target("prod", {source: f"own-{source}" for source in Source})
    adapted = json.loads(target.adapt(dashboard))
    for panel in data_panels(adapted):
        for one in (panel, *(part for part in panel["targets"] if "datasource" in part)):
            assert one["datasource"]["uid"].startswith("own-")
    variables = {one["name"]: one for one in adapted["templating"]["list"]}
    if "cluster" in variables:
        assert variables["cluster"]["current"]["value"] == "prod"
    assert adapted["uid"] == dashboard.uid
