"""The lab's two Temporal clusters: configuration files, schemas, namespace."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from string import Template

import httpx

from lab.errors import LabError
from lab.loopback import CLIENT
from lab.ports import HOST, Service
from lab.postgres import USER
from lab.processes import server_environment

NAMESPACE = "default"
ROLES = ("frontend", "history", "matching", "worker")
_TEMPLATES = Path(__file__).parent.parent / "docker" / "temporal"
_DYNAMIC_CONFIG = _TEMPLATES / "dynamic.yaml"
_PLUGIN = "postgres12"
_HISTORY_SHARDS = 4
_SQL_TOOL_SECONDS = 60
_RETENTION = "86400s"
_REQUEST_SECONDS = 5
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Cluster:
    """What the server's template needs to know of one cluster."""

    database: str
    """Its database; that of visibility has `_visibility` behind."""
    database_port: int
    password: str
    services: dict[str, Service]
    http_port: int

    def render(self, role: str) -> str:
        """The configuration of the process of `role`, or of all roles in one process."""
        ports = {
            f"{name}_{key}": port
            for name, service in self.services.items()
            for key, port in (("port", service.grpc), ("membership_port", service.membership))
        }
        template = Template((_TEMPLATES / "server.yaml").read_text())
        return template.substitute(
            ports,
            log_level="warn",
            history_shards=_HISTORY_SHARDS,
            default_store=json.dumps({"sql": self._store(self.database, connections=40)}),
            visibility_store=json.dumps(
                {"sql": self._store(f"{self.database}_visibility", connections=5)}
            ),
            broadcast_address=HOST,
            bind_on_localhost="true",
            metrics_address=f"{HOST}:{self.services[role].metrics}",
            frontend_http_port=self.http_port,
            cluster_name="active",
            rpc_address=f"{HOST}:{self.services['frontend'].grpc}",
            dynamic_config_file=_DYNAMIC_CONFIG,
        )

    def _store(self, database: str, connections: int) -> dict[str, object]:
        return {
            "pluginName": _PLUGIN,
            "databaseName": database,
            "connectAddr": f"{HOST}:{self.database_port}",
            "connectProtocol": "tcp",
            "user": USER,
            "password": self.password,
            "maxConns": connections,
            "maxIdleConns": connections,
            "maxConnLifetime": "1h",
        }


def create_schemas(sql_tool: Path, port: int, password: str, databases: tuple[str, ...]) -> None:
    """Make both databases of each cluster, with the newest schema. They must not exist yet."""
    stores = [
        (f"{database}{suffix}", schema)
        for database in databases
        for suffix, schema in (("", "temporal"), ("_visibility", "visibility"))
    ]
    with ThreadPoolExecutor(len(stores)) as pool:
        # list() raises what a thread raised.
        list(pool.map(lambda store: _create_schema(sql_tool, port, password, *store), stores))


def _create_schema(sql_tool: Path, port: int, password: str, database: str, schema: str) -> None:
    commands = (
        ("create-database",),
        ("setup-schema", "--version", "0.0"),
        ("update-schema", "--schema-name", f"postgresql/v12/{schema}"),
    )
    environment = {
        **server_environment(),
        "SQL_HOST": HOST,
        "SQL_PORT": str(port),
        "SQL_USER": USER,
        "SQL_PASSWORD": password,
        "SQL_DATABASE": database,
        "SQL_PLUGIN": _PLUGIN,
    }
    for command in commands:
        try:
            subprocess.run(
                [str(sql_tool), *command],
                env=environment,
                check=True,
                capture_output=True,
                text=True,
                timeout=_SQL_TOOL_SECONDS,
            )
        except subprocess.CalledProcessError as error:
            said = " | ".join((error.stdout + error.stderr).strip().splitlines()[-2:])
            raise LabError(f"{command[0]} of {database} failed: {said}") from error
        except subprocess.TimeoutExpired as error:
            raise LabError(
                f"{command[0]} of {database} took more than {_SQL_TOOL_SECONDS} s"
            ) from error


def await_namespace(http_port: int, seconds: float = 30.0) -> None:
    """Register the namespace where it is missing, and wait until workflows can start in it.

    Raises LabError when the frontend does not get there in time.
    """
    frontend = f"http://{HOST}:{http_port}/api/v1/namespaces"
    deadline = time.monotonic() + seconds
    registered = False
    while not (registered and _is_usable(f"{frontend}/{NAMESPACE}")):
        if time.monotonic() > deadline:
            raise LabError(f"namespace {NAMESPACE} was not usable at {frontend} in {seconds:.0f} s")
        registered = registered or _register_namespace(frontend)
        time.sleep(_POLL_SECONDS)


def _is_usable(namespace: str) -> bool:
    """Whether the frontend's own list of namespaces has it, and history answers for it."""
    try:
        counted = CLIENT.get(f"{namespace}/workflow-count", timeout=_REQUEST_SECONDS)
        absent = CLIENT.get(f"{namespace}/workflows/none", timeout=_REQUEST_SECONDS)
    except httpx.TransportError:
        return False
    return counted.is_success and absent.status_code == HTTPStatus.NOT_FOUND


def _register_namespace(frontend: str) -> bool:
    """False while the frontend cannot do it yet."""
    try:
        answer = CLIENT.post(
            frontend,
            json={"namespace": NAMESPACE, "workflowExecutionRetentionPeriod": _RETENTION},
            timeout=_REQUEST_SECONDS,
        )
    except httpx.TransportError:
        return False
    return answer.is_success or answer.status_code == HTTPStatus.CONFLICT
