"""All dashboards, and where Grafana finds them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from grafana import copilot, dsql, postgresql, server
from grafana.model import FOLDERS, Dashboard, Panel, Query
from grafana.render import rendered

EVERY = (server.DASHBOARD, dsql.dashboard({}), postgresql.DASHBOARD, copilot.DASHBOARD)
"""Each dashboard as it can be imported anywhere."""


def queries() -> Iterator[tuple[Dashboard, Panel, Query]]:
    """Every query of every panel."""
    for dashboard in EVERY:
        for panel in dashboard.panels:
            for query in panel.queries:
                yield dashboard, panel, query


def place(dashboard: Dashboard) -> str:
    """The dashboard's file, below the folder of all."""
    return f"{dashboard.folder.uid}/{dashboard.uid}.json"


def providers(path: str) -> str:
    """Grafana's provisioning of the folders whose files lie under `path`, as YAML (JSON is)."""
    return json.dumps(
        {
            "apiVersion": 1,
            "providers": [
                {
                    "name": folder.title,
                    "folder": folder.title,
                    "folderUid": folder.uid,
                    "type": "file",
                    # They come from code: what someone changes here would be lost.
                    "allowUiUpdates": False,
                    "options": {"path": f"{path}/{folder.uid}"},
                }
                for folder in FOLDERS
            ],
        },
        indent=2,
    )


def write(folder: Path, dashboards: Iterable[Dashboard] = EVERY) -> list[Path]:
    """Write each dashboard's JSON below `folder`; the files written."""
    written = []
    for dashboard in dashboards:
        file = folder / place(dashboard)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(rendered(dashboard), encoding="utf-8")
        written.append(file)
    return written
