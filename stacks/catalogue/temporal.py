"""The Temporal clusters: the monitored one in four services, the Copilot's own in one."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from components.inputs import StringInput
from components.workload import NOBODY, Cluster, File, Job, Port, Probe, Service
from copilot.signals.roles import Role
from stacks.catalogue.files import filled, template
from stacks.catalogue.stores import Stores, TemporalStore
from stacks.jobs.register_namespaces import KEEP_RETENTION
from stacks.settings import (
    NEW_NAMESPACE_RETENTION_DAYS,
    ContainerSettings,
    EnvironmentSettings,
)

FRONTEND = Role.FRONTEND.job
COPILOT_TEMPORAL = "copilot-temporal"
NAMESPACE = "default"
"""Namespace of the Copilot's own workflows."""
NAMESPACES_JOB = "temporal-namespaces"
COPILOT_NAMESPACE_JOB = "copilot-temporal-namespace"
GRPC_PORT = 7233
HTTP_PORT = 8233
METRICS_PORT = 9090
_CONFIG = "/etc/temporal/server.yaml"
_DYNAMIC = "/etc/temporal/dynamic.yaml"
_NAMESPACE_SCRIPT = "/etc/copilot/register_namespaces.py"
# Each role's port for gRPC and for membership.
_ROLE_PORTS = {
    Role.FRONTEND: (GRPC_PORT, 6933),
    Role.HISTORY: (7234, 6934),
    Role.MATCHING: (7235, 6935),
    Role.WORKER: (7239, 6939),
}
# A role takes 120 to 170 MB on PostgreSQL, more with connections to Aurora DSQL.
_MEMORY_MB = {Role.FRONTEND: 320, Role.HISTORY: 512, Role.MATCHING: 320, Role.WORKER: 256}


@dataclass(frozen=True)
class CopilotTemporal:
    """The Copilot's own cluster, on the stack's stores."""

    settings: ContainerSettings
    stores: Stores

    def services(self) -> Iterator[Service]:
        yield self._server(
            name=COPILOT_TEMPORAL,
            purpose="the Copilot's own Temporal, all roles in one process",
            memory_mb=512,
            cluster="copilot",
            store=self.stores.copilot_temporal,
            frontend=COPILOT_TEMPORAL,
            roles=(),
            probe_port=GRPC_PORT,
            needs=(),
            ports=self._published(COPILOT_TEMPORAL, 7243, 8243),
        )

    def jobs(self) -> Iterator[Job]:
        yield self._namespaces(
            COPILOT_NAMESPACE_JOB,
            COPILOT_TEMPORAL,
            (NAMESPACE,),
            needs=(COPILOT_TEMPORAL,),
            store=self.stores.copilot_temporal,
        )

    def _server(
        self,
        *,
        name: str,
        purpose: str,
        memory_mb: int,
        cluster: Cluster,
        store: TemporalStore,
        frontend: str,
        roles: tuple[str, ...],
        probe_port: int,
        needs: tuple[str, ...],
        ports: tuple[Port, ...],
    ) -> Service:
        access = self.stores.access
        return Service(
            name=name,
            image=self.stores.server_image,
            purpose=purpose,
            memory_mb=memory_mb,
            # The image's entry point drops the arguments.
            entrypoint=("temporal-server",),
            command=("--config-file", _CONFIG, "--allow-no-auth", "start", *roles),
            environment={**access.environment, **store.environment},
            files=(
                File(_CONFIG, self._config(store, frontend)),
                File(_DYNAMIC, template("temporal", "dynamic.yaml") + store.dynamic_configuration),
            ),
            mounts=access.mounts,
            user=access.user,
            # The server listens on the container's address, and not on 127.0.0.1.
            health=Probe(
                ("CMD-SHELL", f'nc -z "$(hostname -i)" {probe_port}'),
                start_period=store.start_seconds,
            ),
            needs=(*store.needs, *needs),
            ports=ports,
            cluster=cluster,
            metrics_port=METRICS_PORT,
        )

    def _config(self, store: TemporalStore, frontend: str) -> StringInput:
        ports = {
            f"{role}_{kind}": str(port)
            for role, pair in _ROLE_PORTS.items()
            for kind, port in zip(("port", "membership_port"), pair, strict=True)
        }
        return filled(
            "temporal",
            "server.yaml",
            **ports,
            log_level=self.settings.log_level,
            history_shards=str(self.settings.history_shards),
            default_store=store.default,
            visibility_store=store.visibility,
            broadcast_address="",
            bind_on_localhost="false",
            metrics_address=f"0.0.0.0:{METRICS_PORT}",
            frontend_http_port=str(HTTP_PORT),
            cluster_name="active",
            rpc_address=f"{frontend}:{GRPC_PORT}",
            dynamic_config_file=_DYNAMIC,
            dynamic_config_poll="60s",
        )

    def _published(self, name: str, grpc: int, http: int) -> tuple[Port, ...]:
        name_http = f"{name}-http"
        return (
            Port(name, GRPC_PORT, self.settings.port(name, grpc)),
            Port(name_http, HTTP_PORT, self.settings.port(name_http, http), page=""),
        )

    def _namespaces(
        self,
        name: str,
        frontend: str,
        namespaces: tuple[str, ...],
        *,
        needs: tuple[str, ...],
        store: TemporalStore,
    ) -> Job:
        script = (
            resources.files("stacks.jobs").joinpath("register_namespaces.py").read_text("utf-8")
        )
        days = self.settings.namespace_retention_days
        # A default must not shorten a retention that somebody set.
        keep = () if days else (KEEP_RETENTION,)
        return Job(
            name=name,
            image="python",
            purpose=f"registers {', '.join(namespaces)} on {frontend}",
            memory_mb=64,
            entrypoint=("python", _NAMESPACE_SCRIPT),
            command=(
                *keep,
                f"http://{frontend}:{HTTP_PORT}",
                str(days or NEW_NAMESPACE_RETENTION_DAYS),
                *namespaces,
            ),
            files=(File(_NAMESPACE_SCRIPT, script),),
            user=NOBODY,
            needs=needs,
            redo_with=store.needs,
        )


@dataclass(frozen=True)
class BothTemporals(CopilotTemporal):
    """The monitored cluster too, and the pages of both."""

    settings: EnvironmentSettings

    def services(self) -> Iterator[Service]:
        # On an empty database one process must start alone, or the others exit.
        yield self._role(Role.HISTORY, "state and timers of workflows", needs=())
        yield self._role(Role.MATCHING, "hands tasks to workers", needs=(Role.HISTORY.job,))
        yield self._role(
            Role.FRONTEND,
            "API of the monitored cluster",
            needs=(Role.HISTORY.job,),
            ports=self._published(FRONTEND, GRPC_PORT, HTTP_PORT),
        )
        yield self._role(Role.WORKER, "Temporal's own workflows", needs=(FRONTEND,))
        yield from super().services()
        yield self._ui("temporal-ui", FRONTEND, "monitored cluster", 8080)
        yield self._ui("copilot-ui", COPILOT_TEMPORAL, "Copilot's workflows", 8082)

    def jobs(self) -> Iterator[Job]:
        yield self._namespaces(
            NAMESPACES_JOB,
            FRONTEND,
            self.settings.monitored_namespaces,
            needs=(FRONTEND, Role.MATCHING.job),
            store=self.stores.monitored,
        )
        yield from super().jobs()

    def _role(
        self, role: Role, purpose: str, *, needs: tuple[str, ...], ports: tuple[Port, ...] = ()
    ) -> Service:
        return self._server(
            name=role.job,
            purpose=purpose,
            memory_mb=_MEMORY_MB[role],
            cluster="monitored",
            store=self.stores.monitored,
            frontend=FRONTEND,
            roles=("--service", role),
            probe_port=_ROLE_PORTS[role][0],
            needs=needs,
            ports=ports,
        )

    def _ui(self, name: str, frontend: str, shows: str, port: int) -> Service:
        port = self.settings.port(name, port)
        return Service(
            name=name,
            image="temporal_ui",
            purpose=f"Temporal's page for the {shows}",
            memory_mb=128,
            environment={
                "TEMPORAL_ADDRESS": f"{frontend}:{GRPC_PORT}",
                "TEMPORAL_CORS_ORIGINS": f"http://127.0.0.1:{port},http://localhost:{port}",
                # Needs the internet.
                "TEMPORAL_NOTIFY_ON_NEW_VERSION": "false",
            },
            # The image has this user, which owns its files, but starts as root.
            user="temporal",
            # It logs every request, but no connection.
            health=Probe(("nc", "-z", "127.0.0.1", "8080")),
            needs=(frontend,),
            ports=(Port(name, 8080, port, page=""),),
        )
