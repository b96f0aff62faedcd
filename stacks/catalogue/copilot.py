"""The Copilot: the schema of its store, its worker, its API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from components.inputs import StringInput
from components.workload import Job, Overwrite, Port, Probe, Service
from copilot.setting_groups import CycleSettings, variable
from stacks.catalogue.sources import SOURCES_JOB, SourceAccess, Sources
from stacks.catalogue.stores import Stores
from stacks.catalogue.temporal import (
    COPILOT_NAMESPACE_JOB,
    COPILOT_TEMPORAL,
    GRPC_PORT,
    NAMESPACE,
)
from stacks.settings import ContainerSettings

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
"""The tables that the Copilot's migrations create."""
_LOG_LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "error": "ERROR"}


@dataclass(frozen=True)
class Copilot:
    """Worker and API of one stack; `knowledge` is their environment for knowledge and model."""

    settings: ContainerSettings
    stores: Stores
    sources: Sources
    knowledge: Mapping[str, StringInput]

    def jobs(self) -> Iterator[Job]:
        store = self.stores.copilot
        yield Job(
            name=SCHEMA_JOB,
            image="copilot",
            purpose="brings the Copilot's store up to date",
            memory_mb=192,
            entrypoint=("sh", "-c"),
            command=(self._command("copilot.store.migrate"),),
            environment=self._store_environment(),
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

    def sources_job(self) -> Job:
        """Fails where the worker could not use the sources."""
        access, store = self.sources.access, self.stores.copilot
        return Job(
            name=SOURCES_JOB,
            image="copilot",
            purpose="checks that the monitored cluster's metrics store and frontend can be used",
            memory_mb=192,
            entrypoint=("sh", "-c"),
            command=(self._command("copilot check"),),
            environment={
                **self._store_environment(),
                **self.sources.environment,
                **access.environment,
            },
            files=(*store.files, *access.files),
            mounts=access.mounts,
            user=access.user,
            reaches_host=access.reaches_host,
        )

    def services(self) -> Iterator[Service]:
        yield self._part(
            name=WORKER,
            purpose="evaluates the monitored cluster and explains its state",
            memory_mb=384,
            port=WORKER_PORT,
            # Ready means that there is a verdict, and that cycles go on.
            path="/readyz",
            start_period=30 + 2 * self.settings.cycle_seconds + self.settings.short_window_seconds,
            needs=(SCHEMA_JOB, COPILOT_NAMESPACE_JOB, *self.sources.needs),
            after=self.sources.after,
            ports=(),
            access=self.sources.access,
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
            ports=(Port(API, API_PORT, self.settings.port(API, API_PORT), page=""),),
            access=self.sources.api_access,
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
        access: SourceAccess,
    ) -> Service:
        check = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}{path}', timeout=3)"
        return Service(
            name=name,
            image="copilot",
            purpose=purpose,
            memory_mb=memory_mb,
            entrypoint=("sh", "-c"),
            command=(self._command(name.replace("-", ".")),),
            environment={**self._environment(), **access.environment},
            files=(*self.stores.copilot.files, *access.files),
            mounts=(*self.stores.access.mounts, *access.mounts),
            user=self.stores.access.user or access.user,
            # Each attempt starts Python, so they are rarer than the cheap ones.
            health=Probe(
                ("python", "-c", check), interval=2, retries=150, start_period=start_period
            ),
            needs=needs,
            after=after,
            ports=ports,
            cluster="copilot",
            metrics_port=port,
            reaches_host=access.reaches_host,
        )

    def _command(self, module: str) -> str:
        """A shell command that reads secrets from files: `docker inspect` shows the environment."""
        secrets = self.stores.copilot.secret_variables
        read = "".join(
            f"{name}=$(cat {path}) && export {name} && " for name, path in secrets.items()
        )
        return f"{read}exec python -m {module}"

    def _store_environment(self) -> Mapping[str, StringInput]:
        # No more than the job reads: any other change would run it again.
        return {
            **self.stores.access.environment,
            **self.stores.copilot.environment,
            "COPILOT_LOG_LEVEL": _LOG_LEVELS[self.settings.log_level],
        }

    def _environment(self) -> Mapping[str, StringInput]:
        return {
            **variables_of(self.settings, CycleSettings),
            **self._store_environment(),
            **self.sources.environment,
            **self.knowledge,
            "COPILOT_API_HOST": "0.0.0.0",  # noqa: S104
            "COPILOT_API_PORT": str(API_PORT),
            "COPILOT_WORKER_HOST": "0.0.0.0",  # noqa: S104
            "COPILOT_WORKER_PORT": str(WORKER_PORT),
            "TEMPORAL_ADDRESS": f"{COPILOT_TEMPORAL}:{GRPC_PORT}",
            "TEMPORAL_NAMESPACE": NAMESPACE,
        }


def variables_of(settings: ContainerSettings, group: type[BaseModel]) -> dict[str, str]:
    """The Copilot's environment for a group of its settings that the stack's settings inherit."""
    return {variable(name): str(getattr(settings, name)) for name in group.model_fields}
