"""What keeps and shows metrics and logs: Mimir, Loki, Alloy, Grafana."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from components.service import File, Mount, Port, Probe, ReadyUrl, Service, Text
from stacks.scraping import alloy_scrapes, alloy_worker_scrape
from stacks.settings import ContainerSettings
from stacks.stores import Access
from stacks.templates import filled, template

MIMIR = "mimir"
LOKI = "loki"
MIMIR_URL = "http://mimir:9009/prometheus"
LOKI_URL = "http://loki:3100"
GRAFANA_USER = "admin"
_MIMIR_CONFIG = "/etc/mimir/mimir.yaml"
_LOKI_CONFIG = "/etc/loki/loki.yaml"
_ALLOY_CONFIG = "/etc/alloy/config.alloy"
_PASSWORD_FILE = "/run/secrets/grafana-password"  # noqa: S105
_SOCKET = "/var/run/docker.sock"
_PROVISIONING = "/etc/grafana/provisioning"
# Its image sets HOME by itself.
_GRAFANA_HOME = "/usr/share/grafana"


@dataclass(frozen=True)
class Telemetry:
    """The observing services of one stack; `watched` are the services that it watches."""

    stack: str
    settings: ContainerSettings
    watched: Sequence[Service]
    access: Access
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
        yield Service(
            name="alloy",
            image="alloy",
            purpose="scrapes metrics and collects logs",
            memory_mb=384,
            command=("run", _ALLOY_CONFIG, "--server.http.listen-addr=0.0.0.0:12345"),
            files=(File(_ALLOY_CONFIG, self._alloy_config()),),
            mounts=(Mount(_SOCKET, folder=_engine_socket()),),
            health=ReadyUrl("http://alloy:12345/-/ready"),
            # It tries again until they serve, and the first verdict waits for its scrapes.
            after=(MIMIR, LOKI),
            ports=(Port("alloy", 12345, self.settings.ports.get("alloy", 12345), page=""),),
        )
        yield self._grafana()

    def _alloy_config(self) -> Text:
        scrapes = alloy_scrapes(self.watched, self.settings.scrape_seconds)
        scrapes += alloy_worker_scrape(self.settings.worker_targets, self.settings.scrape_seconds)
        return filled("alloy", "config.alloy", scrapes=scrapes, stack=self.stack)

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
            purpose="shows metrics and logs",
            memory_mb=384,
            environment={
                **access.environment,
                "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
                "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
                "GF_ANALYTICS_REPORTING_ENABLED": "false",
                "GF_AUTH_ANONYMOUS_ENABLED": "false",
                # Nothing is downloaded at start.
                "GF_PLUGINS_PREINSTALL_DISABLED": "true",
                "GF_SECURITY_ADMIN_PASSWORD__FILE": _PASSWORD_FILE,
                "GF_SECURITY_ADMIN_USER": GRAFANA_USER,
            },
            files=(
                File(_PASSWORD_FILE, self.grafana_password),
                *(
                    File(f"{_PROVISIONING}/datasources/{name}.yaml", content)
                    for name, content in sources.items()
                ),
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
