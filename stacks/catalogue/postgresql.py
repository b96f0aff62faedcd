"""PostgreSQL in a container, for both Temporal clusters and the Copilot."""

import json
import math
from dataclasses import dataclass, replace
from urllib.parse import quote

from components.inputs import StringInput, apply
from components.workload import File, Job, Mount, Overwrite, Probe, Service
from copilot.signals.roles import Role
from grafana.dashboards import postgresql as postgresql_dashboard
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
    NO_ACCESS,
    STORE_STOP_SECONDS,
    Access,
    CopilotStore,
    TemporalStore,
)
from stacks.outputs import StoreOutputs

NAME = "postgresql"
PORT = 5432
USER = "postgres"
COPILOT_DATABASE = "copilot"
_PLUGIN = "postgres12"
_CONNECTION_LIFETIME = "1h"
_VISIBILITY_CONNECTIONS = 10
# For jobs, the Copilot, and people.
_OTHER_CONNECTIONS = 60
# A new limit replaces the server, on which everything depends, so it grows by large steps only. A
# connection that is not used costs about 20 kB.
_CONNECTIONS_STEP = 1000
_SCHEMA_JOB = "temporal-schema"
_COPILOT_SCHEMA_JOB = "copilot-temporal-schema"
_PASSWORD_FILE = "/run/secrets/database-password"  # noqa: S105
_URL_FILE = "/run/secrets/copilot-database-url"
_SCRIPT_NAME = "create-postgresql-schema.sh"
_SCRIPT = f"/etc/copilot/{_SCRIPT_NAME}"


@dataclass(frozen=True)
class PostgreSQL:
    """One PostgreSQL server for all stores; for visibility, Elasticsearch instead if it is set.

    The databases for visibility are there in both cases. `sql_max_conns` is 0 without a monitored
    cluster.
    """

    password: StringInput
    sql_max_conns: int
    copilot_sql_max_conns: int
    elasticsearch: Elasticsearch | None = None
    server_image: str = "temporal_server"
    access: Access = NO_ACCESS

    @property
    def services(self) -> tuple[Service, ...]:
        # Each role has its own connections, also where one process has all roles.
        needed = _OTHER_CONNECTIONS + len(Role) * (
            self.sql_max_conns + self.copilot_sql_max_conns + 2 * _VISIBILITY_CONNECTIONS
        )
        connections = math.ceil(needed / _CONNECTIONS_STEP) * _CONNECTIONS_STEP
        return (
            Service(
                name=NAME,
                image="postgres",
                purpose="stores of Temporal and of the Copilot",
                memory_mb=768,
                command=("postgres", "-c", f"max_connections={connections}"),
                environment={
                    "POSTGRES_DB": COPILOT_DATABASE,
                    "POSTGRES_PASSWORD_FILE": _PASSWORD_FILE,
                    "POSTGRES_USER": USER,
                },
                files=(self._password_file,),
                mounts=(Mount("/var/lib/postgresql/data", volume="postgresql-data"),),
                user="postgres",
                # By TCP: while the data is initialised, the server listens on a Unix socket only.
                health=Probe(
                    ("pg_isready", "-q", "-h", "127.0.0.1", "-U", USER, "-d", COPILOT_DATABASE)
                ),
                stop_seconds=STORE_STOP_SECONDS,
            ),
            *((self.elasticsearch.service,) if self.elasticsearch else ()),
        )

    @property
    def jobs(self) -> tuple[Job, ...]:
        schemas = (
            self._schema_job(_SCHEMA_JOB, "temporal"),
            self._schema_job(_COPILOT_SCHEMA_JOB, "copilot_temporal"),
        )
        if not self.elasticsearch:
            return schemas
        indices = {
            _SCHEMA_JOB: (MONITORED_INDEX, NAME),
            _COPILOT_SCHEMA_JOB: (COPILOT_INDEX, NAME),
        }
        return (*schemas, replace(self.elasticsearch, schemas=indices).job)

    @property
    def monitored(self) -> TemporalStore:
        return self._temporal_store("temporal", self.sql_max_conns, _SCHEMA_JOB, MONITORED_INDEX)

    @property
    def copilot_temporal(self) -> TemporalStore:
        return self._temporal_store(
            "copilot_temporal", self.copilot_sql_max_conns, _COPILOT_SCHEMA_JOB, COPILOT_INDEX
        )

    @property
    def copilot(self) -> CopilotStore:
        def url(password: str) -> str:
            return (
                f"postgresql://{USER}:{quote(password, safe='')}@{NAME}:{PORT}/{COPILOT_DATABASE}"
            )

        return CopilotStore(
            host=NAME,
            environment={},
            secret_variables={"COPILOT_DATABASE_URL": _URL_FILE},
            files=(File(_URL_FILE, apply(url, password=self.password)),),
            needs=(NAME,),
        )

    @property
    def dashboard(self) -> File:
        return dashboard_file(postgresql_dashboard.DASHBOARD)

    @property
    def outputs(self) -> StoreOutputs:
        return StoreOutputs(
            temporal_sql_host=NAME,
            temporal_sql_port=str(PORT),
            temporal_sql_database="temporal",
            temporal_sql_user=USER,
            temporal_sql_plugin_name=_PLUGIN,
            temporal_sql_tls_enabled="false",
            temporal_sql_iam_auth="false",
            temporal_sql_max_conns=str(self.sql_max_conns),
            temporal_sql_connection_timeout=CONNECTION_TIMEOUT,
            temporal_sql_max_conn_lifetime=_CONNECTION_LIFETIME,
            dsql_reservoir_enabled="false",
            **(self.elasticsearch.outputs if self.elasticsearch else {}),
        )

    @property
    def _password_file(self) -> File:
        return File(_PASSWORD_FILE, self.password)

    def _temporal_store(
        self, database: str, connections: int, schema_job: str, index: str
    ) -> TemporalStore:
        default = self._server_store(database, connections)
        if self.elasticsearch:
            return TemporalStore(default, visibility_store(index), (schema_job, INDICES_JOB))
        visibility = self._server_store(f"{database}_visibility", _VISIBILITY_CONNECTIONS)
        return TemporalStore(default, visibility, (schema_job,))

    def _server_store(self, database: str, connections: int) -> StringInput:
        def store(password: str) -> str:
            return json.dumps(
                {
                    "sql": {
                        "pluginName": _PLUGIN,
                        "databaseName": database,
                        "connectAddr": f"{NAME}:{PORT}",
                        "connectProtocol": "tcp",
                        "connectAttributes": CONNECT_ATTRIBUTES,
                        "user": USER,
                        "password": password,
                        "maxConns": connections,
                        "maxIdleConns": connections,
                        "maxConnLifetime": _CONNECTION_LIFETIME,
                    }
                }
            )

        return apply(store, password=self.password)

    def _schema_job(self, name: str, database: str) -> Job:
        command = (_SCRIPT, database, _PASSWORD_FILE)
        return Job(
            name=name,
            image="admin_tools",
            purpose=f"creates the databases {database} and {database}_visibility",
            memory_mb=128,
            entrypoint=("sh",),
            command=command,
            environment={
                "SQL_HOST": NAME,
                "SQL_PLUGIN": _PLUGIN,
                "SQL_PORT": str(PORT),
                "SQL_USER": USER,
            },
            files=(self._password_file, File(_SCRIPT, template("temporal", _SCRIPT_NAME))),
            needs=(NAME,),
            redo_with=(NAME,),
            overwrites={
                name: Overwrite(
                    (*command, "--overwrite"),
                    NAME,
                    f"the databases {database} and {database}_visibility",
                )
            },
        )
