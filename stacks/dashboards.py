"""Grafana's dashboards as files of its container."""

from components.service import File, Text
from grafana.dashboards import place, providers
from grafana.model import Dashboard
from grafana.render import rendered

# Not in /var/lib/grafana, which a volume hides.
_FOLDER = "/etc/grafana/dashboards"
_PROVIDERS = "/etc/grafana/provisioning/dashboards/folders.yaml"


def providers_file() -> File:
    """What makes Grafana show each folder."""
    return File(_PROVIDERS, providers(_FOLDER))


def dashboard_file(dashboard: Dashboard, content: Text | None = None) -> File:
    """The dashboard where Grafana finds it; `content` is its JSON where more is known of it."""
    return File(f"{_FOLDER}/{place(dashboard)}", content or rendered(dashboard))
