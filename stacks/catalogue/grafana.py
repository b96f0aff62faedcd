"""Grafana: its container, data sources and dashboards."""

from collections.abc import Sequence

from components.inputs import StringInput
from components.workload import File, Mount, Port, Probe, Service
from grafana.dashboard import Dashboard, Source
from grafana.dashboards import copilot, server
from grafana.provisioning import dashboard_path, render_providers
from grafana.render.dashboard import render_dashboard
from stacks.catalogue.files import filled
from stacks.catalogue.stores import Access
from stacks.settings import ContainerSettings

GRAFANA = "grafana"
GRAFANA_USER = "admin"
_PASSWORD_FILE = "/run/secrets/grafana-password"  # noqa: S105
_PROVISIONING = "/etc/grafana/provisioning"
# Not in /var/lib/grafana, which a volume hides.
_DASHBOARDS = "/etc/grafana/dashboards"
# The image sets HOME.
_HOME = "/usr/share/grafana"
# The data source of the Copilot's API. Grafana downloads it in the background of its start, starts
# without it if it must, and keeps it in its volume.
_PLUGIN = f"{Source.COPILOT.plugin}@3.11.1"
# Apps that Grafana would download by default.
_UNWANTED_APPS = (
    "grafana-advisor-app",
    "grafana-exploretraces-app",
    "grafana-lokiexplore-app",
    "grafana-metricsdrilldown-app",
    "grafana-pyroscope-app",
)


def grafana(
    settings: ContainerSettings, access: Access, store_dashboard: File, password: StringInput
) -> Service:
    """The service, with CloudWatch as a data source where `access` is to AWS."""
    access = access.in_home(_HOME)
    return Service(
        name=GRAFANA,
        image="grafana",
        purpose="shows metrics, logs and the Copilot's verdict",
        memory_mb=512,
        environment={
            **access.environment,
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_AUTH_ANONYMOUS_ENABLED": "false",
            "GF_PLUGINS_DISABLE_PLUGINS": ",".join(_UNWANTED_APPS),
            "GF_PLUGINS_PREINSTALL": _PLUGIN,
            "GF_SECURITY_ADMIN_PASSWORD__FILE": _PASSWORD_FILE,
            "GF_SECURITY_ADMIN_USER": GRAFANA_USER,
        },
        files=(
            File(_PASSWORD_FILE, password),
            *_data_sources(settings.scrape_seconds, access.environment.get("AWS_REGION")),
            File(f"{_PROVISIONING}/dashboards/folders.yaml", render_providers(_DASHBOARDS)),
            dashboard_file(server.DASHBOARD),
            store_dashboard,
            dashboard_file(copilot.DASHBOARD),
        ),
        mounts=(*access.mounts, Mount("/var/lib/grafana", volume="grafana-data")),
        user=access.user,
        health=Probe(("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/api/health")),
        ports=(Port(GRAFANA, 3000, settings.port(GRAFANA, 3000), page=""),),
    )


def dashboard_file(dashboard: Dashboard, content: StringInput | None = None) -> File:
    """The file of a dashboard; `content` is its JSON where that depends on the deployment."""
    path = f"{_DASHBOARDS}/{dashboard_path(dashboard)}"
    return File(path, render_dashboard(dashboard) if content is None else content)


def _data_sources(scrape_seconds: int, region: str | None) -> Sequence[File]:
    sources = {
        "datasources": filled("grafana", "datasources.yaml", scrape_seconds=str(scrape_seconds))
    }
    if region:
        sources["cloudwatch"] = filled("grafana", "cloudwatch.yaml", region=region)
    return [
        File(f"{_PROVISIONING}/datasources/{name}.yaml", content)
        for name, content in sources.items()
    ]
