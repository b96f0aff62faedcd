"""Configuration, schemas and namespace of the lab's two Temporal clusters."""

import json
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from string import Template

import httpx
import yaml

from copilot.signals.roles import Role
from lab.errors import LabError
from lab.loopback import CLIENT
from lab.ports import HOST, RolePorts
from lab.postgres import USER
from lab.processes import server_environment
from stacks.jobs import register_namespaces

NAMESPACE = "default"
_TEMPLATES = Path(__file__).parent.parent / "docker" / "temporal"
# The shortest that the server takes.
_DYNAMIC_CONFIG_POLL = "5s"
_PLUGIN = "postgres12"
_HISTORY_SHARDS = 4
_SQL_TOOL_SECONDS = 180
_RETENTION_DAYS = 1
_REQUEST_SECONDS = 60


@dataclass(frozen=True)
class ClusterConfig:
    """The values of one cluster in the server's configuration template."""

    database: str
    database_port: int
    visibility_port: int
    """Of the database for visibility."""
    visibility: Mapping[str, object] | None
    """A visibility store; without one it is the database `<database>_visibility`."""
    password: str
    roles: dict[str, RolePorts]
    http_port: int
    dynamic_config: Path = _TEMPLATES / "dynamic.yaml"

    def render(self, role: str) -> str:
        """Return the configuration of a process that serves its metrics on the port of `role`."""
        ports = {
            f"{name}_{key}": port
            for name, role_ports in self.roles.items()
            for key, port in (("port", role_ports.grpc), ("membership_port", role_ports.membership))
        }
        template = Template((_TEMPLATES / "server.yaml").read_text())
        return template.substitute(
            ports,
            log_level="warn",
            history_shards=_HISTORY_SHARDS,
            default_store=json.dumps({"sql": self._store(self.database, self.database_port, 40)}),
            visibility_store=json.dumps(
                self.visibility
                or {"sql": self._store(f"{self.database}_visibility", self.visibility_port, 5)}
            ),
            broadcast_address=HOST,
            bind_on_localhost="true",
            metrics_address=f"{HOST}:{self.roles[role].metrics}",
            frontend_http_port=self.http_port,
            cluster_name="active",
            rpc_address=f"{HOST}:{self.roles[Role.FRONTEND].grpc}",
            dynamic_config_file=self.dynamic_config,
            dynamic_config_poll=_DYNAMIC_CONFIG_POLL,
        )

    def _store(self, database: str, port: int, connections: int) -> dict[str, object]:
        return {
            "pluginName": _PLUGIN,
            "databaseName": database,
            "connectAddr": f"{HOST}:{port}",
            "connectProtocol": "tcp",
            "user": USER,
            "password": self.password,
            "maxConns": connections,
            "maxIdleConns": connections,
            "maxConnLifetime": "1h",
        }


class DynamicConfig:
    """The file that the monitored cluster's servers read again every few seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def reset(self) -> None:
        """Write the configuration of a healthy cluster."""
        self.path.write_text((_TEMPLATES / "dynamic.yaml").read_text())

    def set(self, key: str, value: float | None) -> None:
        """Set a value for the lab's namespace; None leaves it to the server."""
        values = yaml.safe_load(self.path.read_text())
        values.pop(key, None)
        if value is not None:
            values[key] = [{"value": value, "constraints": {"namespace": NAMESPACE}}]
        changed = self.path.with_suffix(".unfinished")
        changed.write_text(yaml.safe_dump(values))
        changed.replace(self.path)


def limit_queue(http_port: int, queue: str, per_second: float | None) -> None:
    """Limit the dispatch of a queue's activities, as its users can; None removes the limit."""
    limit = {} if per_second is None else {"rateLimit": {"requestsPerSecond": per_second}}
    url = f"http://{HOST}:{http_port}/api/v1/namespaces/{NAMESPACE}/task-queues/{queue}"
    body = {"taskQueueType": "TASK_QUEUE_TYPE_ACTIVITY", "updateQueueRateLimit": limit}
    try:
        response = CLIENT.post(f"{url}/update-config", json=body, timeout=_REQUEST_SECONDS)
    except httpx.TransportError as error:
        raise LabError(f"the frontend at {HOST}:{http_port} does not answer: {error}") from error
    if not response.is_success:
        raise LabError(f"the limit of queue {queue} was refused: {response.text.strip()}")


def create_schemas(sql_tool: Path, port: int, password: str, databases: tuple[str, ...]) -> None:
    """Create both databases of each cluster with the newest schema. Raises LabError."""
    stores = [
        (f"{database}{suffix}", schema)
        for database in databases
        for suffix, schema in (("", "temporal"), ("_visibility", "visibility"))
    ]
    with ThreadPoolExecutor(len(stores)) as pool:
        # list() raises the exceptions of the threads.
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
            output = " | ".join((error.stdout + error.stderr).strip().splitlines()[-2:])
            raise LabError(f"{command[0]} of {database} failed: {output}") from error
        except subprocess.TimeoutExpired as error:
            raise LabError(
                f"{command[0]} of {database} took more than {_SQL_TOOL_SECONDS} s"
            ) from error


def await_namespace(http_port: int, seconds: float = 30.0) -> None:
    """Register the namespace if it is missing, and wait until workflows can start in it.

    Raises LabError after `seconds`.
    """
    problem = register_namespaces.make_usable(
        f"http://{HOST}:{http_port}",
        NAMESPACE,
        _RETENTION_DAYS,
        time.monotonic() + seconds,
        keep_retention=True,
    )
    if problem:
        raise LabError(f"namespace not usable after {seconds:.0f} s: {problem}")
