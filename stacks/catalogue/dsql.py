"""Aurora DSQL for both Temporal clusters and the Copilot, Elasticsearch for visibility."""

import json
from dataclasses import dataclass, replace

from components.inputs import StringInput, apply
from components.workload import File, Job, Overwrite, Service
from grafana.dashboards import dsql as dsql_dashboard
from grafana.render.dashboard import render_dashboard
from stacks.catalogue.elasticsearch import (
    COPILOT_INDEX,
    INDICES_JOB,
    MONITORED_INDEX,
    Elasticsearch,
    visibility_store,
)
from stacks.catalogue.files import template
from stacks.catalogue.grafana import dashboard_file
from stacks.catalogue.stores import (
    CONNECT_ATTRIBUTES,
    CONNECTION_TIMEOUT,
    Access,
    CopilotStore,
    TemporalStore,
)
from stacks.outputs import StoreOutputs

DATABASE = "postgres"
"""The only database of an Aurora DSQL cluster."""
PORT = 5432
# DSQL ends each connection after 60 minutes.
_CONNECTION_LIFETIME = "55m"
_SCHEMA_JOB = "temporal-schema"
_COPILOT_SCHEMA_JOB = "copilot-temporal-schema"
_PLUGIN = "dsql"
# A remote store, with a token for each connection, takes longer than a local one.
_START_SECONDS = 240
_SCHEMA_SCRIPT = "/etc/copilot/create-dsql-schema.sh"
_TABLES_NAME = "dsql-tables.txt"
_TABLES = f"/etc/copilot/{_TABLES_NAME}"


@dataclass(frozen=True)
class Dsql:
    """Two Aurora DSQL clusters, and one Elasticsearch for visibility, which DSQL cannot hold."""

    monitored_endpoint: StringInput
    copilot_endpoint: StringInput
    access: Access
    schema_version: str
    sql_max_conns: int
    copilot_sql_max_conns: int
    reservoir_target: int
    elasticsearch: Elasticsearch
    server_image: str = "temporal_dsql"

    @property
    def services(self) -> tuple[Service, ...]:
        return (self.elasticsearch.service,)

    @property
    def jobs(self) -> tuple[Job, ...]:
        indices = {
            _SCHEMA_JOB: (MONITORED_INDEX, self.monitored_endpoint),
            _COPILOT_SCHEMA_JOB: (COPILOT_INDEX, self.copilot_endpoint),
        }
        return (
            replace(self.elasticsearch, schemas=indices).job,
            self._schema_job(_SCHEMA_JOB, self.monitored_endpoint, "the shared cluster"),
            self._schema_job(
                _COPILOT_SCHEMA_JOB, self.copilot_endpoint, "the Copilot's own cluster"
            ),
        )

    @property
    def monitored(self) -> TemporalStore:
        return TemporalStore(
            default=_server_store(self.monitored_endpoint, self.sql_max_conns),
            visibility=visibility_store(MONITORED_INDEX),
            needs=(_SCHEMA_JOB, INDICES_JOB),
            start_seconds=_START_SECONDS,
            environment={
                **self._environment,
                "DSQL_RESERVOIR_BASE_LIFETIME": "11m",
                "DSQL_RESERVOIR_ENABLED": "true",
                "DSQL_RESERVOIR_GUARD_WINDOW": "45s",
                "DSQL_RESERVOIR_LIFETIME_JITTER": "2m",
                "DSQL_RESERVOIR_TARGET_READY": str(self.reservoir_target),
            },
            dynamic_configuration=template("temporal", "dynamic-dsql.yaml"),
        )

    @property
    def copilot_temporal(self) -> TemporalStore:
        return TemporalStore(
            default=_server_store(self.copilot_endpoint, self.copilot_sql_max_conns),
            visibility=visibility_store(COPILOT_INDEX),
            needs=(_COPILOT_SCHEMA_JOB, INDICES_JOB),
            start_seconds=_START_SECONDS,
            environment={**self._environment, "DSQL_RESERVOIR_ENABLED": "false"},
            dynamic_configuration=template("temporal", "dynamic-dsql.yaml"),
        )

    @property
    def copilot(self) -> CopilotStore:
        return CopilotStore(
            host=self.copilot_endpoint,
            environment={
                "COPILOT_DSQL_DATABASE": DATABASE,
                "COPILOT_DSQL_HOST": self.copilot_endpoint,
            },
            # Both schemas are in one database, and Temporal's set-up expects an empty one.
            needs=(_COPILOT_SCHEMA_JOB,),
        )

    @property
    def dashboard(self) -> File:
        def render(**endpoints: str) -> str:
            # An endpoint begins with its cluster's identifier.
            identifiers = {name: endpoint.split(".")[0] for name, endpoint in endpoints.items()}
            return render_dashboard(dsql_dashboard.dashboard(identifiers))

        content = apply(render, monitored=self.monitored_endpoint, copilot=self.copilot_endpoint)
        return dashboard_file(dsql_dashboard.dashboard({}), content)

    @property
    def outputs(self) -> StoreOutputs:
        return StoreOutputs(
            temporal_sql_host=self.monitored_endpoint,
            temporal_sql_port=str(PORT),
            temporal_sql_database=DATABASE,
            temporal_sql_user="admin",
            temporal_sql_plugin_name=_PLUGIN,
            temporal_sql_tls_enabled="true",
            temporal_sql_iam_auth="true",
            temporal_sql_max_conns=str(self.sql_max_conns),
            temporal_sql_connection_timeout=CONNECTION_TIMEOUT,
            temporal_sql_max_conn_lifetime=_CONNECTION_LIFETIME,
            dsql_reservoir_enabled="true",
            **self.elasticsearch.outputs,
        )

    @property
    def _environment(self) -> dict[str, str]:
        # The plugin signs requests with REGION; its other parts read AWS_REGION.
        return {
            "DSQL_STAGGERED_STARTUP": "false",
            "DSQL_TOKEN_DURATION": "2m",
            "REGION": self.access.environment["AWS_REGION"],
        }

    def _schema_job(self, name: str, endpoint: StringInput, cluster: str) -> Job:
        command = (_SCHEMA_SCRIPT, endpoint, self.schema_version, _TABLES)
        tables = template("temporal", _TABLES_NAME)
        return Job(
            name=name,
            image="temporal_dsql",
            purpose=f"creates Temporal's schema on {cluster}",
            memory_mb=192,
            entrypoint=("sh",),
            command=command,
            environment=self.access.environment,
            files=(
                File(_SCHEMA_SCRIPT, template("temporal", "create-dsql-schema.sh")),
                File(_TABLES, tables),
            ),
            mounts=self.access.mounts,
            user=self.access.user,
            overwrites={
                name: Overwrite(
                    (*command, "--overwrite"),
                    endpoint,
                    f"the tables {', '.join(tables.split())}",
                )
            },
        )


def _server_store(endpoint: StringInput, connections: int) -> StringInput:
    def store(endpoint: str) -> str:
        return json.dumps(
            {
                "sql": {
                    "pluginName": _PLUGIN,
                    "databaseName": DATABASE,
                    "connectAddr": f"{endpoint}:{PORT}",
                    "connectProtocol": "tcp",
                    "connectAttributes": CONNECT_ATTRIBUTES,
                    "maxConns": connections,
                    # Equal to maxConns, or every burst opens new connections.
                    "maxIdleConns": connections,
                    "maxConnLifetime": _CONNECTION_LIFETIME,
                    "tls": {"enabled": True, "enableHostVerification": True},
                }
            }
        )

    return apply(store, endpoint=endpoint)
