"""What keeps and shows metrics and logs: Mimir, Loki, Alloy, Grafana."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from components.service import File, Mount, Port, Probe, ReadyUrl, Service, Text
from grafana import copilot, server
from grafana.model import Source
from stacks.dashboards import dashboard_file, providers_file
from stacks.scraping import alloy_scrapes, alloy_worker_scrape
from stacks.settings import ContainerSettings
from stacks.stores import Access
from stacks.templates import filled, template

MIMIR = "mimir"
LOKI = "loki"
ALLOY = "alloy"
MIMIR_URL = "http://mimir:9009/prometheus"
LOKI_URL = "http://loki:3100"
GRAFANA_USER = "admin"
_MIMIR_CONFIG = "/etc/mimir/mimir.yaml"
_LOKI_CONFIG = "/etc/loki/loki.yaml"
_ALLOY_CONFIG = "/etc/alloy/config.alloy"
# Holds up to where each container's log was sent: without a volume there a new Alloy would send
# them all again. Its image has the folder, and runs as root.
_ALLOY_STORAGE = "/var/lib/alloy/data"
_PASSWORD_FILE = "/run/secrets/grafana-password"  # noqa: S105
_SOCKET = "/var/run/docker.sock"
_PROVISIONING = "/etc/grafana/provisioning"
# Its image sets HOME by itself.
_GRAFANA_HOME = "/usr/share/grafana"
_ALLOY_PORT = 12345
# Asks the Copilot's API. Fetched in the background of Grafana's start, which goes on without it,
# and kept in its volume.
_PLUGIN = f"{Source.COPILOT.plugin}@3.11.1"
# Grafana's own choice of more to fetch.
_UNWANTED = (
    "grafana-advisor-app",
    "grafana-exploretraces-app",
    "grafana-lokiexplore-app",
    "grafana-metricsdrilldown-app",
    "grafana-pyroscope-app",
)


@dataclass(frozen=True)
class Telemetry:
    """The observing services of one stack; `watched` are the services that it watches."""

    stack: str
    settings: ContainerSettings
    watched: Sequence[Service]
    access: Access
    store_dashboard: File
    grafana_password: Text

    def services(self) -> Iterator[Service]:
        yield Service(
            name=MIMIR,
            image="mimir",
            purpose="keeps metrics for 7 days",
            memory_mb=640,
            command=(f"--config.file={_MIMIR_CONFIG}",),
            files=(File(_MIMIR_CONFIG, template("mimir", "mimir.yaml")),),
            mounts=(Mount("/data", volume="mimir-data"),),
            # Answered as soon as it can do what the Copilot wants of it.
            health=ReadyUrl(f"{MIMIR_URL}/api/v1/query?query=vector(1)"),
            ports=(Port(MIMIR, 9009, self.settings.ports.get(MIMIR, 9009), page="/prometheus"),),
            stop_seconds=10,
        )
        yield Service(
            name=LOKI,
            image="loki",
            purpose="keeps logs for 3 days",
            memory_mb=512,
            command=(f"-config.file={_LOKI_CONFIG}",),
            files=(File(_LOKI_CONFIG, template("loki", "loki.yaml")),),
            mounts=(Mount("/loki", volume="loki-data"),),
            health=ReadyUrl(f"{LOKI_URL}/ready"),
            ports=(Port(LOKI, 3100, self.settings.ports.get(LOKI, 3100), page=""),),
            stop_seconds=10,
        )
        yield self._alloy()
        yield self._grafana()

    def _alloy(self) -> Service:
        port = self.settings.ports.get(ALLOY, _ALLOY_PORT)
        alloy = Service(
            name=ALLOY,
            image="alloy",
            purpose="scrapes metrics and collects logs",
            memory_mb=384,
            command=(
                "run",
                _ALLOY_CONFIG,
                f"--server.http.listen-addr=0.0.0.0:{_ALLOY_PORT}",
                f"--storage.path={_ALLOY_STORAGE}",
            ),
            mounts=(
                Mount(_SOCKET, folder=_engine_socket()),
                Mount(_ALLOY_STORAGE, volume="alloy-data"),
            ),
            health=ReadyUrl(f"http://{ALLOY}:{_ALLOY_PORT}/-/ready"),
            # It tries again until they serve, and the first verdict waits for its scrapes.
            after=(MIMIR, LOKI),
            ports=(Port(ALLOY, _ALLOY_PORT, port, page=""),),
            cluster="copilot",
            metrics_port=_ALLOY_PORT,
            stop_seconds=10,
            reaches_host=True,
        )
        seconds = self.settings.scrape_seconds
        scrapes = alloy_scrapes((*self.watched, alloy), seconds)
        scrapes += alloy_worker_scrape(self.settings.worker_targets, seconds)
        config = filled("alloy", "config.alloy", scrapes=scrapes, stack=self.stack)
        return replace(alloy, files=(File(_ALLOY_CONFIG, config),))

    def _grafana(self) -> Service:
        access = self.access.in_home(_GRAFANA_HOME)
        scrape_seconds = str(self.settings.scrape_seconds)
        sources = {
            "datasources": filled("grafana", "datasources.yaml", scrape_seconds=scrape_seconds)
        }
        if region := self.access.environment.get("AWS_REGION"):
            sources["cloudwatch"] = filled("grafana", "cloudwatch.yaml", region=region)
        return Service(
            name="grafana",
            image="grafana",
            purpose="shows metrics, logs and the Copilot's verdict",
            memory_mb=512,
            environment={
                **access.environment,
                "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
                "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
                "GF_ANALYTICS_REPORTING_ENABLED": "false",
                "GF_AUTH_ANONYMOUS_ENABLED": "false",
                "GF_PLUGINS_DISABLE_PLUGINS": ",".join(_UNWANTED),
                "GF_PLUGINS_PREINSTALL": _PLUGIN,
                "GF_SECURITY_ADMIN_PASSWORD__FILE": _PASSWORD_FILE,
                "GF_SECURITY_ADMIN_USER": GRAFANA_USER,
            },
            files=(
                File(_PASSWORD_FILE, self.grafana_password),
                *(
                    File(f"{_PROVISIONING}/datasources/{name}.yaml", content)
                    for name, content in sources.items()
                ),
                providers_file(),
                dashboard_file(server.DASHBOARD),
                self.store_dashboard,
                dashboard_file(copilot.DASHBOARD),
            ),
            mounts=(*access.mounts, Mount("/var/lib/grafana", volume="grafana-data")),
            user=access.user,
            health=Probe(("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/api/health")),
            ports=(Port("grafana", 3000, self.settings.ports.get("grafana", 3000), page=""),),
            stop_seconds=10,
        )


def _engine_socket() -> str:
    """The engine's socket on the machine that it runs on: a rootless one has its own."""
    path = os.environ.get("DOCKER_HOST", "").removeprefix("unix://")
    # A desktop's engine runs in a virtual machine, and has the usual one there.
    is_here = sys.platform == "linux" and "/.docker/desktop/" not in path
    return path if path.startswith("/") and is_here else _SOCKET
