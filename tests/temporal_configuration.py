"""Configuration files of Temporal servers that tests start, as JSON, which is YAML too."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from copilot.signals.roles import Role
from tests.ports import free_ports

HOST = "127.0.0.1"
IN_MEMORY: Mapping[str, object] = {
    "pluginName": "sqlite",
    "databaseName": "default",
    "connectAddr": "localhost",
    "connectProtocol": "tcp",
    "connectAttributes": {"mode": "memory", "cache": "private", "setup": "true"},
    "maxConns": 1,
    "maxIdleConns": 1,
}


class ProcessPorts:
    """Free ports of one server process with these roles."""

    def __init__(self, roles: Iterable[str] = tuple(Role)) -> None:
        self.roles = tuple(roles)
        kinds = ("", "_membership")
        self._free = free_ports([*(f"{r}{k}" for r in self.roles for k in kinds), "http", "own"])

    def __getitem__(self, name: str) -> int:
        """A role's port, its `..._membership`, `http`, or `own` for the metrics."""
        return self._free[name]

    @property
    def frontend(self) -> str:
        return f"{HOST}:{self[Role.FRONTEND]}"


def write_configuration(
    file: Path,
    ports: ProcessPorts,
    *,
    store: Mapping[str, object] = IN_MEMORY,
    visibility: Mapping[str, object] | None = None,
    shards: int = 4,
    metrics: Mapping[str, object] | None = None,
    public_frontend: str = "",
    more: Mapping[str, object] | None = None,
) -> None:
    """Write the configuration of one process.

    `metrics` is `global.metrics` with its `framework` beside the rest; None is without metrics.
    The server's own workers use `public_frontend`, by default this process. `more` is in `global`.
    """
    frontend = public_frontend or ports.frontend
    settings: dict[str, object] = {
        "membership": {"maxJoinDuration": "30s", "broadcastAddress": HOST},
        **(more or {}),
    }
    if metrics is not None:
        given = dict(metrics)
        prometheus = {"listenAddress": f"{HOST}:{ports['own']}"}
        if framework := given.pop("framework", None):
            prometheus["framework"] = str(framework)
        settings["metrics"] = {**given, "prometheus": prometheus}
    content = {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "default",
            "visibilityStore": "visibility",
            "numHistoryShards": shards,
            "datastores": {"default": {"sql": store}, "visibility": {"sql": visibility or store}},
        },
        "global": settings,
        "services": {role: {"rpc": _rpc(ports, role)} for role in ports.roles},
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {"enabled": True, "initialFailoverVersion": 1, "rpcAddress": frontend}
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "publicClient": {"hostPort": frontend},
    }
    file.write_text(json.dumps(content))


def _rpc(ports: ProcessPorts, role: str) -> dict[str, object]:
    rpc: dict[str, object] = {
        "grpcPort": ports[role],
        "membershipPort": ports[f"{role}_membership"],
        "bindOnLocalHost": True,
    }
    return rpc | ({"httpPort": ports["http"]} if role == Role.FRONTEND else {})
