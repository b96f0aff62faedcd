"""Pulumi's container inputs as the Docker Engine's options, and an inspected container back.

It has the inputs that the program uses, and refuses any other by its name.
"""

import io
import tarfile
from typing import Any

from tests.fakes.pulumi.go_duration import nanoseconds, written
from tests.fakes.pulumi.resource_types import RefusedError
from tests.fakes.pulumi.values import Properties

_MIB = 1024 * 1024
# Read by the provider itself, or passed by other calls than the one that creates the container.
_ELSEWHERE = {
    "attach",
    "destroyGraceSeconds",
    "logs",
    "mustRun",
    "name",
    "networksAdvanced",
    "uploads",
    "wait",
    "waitTimeout",
}
_CONFIG = {
    "command": "Cmd",
    "entrypoints": "Entrypoint",
    "envs": "Env",
    "hostname": "Hostname",
    "image": "Image",
    "stopTimeout": "StopTimeout",
    "user": "User",
}
_TRANSLATED = {
    "capabilities",
    "healthcheck",
    "hosts",
    "labels",
    "logDriver",
    "logOpts",
    "memory",
    "memorySwap",
    "networkMode",
    "ports",
    "restart",
    "ulimits",
    "volumes",
}
_KNOWN = _ELSEWHERE | _CONFIG.keys() | _TRANSLATED


def create_options(inputs: Properties) -> dict[str, Any]:
    """The body of the engine's call that creates the container."""
    if unknown := inputs.keys() - _KNOWN:
        raise RefusedError(f"the fake does not know {', '.join(sorted(unknown))}")
    ports = inputs.get("ports", [])
    config: dict[str, Any] = {_CONFIG[key]: inputs[key] for key in _CONFIG if key in inputs}
    config["Labels"] = {entry["label"]: entry["value"] for entry in inputs.get("labels", [])}
    config["ExposedPorts"] = {_port_key(port): {} for port in ports}
    if "healthcheck" in inputs:
        config["Healthcheck"] = _healthcheck(inputs["healthcheck"])
    config["HostConfig"] = _host_config(inputs, ports)
    return config


def read_back(inspected: dict[str, Any], must_run: bool) -> Properties:
    """What the provider reads of a container, under Pulumi's names."""
    config, host = inspected["Config"], inspected["HostConfig"]
    state, network = inspected["State"], inspected["NetworkSettings"]
    read = {
        "name": inspected["Name"].lstrip("/"),
        "command": config.get("Cmd") or [],
        "entrypoints": config.get("Entrypoint") or [],
        "hostname": config.get("Hostname", ""),
        "user": config.get("User", ""),
        "restart": (host.get("RestartPolicy") or {}).get("Name") or "no",
        "memory": host.get("Memory", 0) // _MIB,
        "memorySwap": _swap(host.get("MemorySwap", 0)),
        "networkMode": host.get("NetworkMode", "bridge"),
        "logDriver": host["LogConfig"]["Type"],
        "logOpts": host["LogConfig"].get("Config") or {},
        "ports": _published(network.get("Ports") or {}),
        "ulimits": [
            {"name": entry["Name"], "soft": entry["Soft"], "hard": entry["Hard"]}
            for entry in host.get("Ulimits") or []
        ],
        "hosts": [
            dict(zip(("host", "ip"), entry.split(":", 1), strict=True))
            for entry in host.get("ExtraHosts") or []
        ],
        "mustRun": must_run and state["Running"],
        "networkDatas": [
            {"networkName": name, "ipAddress": entry.get("IPAddress", "")}
            for name, entry in sorted((network.get("Networks") or {}).items())
        ],
    }
    added, dropped = host.get("CapAdd") or [], host.get("CapDrop") or []
    if added or dropped:
        read["capabilities"] = {"adds": added, "drops": dropped}
    if config.get("Healthcheck"):
        read["healthcheck"] = _read_healthcheck(config["Healthcheck"])
    if config.get("StopTimeout") is not None:
        read["stopTimeout"] = config["StopTimeout"]
    if not state["Running"]:
        read["exitCode"] = state["ExitCode"]
    return read


def upload_archive(upload: Properties) -> bytes:
    """One file as the tar archive that the engine unpacks at `/`."""
    if upload.keys() != {"file", "content"}:
        raise RefusedError(f"the fake uploads a file with its content, not {', '.join(upload)}")
    content = str(upload["content"]).encode()
    entry = tarfile.TarInfo(upload["file"])
    entry.size = len(content)
    entry.mode = 0o644
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _host_config(inputs: Properties, ports: list[Properties]) -> dict[str, Any]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        external = str(port["external"]) if "external" in port else ""
        bound = {"HostIp": port.get("ip", ""), "HostPort": external}
        bindings.setdefault(_port_key(port), []).append(bound)
    capabilities = inputs.get("capabilities", {})
    swap = inputs.get("memorySwap", 0)
    return {
        "RestartPolicy": {"Name": inputs.get("restart", "no")},
        "NetworkMode": inputs.get("networkMode", "bridge"),
        "PortBindings": bindings,
        "Binds": [_bind(volume) for volume in inputs.get("volumes", [])],
        "ExtraHosts": [f"{entry['host']}:{entry['ip']}" for entry in inputs.get("hosts", [])],
        "Ulimits": [
            {"Name": entry["name"], "Soft": entry["soft"], "Hard": entry["hard"]}
            for entry in inputs.get("ulimits", [])
        ],
        "CapAdd": capabilities.get("adds", []),
        "CapDrop": capabilities.get("drops", []),
        "Memory": inputs.get("memory", 0) * _MIB,
        "MemorySwap": swap * _MIB if swap > 0 else swap,
        "LogConfig": {"Type": inputs.get("logDriver", ""), "Config": inputs.get("logOpts", {})},
    }


def _port_key(port: Properties) -> str:
    return f"{port['internal']}/{port.get('protocol', 'tcp')}"


def _bind(volume: Properties) -> str:
    source = volume.get("hostPath") or volume.get("volumeName")
    if not source:
        raise RefusedError("the fake makes no anonymous volumes: name a volume or a host path")
    if volume.get("hostPath") and not str(source).startswith("/"):
        raise RefusedError(f"the host path {source} must be absolute")
    return f"{source}:{volume['containerPath']}" + (":ro" if volume.get("readOnly") else "")


def _healthcheck(check: Properties) -> dict[str, Any]:
    return {
        "Test": check["tests"],
        "Interval": nanoseconds(check.get("interval", "0s")),
        "Timeout": nanoseconds(check.get("timeout", "0s")),
        "StartPeriod": nanoseconds(check.get("startPeriod", "0s")),
        "Retries": check.get("retries", 0),
    }


def _read_healthcheck(check: dict[str, Any]) -> Properties:
    return {
        "tests": check.get("Test") or [],
        "interval": written(check.get("Interval", 0)),
        "timeout": written(check.get("Timeout", 0)),
        "startPeriod": written(check.get("StartPeriod", 0)),
        "retries": check.get("Retries", 0),
    }


def _published(ports: dict[str, Any]) -> list[Properties]:
    return [
        {
            "internal": int(key.split("/")[0]),
            "protocol": key.split("/")[1],
            "external": int(binding["HostPort"]),
            "ip": binding["HostIp"],
        }
        for key, bindings in ports.items()
        for binding in bindings or []
    ]


def _swap(value: int) -> int:
    return value // _MIB if value > 0 else value
