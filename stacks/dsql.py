"""Aurora DSQL for both Temporal clusters and the Copilot, Elasticsearch for visibility."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from components.service import File, Job, Mount, Overwrite, Port, Probe, Service, Text
from components.text import made_of
from grafana import dsql as shown
from grafana.render import rendered
from stacks.dashboards import dashboard_file
from stacks.stores import (
    CONNECT_ATTRIBUTES,
    CONNECTION_TIMEOUT,
    Access,
    CopilotStore,
    TemporalStore,
)
from stacks.templates import template

ELASTICSEARCH = "elasticsearch"
DATABASE = "postgres"
"""The only database of an Aurora DSQL cluster."""
PORT = 5432
MONITORED_INDEX = "temporal_visibility_v1_dev"
COPILOT_INDEX = "temporal_visibility_v1_copilot"
"""Both names match the pattern of Temporal's index template, or they would have no mappings."""
# DSQL ends each connection after 60 minutes.
_CONNECTION_LIFETIME = "55m"
_SCHEMA_JOB = "temporal-schema"
_COPILOT_SCHEMA_JOB = "copilot-temporal-schema"
# By the job that makes the schema of the same cluster.
_INDICES = {_SCHEMA_JOB: MONITORED_INDEX, _COPILOT_SCHEMA_JOB: COPILOT_INDEX}
_PLUGIN = "dsql"
_ES_PORT = 9200
_ES_VERSION = "v8"
# A store far away, with a token for each connection, takes longer than one on this machine.
_START_SECONDS = 240
_INDICES_JOB = "visibility-indices"
_INDICES_SCRIPT = "/etc/copilot/create-indices.sh"
_SCHEMA_SCRIPT = "/etc/copilot/create-dsql-schema.sh"
_TABLES_NAME = "dsql-tables.txt"
_TABLES = f"/etc/copilot/{_TABLES_NAME}"


@dataclass(frozen=True)
class Dsql:
    """Two Aurora DSQL clusters, and one Elasticsearch, which holds what DSQL cannot."""

    monitored_endpoint: Text
    copilot_endpoint: Text
    access: Access
    schema_version: str
    sql_max_conns: int
    copilot_sql_max_conns: int
    reservoir_target: int
    elasticsearch_port: int
    ulimits: Mapping[str, int]
    server_image: str = "temporal_dsql"

    @property
    def services(self) -> tuple[Service, ...]:
        watermark = "cluster.routing.allocation.disk.watermark"
        health = f"http://127.0.0.1:{_ES_PORT}/_cluster/health?wait_for_status=yellow&timeout=1s"
        return (
            Service(
                name=ELASTICSEARCH,
                image="elasticsearch",
                purpose="visibility of both Temporal clusters",
                memory_mb=896,
                environment={
                    "ES_JAVA_OPTS": "-Xms256m -Xmx256m",
                    "cluster.routing.allocation.disk.threshold_enabled": "true",
                    f"{watermark}.flood_stage": "128mb",
                    f"{watermark}.high": "256mb",
                    f"{watermark}.low": "512mb",
                    "discovery.type": "single-node",
                    "xpack.security.enabled": "false",
                },
                mounts=(Mount("/usr/share/elasticsearch/data", volume="elasticsearch-data"),),
                health=Probe(("curl", "-fsS", "-o", "/dev/null", health), retries=120),
                ports=(Port(ELASTICSEARCH, _ES_PORT, self.elasticsearch_port, page=""),),
                capabilities=("CAP_IPC_LOCK",),
                ulimits=self.ulimits,
                stop_seconds=10,
            ),
        )

    @property
    def jobs(self) -> tuple[Job, ...]:
        return (
            Job(
                name=_INDICES_JOB,
                image="admin_tools",
                purpose="creates the visibility indices of both Temporal clusters",
                memory_mb=128,
                entrypoint=("sh",),
                command=(_INDICES_SCRIPT, *_INDICES.values()),
                environment={"ES_SERVER": f"http://{ELASTICSEARCH}:{_ES_PORT}"},
                files=(File(_INDICES_SCRIPT, template("elasticsearch", "create-indices.sh")),),
                needs=(ELASTICSEARCH,),
                redo_with=(ELASTICSEARCH,),
                overwrites={
                    job: Overwrite(
                        (_INDICES_SCRIPT, "--overwrite", index, *_INDICES.values()),
                        endpoint,
                        f"the index {index} of {ELASTICSEARCH}",
                    )
                    for (job, index), endpoint in zip(
                        _INDICES.items(),
                        (self.monitored_endpoint, self.copilot_endpoint),
                        strict=True,
                    )
                },
            ),
            self._schema_job(_SCHEMA_JOB, self.monitored_endpoint, "the shared cluster"),
            self._schema_job(
                _COPILOT_SCHEMA_JOB, self.copilot_endpoint, "the Copilot's own cluster"
            ),
        )

    @property
    def monitored(self) -> TemporalStore:
        return TemporalStore(
            default=_server_store(self.monitored_endpoint, self.sql_max_conns),
            visibility=_visibility(MONITORED_INDEX),
            needs=(_SCHEMA_JOB, _INDICES_JOB),
            start_seconds=_START_SECONDS,
            environment={
                **self._environment,
                "DSQL_RESERVOIR_BASE_LIFETIME": "11m",
                "DSQL_RESERVOIR_ENABLED": "true",
                "DSQL_RESERVOIR_GUARD_WINDOW": "45s",
                "DSQL_RESERVOIR_LIFETIME_JITTER": "2m",
                "DSQL_RESERVOIR_TARGET_READY": str(self.reservoir_target),
            },
        )

    @property
    def copilot_temporal(self) -> TemporalStore:
        return TemporalStore(
            default=_server_store(self.copilot_endpoint, self.copilot_sql_max_conns),
            visibility=_visibility(COPILOT_INDEX),
            needs=(_COPILOT_SCHEMA_JOB, _INDICES_JOB),
            start_seconds=_START_SECONDS,
            environment={**self._environment, "DSQL_RESERVOIR_ENABLED": "false"},
        )

    @property
    def copilot(self) -> CopilotStore:
        return CopilotStore(
            host=self.copilot_endpoint,
            environment={
                "COPILOT_DSQL_DATABASE": DATABASE,
                "COPILOT_DSQL_HOST": self.copilot_endpoint,
            },
            # Its schema is in the same database as that of its Temporal, whose set-up begins by
            # looking whether anyone else is there.
            needs=(_COPILOT_SCHEMA_JOB,),
        )

    @property
    def dashboard(self) -> File:
        endpoints = {"monitored": self.monitored_endpoint, "copilot": self.copilot_endpoint}

        def of_clusters(**endpoints: str) -> str:
            # An endpoint begins with its cluster's identifier.
            identifiers = {name: endpoint.split(".")[0] for name, endpoint in endpoints.items()}
            return rendered(shown.dashboard(identifiers))

        return dashboard_file(shown.dashboard({}), made_of(endpoints, of_clusters))

    @property
    def described(self) -> Mapping[str, Text]:
        return {
            "temporal_sql_host": self.monitored_endpoint,
            "temporal_sql_port": str(PORT),
            "temporal_sql_database": DATABASE,
            "temporal_sql_user": "admin",
            "temporal_sql_plugin_name": _PLUGIN,
            "temporal_sql_tls_enabled": "true",
            "temporal_sql_iam_auth": "true",
            "temporal_sql_max_conns": str(self.sql_max_conns),
            "temporal_sql_connection_timeout": CONNECTION_TIMEOUT,
            "temporal_sql_max_conn_lifetime": _CONNECTION_LIFETIME,
            "temporal_elasticsearch_host": ELASTICSEARCH,
            "temporal_elasticsearch_port": str(_ES_PORT),
            "temporal_elasticsearch_scheme": "http",
            "temporal_elasticsearch_version": _ES_VERSION,
            "temporal_elasticsearch_index": MONITORED_INDEX,
            "dsql_reservoir_enabled": "true",
        }

    @property
    def _environment(self) -> dict[str, str]:
        # The plugin signs with REGION, and its other parts read AWS_REGION only.
        return {
            "DSQL_STAGGERED_STARTUP": "false",
            "DSQL_TOKEN_DURATION": "2m",
            "REGION": self.access.environment["AWS_REGION"],
        }

    def _schema_job(self, name: str, endpoint: Text, cluster: str) -> Job:
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


def _server_store(endpoint: Text, connections: int) -> Text:
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
                    # Equal, or the pool decays and every burst opens new connections.
                    "maxIdleConns": connections,
                    "maxConnLifetime": _CONNECTION_LIFETIME,
                    "tls": {"enabled": True, "enableHostVerification": True},
                }
            }
        )

    return made_of({"endpoint": endpoint}, store)


def _visibility(index: str) -> str:
    return json.dumps(
        {
            "elasticsearch": {
                "version": _ES_VERSION,
                "url": {"scheme": "http", "host": f"{ELASTICSEARCH}:{_ES_PORT}"},
                "indices": {"visibility": index},
                "logLevel": "error",
            }
        }
    )
