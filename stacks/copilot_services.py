"""The Copilot itself: its store's schema, its worker, its API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from components.service import Job, Overwrite, Port, Probe, Service, Text
from stacks.settings import ContainerSettings
from stacks.stores import Stores
from stacks.telemetry import LOKI, LOKI_URL, MIMIR, MIMIR_URL
from stacks.temporal import (
    COPILOT_NAMESPACE_JOB,
    COPILOT_TEMPORAL,
    FRONTEND,
    GRPC_PORT,
    NAMESPACE,
    NAMESPACES_JOB,
)

WORKER = "copilot-worker"
API = "copilot-api"
SCHEMA_JOB = "copilot-schema"
WORKER_PORT = 8083
API_PORT = 8081
TABLES = (
    "schema_migrations",
    "clusters",
    "cycles",
    "state_changes",
    "issues",
    "remembered_queues",
    "assessments",
    "model_budgets",
)
"""Those that the Copilot's migrations make."""
_LOG_LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "error": "ERROR"}


@dataclass(frozen=True)
class Copilot:
    """Worker and API of one stack. `knowledge` says where it knows things from, and its model."""

    settings: ContainerSettings
    stores: Stores
    knowledge: Mapping[str, Text]

    def jobs(self) -> Iterator[Job]:
        store = self.stores.copilot
        yield Job(
            name=SCHEMA_JOB,
            image="copilot",
            purpose="brings the Copilot's store up to date",
            memory_mb=192,
            entrypoint=("sh", "-c"),
            command=(self._command("copilot.store.migrate"),),
            environment=self._environment(),
            files=store.files,
            mounts=self.stores.access.mounts,
            user=self.stores.access.user,
            needs=store.needs,
            redo_with=store.needs,
            overwrites={
                SCHEMA_JOB: Overwrite(
                    (self._command("copilot.store.migrate --overwrite"),),
                    store.host,
                    f"the tables {', '.join(TABLES)}",
                )
            },
        )

    def services(self) -> Iterator[Service]:
        yield self._part(
            name=WORKER,
            purpose="judges the monitored cluster and explains its verdict",
            memory_mb=384,
            port=WORKER_PORT,
            # Ready is: a verdict was given, and the loop goes on.
            path="/readyz",
            start_period=30 + 2 * self.settings.cycle_seconds + self.settings.short_window_seconds,
            needs=(SCHEMA_JOB, COPILOT_NAMESPACE_JOB, NAMESPACES_JOB, MIMIR),
            after=(LOKI,),
            ports=(),
        )
        yield self._part(
            name=API,
            purpose="the Copilot's page and API",
            memory_mb=256,
            port=API_PORT,
            path="/healthz",
            start_period=0,
            needs=(SCHEMA_JOB,),
            after=(),
            ports=(Port(API, API_PORT, self.settings.ports.get(API, API_PORT), page=""),),
        )

    def _part(
        self,
        *,
        name: str,
        purpose: str,
        memory_mb: int,
        port: int,
        path: str,
        start_period: int,
        needs: tuple[str, ...],
        after: tuple[str, ...],
        ports: tuple[Port, ...],
    ) -> Service:
        answers = (
            f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}{path}', timeout=3)"
        )
        return Service(
            name=name,
            image="copilot",
            purpose=purpose,
            memory_mb=memory_mb,
            entrypoint=("sh", "-c"),
            command=(self._command(name.replace("-", ".")),),
            environment=self._environment(),
            files=self.stores.copilot.files,
            mounts=self.stores.access.mounts,
            user=self.stores.access.user,
            # A Python start a probe: rarer than others, which are cheap.
            health=Probe(("python", "-c", answers), interval=5, start_period=start_period),
            needs=needs,
            after=after,
            ports=ports,
            cluster="copilot",
            metrics_port=port,
        )

    def _command(self, module: str) -> str:
        """A shell line, because a secret in the environment would show in `docker inspect`."""
        secrets = self.stores.copilot.secret_variables
        read = "".join(
            f"{name}=$(cat {path}) && export {name} && " for name, path in secrets.items()
        )
        return f"{read}exec python -m {module}"

    def _environment(self) -> Mapping[str, Text]:
        settings = self.settings
        return {
            **self.stores.access.environment,
            **self.stores.copilot.environment,
            **self.knowledge,
            "COPILOT_API_HOST": "0.0.0.0",  # noqa: S104
            "COPILOT_API_PORT": str(API_PORT),
            "COPILOT_CLUSTER": "monitored",
            "COPILOT_CYCLE_SECONDS": str(settings.cycle_seconds),
            "COPILOT_LOG_LEVEL": _LOG_LEVELS[settings.log_level],
            "COPILOT_LONG_WINDOW_SECONDS": str(settings.long_window_seconds),
            "COPILOT_SCRAPE_SECONDS": str(settings.scrape_seconds),
            "COPILOT_SHORT_WINDOW_SECONDS": str(settings.short_window_seconds),
            "COPILOT_WORKER_HOST": "0.0.0.0",  # noqa: S104
            "COPILOT_WORKER_PORT": str(WORKER_PORT),
            "LOKI_URL": LOKI_URL,
            "MONITORED_NAMESPACES": ",".join(settings.monitored_namespaces),
            "MONITORED_TEMPORAL_ADDRESS": f"{FRONTEND}:{GRPC_PORT}",
            "PROMETHEUS_ENDPOINT": MIMIR_URL,
            "TEMPORAL_ADDRESS": f"{COPILOT_TEMPORAL}:{GRPC_PORT}",
            "TEMPORAL_NAMESPACE": NAMESPACE,
        }
