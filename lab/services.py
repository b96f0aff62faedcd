"""The lab's processes as data: how each starts, when it serves, which ports and page it has."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab import postgres, prometheus, temporal
from lab.errors import LabError
from lab.loopback import succeeds
from lab.ports import HOST, accepts
from lab.processes import ProcessRecord, start
from lab.proxy import DatabaseProxy
from lab.state import State
from tools import servers
from tools.build import Progress, ensure
from tools.errors import ToolsError
from tools.servers import Server

POSTGRES = "postgres"
DATABASE_PROXY = "database-proxy"
PROMETHEUS = "prometheus"
MONITORED = tuple(f"temporal-{role}" for role in temporal.ROLES)
COPILOT_TEMPORAL = "copilot-temporal"
COPILOT = ("copilot-worker", "copilot-api")
LOAD = "load"
MONITORED_DATABASE = "temporal"
COPILOT_TEMPORAL_DATABASE = "copilot_temporal"
COPILOT_DATABASE = "copilot"
_REPOSITORY = Path(__file__).parent.parent

SERVERS = (
    servers.TEMPORAL_SERVER,
    servers.TEMPORAL_SQL_TOOL,
    servers.TEMPORAL_UI,
    servers.PROMETHEUS,
    servers.TOXIPROXY,
)
"""What `up` needs."""


def binary(server: Server, progress: Progress = lambda _: None) -> Path:
    """The server's binary, built when there is none. Raises LabError."""
    try:
        return ensure(server, progress)
    except ToolsError as error:
        raise LabError(str(error)) from error


def build(progress: Progress) -> None:
    """Build what `up` needs and is not there; minutes the first time. Raises LabError."""
    for server in SERVERS:
        binary(server, progress)


@dataclass(frozen=True)
class Service:
    """One process of the lab."""

    name: str
    ports: tuple[int, ...]
    start: Callable[[], ProcessRecord]
    is_ready: Callable[[], bool]
    url: str | None = None
    """The page that people open."""


class Services:
    """Everything `up` starts, for one folder and one choice of ports."""

    def __init__(self, folder: Path, state: State) -> None:
        self._folder = folder
        self._state = state
        self.proxy = DatabaseProxy(state.inner.proxy_api)

    def log(self, name: str) -> Path:
        return self._folder / "logs" / f"{name}.log"

    def config(self, name: str) -> Path:
        return self._folder / "config" / name

    def database_url(self, database: str) -> str:
        """URL of a database on PostgreSQL itself, past the proxy."""
        password = self._state.database_password
        return f"postgresql://{postgres.USER}:{password}@{HOST}:{self._state.inner.postgres}/{database}"

    def postgres(self) -> Service:
        port = self._state.inner.postgres
        data = self._folder / "postgres"
        return Service(
            POSTGRES,
            (port,),
            lambda: postgres.start_postgres(data, port, self.log(POSTGRES)),
            lambda: postgres.is_ready(self.database_url(postgres.USER)),
        )

    def database_proxy(self) -> Service:
        inner = self._state.inner
        config = self.config("toxiproxy.json")

        def launch() -> ProcessRecord:
            DatabaseProxy.write_config(config, inner.database_proxy, inner.postgres)
            program = binary(servers.TOXIPROXY)
            command: list[str | Path] = [
                program,
                "-host",
                HOST,
                "-port",
                str(inner.proxy_api),
                "-config",
                config,
            ]
            return start(DATABASE_PROXY, command, self.log(DATABASE_PROXY))

        ports = (inner.database_proxy, inner.proxy_api)
        return Service(DATABASE_PROXY, ports, launch, self.proxy.is_ready)

    def prometheus(self) -> Service:
        published = self._state.published

        def launch() -> ProcessRecord:
            config = self.write_scrape_config()
            program = binary(servers.PROMETHEUS)
            data = self._folder / "prometheus"
            command = prometheus.command(program, config, data, published)
            return start(PROMETHEUS, command, self.log(PROMETHEUS))

        return Service(
            PROMETHEUS,
            (published.prometheus,),
            launch,
            lambda: prometheus.is_ready(published),
            prometheus.url(published),
        )

    def write_scrape_config(self, *, with_monitored: bool = True) -> Path:
        state = self._state
        path = self.config("prometheus.yaml")
        prometheus.write_config(
            path, state.published, state.inner, state.scrape_seconds, with_monitored=with_monitored
        )
        return path

    def monitored(self, role: str) -> Service:
        """One of the four processes of the monitored cluster; its database is the proxy."""
        state = self._state
        cluster = temporal.Cluster(
            database=MONITORED_DATABASE,
            database_port=state.inner.database_proxy,
            password=state.database_password,
            services=state.inner.monitored,
            http_port=state.published.frontend_http,
        )
        service = state.inner.monitored[role]
        ports = [service.grpc]
        ports += [state.published.frontend_http] if role == "frontend" else []
        ports += [service.membership, service.metrics]
        name = f"temporal-{role}"
        return self._temporal(name, cluster, role, ports, ("--service", role))

    def copilot_temporal(self) -> Service:
        """The Copilot's own Temporal: all roles in one process, straight to PostgreSQL."""
        state = self._state
        cluster = temporal.Cluster(
            database=COPILOT_TEMPORAL_DATABASE,
            database_port=state.inner.postgres,
            password=state.database_password,
            services=state.inner.copilot,
            http_port=state.published.copilot_temporal_http,
        )
        roles = state.inner.copilot.values()
        ports = [state.published.copilot_temporal, state.published.copilot_temporal_http]
        ports += [port for role in roles for port in (role.grpc, role.membership, role.metrics)]
        return self._temporal(COPILOT_TEMPORAL, cluster, "frontend", ports, ())

    def _temporal(
        self,
        name: str,
        cluster: temporal.Cluster,
        role: str,
        ports: Sequence[int],
        arguments: tuple[str, ...],
    ) -> Service:
        config = self.config(f"{name}.yaml")

        def launch() -> ProcessRecord:
            config.write_text(cluster.render(role))
            program = binary(servers.TEMPORAL_SERVER)
            command: list[str | Path] = [
                program,
                "--config-file",
                config,
                "--allow-no-auth",
                "start",
                *arguments,
            ]
            return start(name, command, self.log(name))

        port = cluster.services[role].grpc
        return Service(name, tuple(dict.fromkeys(ports)), launch, lambda: accepts(port))

    def ui(self, name: str, port: int, frontend: int) -> Service:
        page = f"http://{HOST}:{port}"

        def launch() -> ProcessRecord:
            config = {
                "temporalGrpcAddress": f"{HOST}:{frontend}",
                "host": HOST,
                "port": port,
                "enableUi": True,
                "defaultNamespace": temporal.NAMESPACE,
                # It would ask the internet.
                "notifyOnNewVersion": False,
            }
            self.config(f"{name}.yaml").write_text(yaml.safe_dump(config))
            program = binary(servers.TEMPORAL_UI)
            command: list[str | Path] = [
                program,
                "--root",
                self._folder,
                "--config",
                "config",
                "--env",
                name,
                "start",
            ]
            return start(name, command, self.log(name))

        return Service(name, (port,), launch, lambda: succeeds(page), page)

    def uis(self) -> list[Service]:
        published = self._state.published
        return [
            self.ui("temporal-ui", published.temporal_ui, published.frontend),
            self.ui(
                "copilot-temporal-ui", published.copilot_temporal_ui, published.copilot_temporal
            ),
        ]

    def clusters(self) -> dict[str, Service]:
        """Everything that `up` starts, by name."""
        services = [
            self.postgres(),
            self.database_proxy(),
            self.prometheus(),
            *self.uis(),
            *(self.monitored(role) for role in temporal.ROLES),
            self.copilot_temporal(),
        ]
        return {service.name: service for service in services}

    def copilot(self, environment: Mapping[str, str]) -> list[Service]:
        """The Copilot's worker and API, as any user starts them."""
        published = self._state.published
        api = f"http://{HOST}:{published.copilot_api}"
        return [
            self._copilot("worker", published.copilot_worker, environment),
            self._copilot("api", published.copilot_api, environment, api),
        ]

    def _copilot(
        self, part: str, port: int, environment: Mapping[str, str], page: str | None = None
    ) -> Service:
        name = f"copilot-{part}"
        return Service(
            name,
            (port,),
            lambda: self._python(name, [f"copilot.{part}"], environment),
            lambda: succeeds(f"http://{HOST}:{port}/healthz"),
            page,
        )

    def load(self, arguments: Sequence[str]) -> Service:
        command = ["lab", "load", "--folder", str(self._folder), *arguments]
        return Service(LOAD, (), lambda: self._python(LOAD, command, {}), lambda: True)

    def _python(
        self, name: str, module: Sequence[str], environment: Mapping[str, str]
    ) -> ProcessRecord:
        return start(
            name,
            [sys.executable, "-m", *module],
            self.log(name),
            environment={**os.environ, **environment},
            folder=_REPOSITORY,
        )
