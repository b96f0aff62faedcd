"""PostgreSQL in a container, for everything: both Temporal clusters and the Copilot."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from components.service import File, Job, Mount, Overwrite, Probe, Service, Text
from components.text import made_of
from grafana import postgresql as shown
from stacks.dashboards import dashboard_file
from stacks.stores import (
    CONNECT_ATTRIBUTES,
    CONNECTION_TIMEOUT,
    NO_ACCESS,
    Access,
    CopilotStore,
    TemporalStore,
)
from stacks.templates import template

NAME = "postgresql"
PORT = 5432
USER = "postgres"
COPILOT_DATABASE = "copilot"
_PLUGIN = "postgres12"
_CONNECTION_LIFETIME = "1h"
_VISIBILITY_CONNECTIONS = 10
# Temporal's roles; each has its own connections, in one process too.
_ROLES = 4
# For jobs, the Copilot, and people.
_OTHER_CONNECTIONS = 60
_PASSWORD_FILE = "/run/secrets/database-password"  # noqa: S105
_URL_FILE = "/run/secrets/copilot-database-url"
_SCRIPT_NAME = "create-postgresql-schema.sh"
_SCRIPT = f"/etc/copilot/{_SCRIPT_NAME}"


@dataclass(frozen=True)
class PostgreSQL:
    """All stores in one PostgreSQL server, visibility too."""

    password: Text
    sql_max_conns: int
    copilot_sql_max_conns: int
    server_image: str = "temporal_server"
    access: Access = NO_ACCESS

    @property
    def services(self) -> tuple[Service, ...]:
        connections = _ROLES * (self.sql_max_conns + self.copilot_sql_max_conns)
        connections += 2 * _ROLES * _VISIBILITY_CONNECTIONS + _OTHER_CONNECTIONS
        return (
            Service(
                name=NAME,
                image="postgres",
                purpose="stores of both Temporal clusters and of the Copilot",
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
                # By TCP, because the server that initialises the data listens on a socket only.
                health=Probe(
                    ("pg_isready", "-q", "-h", "127.0.0.1", "-U", USER, "-d", COPILOT_DATABASE)
                ),
                stop_seconds=10,
            ),
        )

    @property
    def jobs(self) -> tuple[Job, ...]:
        return (
            self._schema_job("temporal-schema", "temporal"),
            self._schema_job("copilot-temporal-schema", "copilot_temporal"),
        )

    @property
    def monitored(self) -> TemporalStore:
        return self._temporal_store("temporal", self.sql_max_conns, "temporal-schema")

    @property
    def copilot_temporal(self) -> TemporalStore:
        return self._temporal_store(
            "copilot_temporal", self.copilot_sql_max_conns, "copilot-temporal-schema"
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
            files=(File(_URL_FILE, made_of({"password": self.password}, url)),),
            needs=(NAME,),
        )

    @property
    def dashboard(self) -> File:
        return dashboard_file(shown.DASHBOARD)

    @property
    def described(self) -> Mapping[str, Text]:
        return {
            "temporal_sql_host": NAME,
            "temporal_sql_port": str(PORT),
            "temporal_sql_database": "temporal",
            "temporal_sql_user": USER,
            "temporal_sql_plugin_name": _PLUGIN,
            "temporal_sql_tls_enabled": "false",
            "temporal_sql_iam_auth": "false",
            "temporal_sql_max_conns": str(self.sql_max_conns),
            "temporal_sql_connection_timeout": CONNECTION_TIMEOUT,
            "temporal_sql_max_conn_lifetime": _CONNECTION_LIFETIME,
            "temporal_elasticsearch_host": "",
            "temporal_elasticsearch_port": "",
            "temporal_elasticsearch_scheme": "",
            "temporal_elasticsearch_version": "",
            "temporal_elasticsearch_index": "",
            "dsql_reservoir_enabled": "false",
        }

    @property
    def _password_file(self) -> File:
        return File(_PASSWORD_FILE, self.password)

    def _temporal_store(self, database: str, connections: int, schema_job: str) -> TemporalStore:
        return TemporalStore(
            default=self._server_store(database, connections),
            visibility=self._server_store(f"{database}_visibility", _VISIBILITY_CONNECTIONS),
            needs=(schema_job,),
        )

    def _server_store(self, database: str, connections: int) -> Text:
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

        return made_of({"password": self.password}, store)

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
