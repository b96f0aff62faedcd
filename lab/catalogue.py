"""The lab's processes as data: how each starts, when it serves, its ports and page."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from copilot.signals.roles import Role
from lab import postgres, prometheus, proxy, temporal
from lab.binaries import binary, jars
from lab.elasticsearch import COPILOT_INDEX, MONITORED_INDEX, VisibilityStore, write_config
from lab.loopback import succeeds
from lab.ports import HOST, accepts
from lab.processes import ProcessRecord, start
from lab.state import State
from tools import opensearch, servers

POSTGRES = "postgres"
DATABASE_PROXY = "database-proxy"
PROMETHEUS = "prometheus"
ELASTICSEARCH = "elasticsearch"
MONITORED = tuple(role.job for role in Role)
"""The first process of each role."""
DEV_SERVER = "temporal"
"""All roles of the monitored cluster in one process."""
COPILOT_TEMPORAL = "copilot-temporal"
COPILOT = ("copilot-worker", "copilot-api")
LOAD = "load"
MONITORED_DATABASE = "temporal"
COPILOT_TEMPORAL_DATABASE = "copilot_temporal"
COPILOT_DATABASE = "copilot"
_REPOSITORY = Path(__file__).parent.parent


@dataclass(frozen=True)
class ProcessSpec:
    """One process of the lab."""

    name: str
    ports: tuple[int, ...]
    start: Callable[[], ProcessRecord]
    is_ready: Callable[[], bool]
    url: str | None = None
    """Its page, if it has one."""


class Catalogue:
    """Every process of one lab, for its folder and its ports."""

    members: Mapping[str, set[str]] = {
        MONITORED_DATABASE: set(MONITORED),
        COPILOT_TEMPORAL_DATABASE: {COPILOT_TEMPORAL},
    }
    """The processes of the clusters by their database."""

    def __init__(self, folder: Path, state: State) -> None:
        self._folder = folder
        self._state = state
        self.proxy = proxy.DatabaseProxy(state.inner.proxy_api)
        self.dynamic_config = temporal.DynamicConfig(self.config("dynamic.yaml"))
        self.visibility = VisibilityStore(folder, state.published.elasticsearch)

    def log(self, name: str) -> Path:
        return self._folder / "logs" / f"{name}.log"

    def config(self, name: str) -> Path:
        return self._folder / "config" / name

    def database_url(self, database: str) -> str:
        """URL of a database, without the proxy."""
        password = self._state.database_password
        return f"postgresql://{postgres.USER}:{password}@{HOST}:{self._state.inner.postgres}/{database}"

    def postgres(self) -> ProcessSpec:
        port = self._state.inner.postgres
        data = self._folder / "postgres"
        return ProcessSpec(
            POSTGRES,
            (port,),
            lambda: postgres.start_postgres(data, port, self.log(POSTGRES)),
            lambda: postgres.is_ready(self.database_url(postgres.USER)),
        )

    def elasticsearch(self) -> ProcessSpec:
        port = self._state.published.elasticsearch
        config, data = self.config(ELASTICSEARCH), self._folder / ELASTICSEARCH

        def launch() -> ProcessRecord:
            write_config(config)
            command = opensearch.command(jars(), config, data, port)
            return start(ELASTICSEARCH, command, self.log(ELASTICSEARCH))

        return ProcessSpec(ELASTICSEARCH, (port,), launch, self.visibility.is_ready)

    def database_proxy(self) -> ProcessSpec:
        inner = self._state.inner
        config = self.config("toxiproxy.json")

        def launch() -> ProcessRecord:
            listen = {
                proxy.DATABASE: inner.database_proxy,
                proxy.VISIBILITY: inner.visibility_proxy,
            }
            proxy.DatabaseProxy.write_config(config, listen, inner.postgres)
            options: list[str | Path] = [
                "-host",
                HOST,
                "-port",
                str(inner.proxy_api),
                "-config",
                config,
            ]
            command = [binary(servers.TOXIPROXY), *options]
            return start(DATABASE_PROXY, command, self.log(DATABASE_PROXY))

        ports = (inner.database_proxy, inner.visibility_proxy, inner.proxy_api)
        return ProcessSpec(DATABASE_PROXY, ports, launch, self.proxy.is_ready)

    def prometheus(self) -> ProcessSpec:
        published = self._state.published

        def launch() -> ProcessRecord:
            command = prometheus.command(
                binary(servers.PROMETHEUS),
                self.write_scrape_config(),
                self._folder / "prometheus",
                published,
            )
            return start(PROMETHEUS, command, self.log(PROMETHEUS))

        return ProcessSpec(
            PROMETHEUS,
            (published.prometheus,),
            launch,
            lambda: prometheus.is_ready(published),
            prometheus.url(published),
        )

    def write_scrape_config(self, **fault: bool) -> Path:
        """`fault`: see `prometheus.write_config`."""
        state = self._state
        path = self.config("prometheus.yaml")
        prometheus.write_config(
            path, state.published, state.inner, state.scrape_seconds, self.monitored_jobs(), **fault
        )
        return path

    def monitored_jobs(self) -> dict[str, list[int]]:
        """The metrics' ports of the monitored cluster, by job."""
        inner = self._state.inner
        jobs = {role.job: [inner.monitored[role].metrics] for role in Role}
        jobs[Role.HISTORY.job] += [ports.metrics for ports in inner.more_history]
        return jobs

    def monitored(self, role: Role, instance: int = 1) -> ProcessSpec:
        """One process of the monitored cluster. It reaches its databases by the proxies."""
        state = self._state
        roles = dict(state.inner.monitored)
        if instance > 1:
            roles[role] = state.inner.more_history[instance - 2]
        cluster = temporal.ClusterConfig(
            database=MONITORED_DATABASE,
            database_port=state.inner.database_proxy,
            visibility_port=state.inner.visibility_proxy,
            visibility=self._visibility(MONITORED_INDEX),
            password=state.database_password,
            roles=roles,
            http_port=state.published.frontend_http,
            dynamic_config=self.dynamic_config.path,
        )
        role_ports = roles[role]
        ports = [role_ports.grpc]
        ports += [state.published.frontend_http] if role is Role.FRONTEND else []
        ports += [role_ports.membership, role_ports.metrics]
        name = role.job if instance == 1 else f"{role.job}-{instance}"
        return self._temporal(name, cluster, role, ports, ("--service", role))

    def copilot_temporal(self) -> ProcessSpec:
        """The Copilot's Temporal: all roles in one process, without the proxy."""
        state = self._state
        cluster = temporal.ClusterConfig(
            database=COPILOT_TEMPORAL_DATABASE,
            database_port=state.inner.postgres,
            visibility_port=state.inner.postgres,
            visibility=self._visibility(COPILOT_INDEX),
            password=state.database_password,
            roles=state.inner.copilot,
            http_port=state.published.copilot_temporal_http,
        )
        roles = state.inner.copilot.values()
        ports = [state.published.copilot_temporal, state.published.copilot_temporal_http]
        ports += [port for role in roles for port in (role.grpc, role.membership, role.metrics)]
        return self._temporal(COPILOT_TEMPORAL, cluster, Role.FRONTEND, ports, ())

    def _visibility(self, index: str) -> Mapping[str, object] | None:
        if self._state.visibility == "sql":
            return None
        return self.visibility.of_cluster(index)

    def _temporal(
        self,
        name: str,
        cluster: temporal.ClusterConfig,
        role: Role,
        ports: Sequence[int],
        arguments: tuple[str, ...],
    ) -> ProcessSpec:
        config = self.config(f"{name}.yaml")

        def launch() -> ProcessRecord:
            config.write_text(cluster.render(role))
            command: list[str | Path] = [binary(servers.TEMPORAL_SERVER), "--config-file", config]
            command += ["--allow-no-auth", "start", *arguments]
            return start(name, command, self.log(name))

        port = cluster.roles[role].grpc
        return ProcessSpec(name, tuple(dict.fromkeys(ports)), launch, lambda: accepts(port))

    def ui(self, name: str, port: int, frontend: int) -> ProcessSpec:
        page = f"http://{HOST}:{port}"

        def launch() -> ProcessRecord:
            config = {
                "temporalGrpcAddress": f"{HOST}:{frontend}",
                "host": HOST,
                "port": port,
                "enableUi": True,
                "defaultNamespace": temporal.NAMESPACE,
                # Needs the internet.
                "notifyOnNewVersion": False,
            }
            self.config(f"{name}.yaml").write_text(yaml.safe_dump(config))
            command: list[str | Path] = [binary(servers.TEMPORAL_UI), "--root", self._folder]
            command += ["--config", "config", "--env", name, "start"]
            return start(name, command, self.log(name))

        return ProcessSpec(name, (port,), launch, lambda: succeeds(page), page)

    def uis(self) -> list[ProcessSpec]:
        published = self._state.published
        return [
            self.ui("temporal-ui", published.temporal_ui, published.frontend),
            self.ui(
                "copilot-temporal-ui", published.copilot_temporal_ui, published.copilot_temporal
            ),
        ]

    def clusters(self) -> dict[str, ProcessSpec]:
        """Everything that `up` starts, by name."""
        more_history = range(len(self._state.inner.more_history))
        specs = [
            self.postgres(),
            self.database_proxy(),
            self.prometheus(),
            *([self.elasticsearch()] if self._state.visibility == "elasticsearch" else []),
            *self.uis(),
            *(self.monitored(role) for role in Role),
            *(self.monitored(Role.HISTORY, 2 + index) for index in more_history),
            self.copilot_temporal(),
        ]
        return {spec.name: spec for spec in specs}

    def copilot(self, environment: Mapping[str, str]) -> list[ProcessSpec]:
        """The Copilot's worker and API, started as by any user."""
        published = self._state.published
        api = f"http://{HOST}:{published.copilot_api}"
        return [
            self._copilot("worker", published.copilot_worker, environment),
            self._copilot("api", published.copilot_api, environment, api),
        ]

    def _copilot(
        self, part: str, port: int, environment: Mapping[str, str], page: str | None = None
    ) -> ProcessSpec:
        name = f"copilot-{part}"
        return ProcessSpec(
            name,
            (port,),
            lambda: self._python(name, [f"copilot.{part}"], environment),
            lambda: succeeds(f"http://{HOST}:{port}/healthz"),
            page,
        )

    def load(self, arguments: Sequence[str]) -> ProcessSpec:
        command = ["lab", "load", "--folder", str(self._folder), *arguments]
        return ProcessSpec(LOAD, (), lambda: self._python(LOAD, command, {}), lambda: True)

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


def is_instance(name: str, of: str) -> bool:
    """Whether a process is the first of a role, such as `temporal-history`, or another of it."""
    return name == of or name.rstrip("0123456789") == f"{of}-"


def is_temporal(name: str) -> bool:
    """Whether a process is a Temporal server."""
    return any(is_instance(name, first) for first in (*MONITORED, DEV_SERVER, COPILOT_TEMPORAL))
