"""All dashboards, the files that hold them, and Grafana's provisioning of these files."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from copilot.errors import FileError
from grafana.dashboard import FOLDERS, Dashboard, Panel, Query, Source
from grafana.dashboards import copilot, dsql, postgresql, server
from grafana.promql import CLUSTER_VARIABLE
from grafana.render.dashboard import render_dashboard
from grafana.shown import SELECTED, ShownCluster

DASHBOARDS = (server.DASHBOARD, dsql.dashboard({}), postgresql.DASHBOARD, copilot.DASHBOARD)
"""Each dashboard in a form that can be imported into any Grafana."""


def all_queries(shown: ShownCluster = SELECTED) -> Iterator[tuple[Dashboard, Panel, Query]]:
    """Every query of every panel, for this cluster."""
    for dashboard in map(shown.fill, DASHBOARDS):
        for panel in dashboard.panels:
            for query in panel.queries:
                yield dashboard, panel, query


def dashboard_path(dashboard: Dashboard, shown: ShownCluster = SELECTED) -> str:
    """The dashboard's file, relative to the folder of all."""
    return f"{dashboard.folder.uid}/{shown.uid(dashboard.uid)}.json"


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


@dataclass(frozen=True)
class Target:
    """The Grafana that imports the dashboards; by default one of our stacks."""

    cluster: str | None = None
    """Value of the label `cluster` to show first."""
    uids: Mapping[Source, str] = field(default_factory=dict)
    """Uids of its data sources, by that of the stacks."""
    shown: ShownCluster = SELECTED

    def adapt(self, dashboard: Dashboard) -> str:
        """The dashboard's JSON for this Grafana."""
        if self.cluster:
            variables = tuple(
                replace(one, default=self.cluster) if one.name == CLUSTER_VARIABLE.name else one
                for one in dashboard.variables
            )
            dashboard = replace(dashboard, variables=variables)
        content = json.loads(
            render_dashboard(dashboard, self.shown), object_hook=self._with_own_uid
        )
        return json.dumps(content, indent=2) + "\n"

    def _with_own_uid(self, one: dict[str, Any]) -> dict[str, Any]:
        """An object of the JSON, which may refer to a data source."""
        uid = one.get("uid")
        own = {str(source): mine for source, mine in self.uids.items()}
        return {**one, "uid": own[uid]} if uid in own else one


def write_dashboards(folder: Path, target: Target) -> list[Path]:
    """Write each dashboard's JSON below `folder` and return the files. Raises FileError."""
    written = []
    for dashboard in DASHBOARDS:
        file = folder / dashboard_path(dashboard, target.shown)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(target.adapt(dashboard), encoding="utf-8")
        except OSError as error:
            raise FileError(f"{file}: cannot be written: {error.strerror or error}") from error
        written.append(file)
    return written
