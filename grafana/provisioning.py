"""All dashboards, the files that hold them, and Grafana's provisioning of these files."""

import json
from collections.abc import Iterator
from pathlib import Path

from grafana.dashboard import FOLDERS, Dashboard, Panel, Query
from grafana.dashboards import copilot, dsql, postgresql, server
from grafana.render.dashboard import render_dashboard

DASHBOARDS = (server.DASHBOARD, dsql.dashboard({}), postgresql.DASHBOARD, copilot.DASHBOARD)
"""Each dashboard in a form that can be imported into any Grafana."""


def all_queries() -> Iterator[tuple[Dashboard, Panel, Query]]:
    """Every query of every panel."""
    for dashboard in DASHBOARDS:
        for panel in dashboard.panels:
            for query in panel.queries:
                yield dashboard, panel, query


def dashboard_path(dashboard: Dashboard) -> str:
    """The dashboard's file, relative to the folder of all."""
    return f"{dashboard.folder.uid}/{dashboard.uid}.json"


def render_providers(path: str) -> str:
    """Grafana's dashboard providers for the folders below `path`: JSON, which is YAML too."""
    return json.dumps(
        {
            "apiVersion": 1,
            "providers": [
                {
                    "name": folder.title,
                    "folder": folder.title,
                    "folderUid": folder.uid,
                    "type": "file",
                    # The next deployment would overwrite a change made in Grafana.
                    "allowUiUpdates": False,
                    "options": {"path": f"{path}/{folder.uid}"},
                }
                for folder in FOLDERS
            ],
        },
        indent=2,
    )


def write_dashboards(folder: Path) -> list[Path]:
    """Write each dashboard's JSON below `folder` and return the files."""
    written = []
    for dashboard in DASHBOARDS:
        file = folder / dashboard_path(dashboard)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render_dashboard(dashboard), encoding="utf-8")
        written.append(file)
    return written
