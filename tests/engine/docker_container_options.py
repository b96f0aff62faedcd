"""Pulumi's container inputs as the Docker Engine's options, and an inspected container back."""

import base64
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.engine.go_duration import nanoseconds, written
from tests.engine.resource_types import RefusedError
from tests.engine.values import Properties

_MIB = 1024 * 1024
# Read by the provider itself, or passed by other calls than the one that creates the container.
_ELSEWHERE = {
    "attach",
    "destroyGraceSeconds",
    "logs",
    "mustRun",
    "name",
    "networksAdvanced",
    "platform",
    "removeVolumes",
    "start",
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
    "stopSignal": "StopSignal",
    "stopTimeout": "StopTimeout",
    "user": "User",
    "workingDir": "WorkingDir",
}
_HOST_CONFIG = {
    "cpuSet": "CpusetCpus",
    "cpuShares": "CpuShares",
    "dns": "Dns",
    "groupAdds": "GroupAdd",
    "init": "Init",
    "ipcMode": "IpcMode",
    "privileged": "Privileged",
    "readOnly": "ReadonlyRootfs",
    "rm": "AutoRemove",
    "securityOpts": "SecurityOpt",
    "sysctls": "Sysctls",
    "tmpfs": "Tmpfs",
}
_TRANSLATED = {
    "capabilities",
    "cpus",
    "healthcheck",
    "hosts",
    "labels",
    "logDriver",
    "logOpts",
    "maxRetryCount",
    "memory",
    "memorySwap",
    "mounts",
    "networkMode",
    "ports",
    "restart",
    "shmSize",
    "ulimits",
    "volumes",
}
UNDERSTOOD = _ELSEWHERE | _CONFIG.keys() | _HOST_CONFIG.keys() | _TRANSLATED


def create_options(inputs: Properties) -> dict[str, Any]:
    """The body of the engine's call that creates the container."""
    unknown = inputs.keys() - UNDERSTOOD
    if unknown:
        raise RefusedError(f"the stand-in does not know {', '.join(sorted(unknown))}")
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
        "workingDir": config.get("WorkingDir", ""),
        "restart": (host.get("RestartPolicy") or {}).get("Name") or "no",
        "memory": host.get("Memory", 0) // _MIB,
        "memorySwap": _swap(host.get("MemorySwap", 0)),
        "readOnly": host.get("ReadonlyRootfs", False),
        "networkMode": host.get("NetworkMode", "bridge"),
        "logDriver": host["LogConfig"]["Type"],
        "logOpts": host["LogConfig"].get("Config") or {},
        "ports": _published(network.get("Ports") or {}),
        "ulimits": [
            {"name": entry["Name"], "soft": entry["Soft"], "hard": entry["Hard"]}
            for entry in host.get("Ulimits") or []
        ],
        "hosts": [_host_entry(entry) for entry in host.get("ExtraHosts") or []],
        "mounts": [_read_mount(entry) for entry in host.get("Mounts") or []],
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
    if not state["Running"]:
        read["exitCode"] = state["ExitCode"]
    return read


def upload_archive(upload: Properties) -> bytes:
    """One file as the tar archive that the engine unpacks at `/`."""
    content = _upload_content(upload)
    entry = tarfile.TarInfo(upload["file"])
    entry.size = len(content)
    default = "0744" if upload.get("executable") else "0644"
    entry.mode = int(upload.get("permissions", default), 8)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _upload_content(upload: Properties) -> bytes:
    ways = [key for key in ("content", "contentBase64", "source") if upload.get(key)]
    if len(ways) != 1:
        raise RefusedError(
            "error with upload content: one of 'content', 'content_base64', or 'source' must be set"
        )
    if ways == ["content"]:
        return str(upload["content"]).encode()
    if ways == ["contentBase64"]:
        return base64.b64decode(upload["contentBase64"])
    try:
        return Path(upload["source"]).read_bytes()
    except OSError as error:
        raise RefusedError(f"could not read file: {error}") from error


def _host_config(inputs: Properties, ports: Iterable[Properties]) -> dict[str, Any]:
    host: dict[str, Any] = {_HOST_CONFIG[key]: inputs[key] for key in _HOST_CONFIG if key in inputs}
    host["RestartPolicy"] = {
        "Name": inputs.get("restart", "no"),
        "MaximumRetryCount": inputs.get("maxRetryCount", 0),
    }
    host["NetworkMode"] = inputs.get("networkMode", "bridge")
    host["PortBindings"] = {}
    for port in ports:
        bound = host["PortBindings"].setdefault(_port_key(port), [])
        external = str(port["external"]) if "external" in port else ""
        bound.append({"HostIp": port.get("ip", ""), "HostPort": external})
    host["Binds"] = [_bind(volume) for volume in inputs.get("volumes", [])]
    host["Mounts"] = [
        {
            "Type": mount["type"],
            "Target": mount["target"],
            "Source": mount.get("source", ""),
            "ReadOnly": mount.get("readOnly", False),
        }
        for mount in inputs.get("mounts", [])
    ]
    host["ExtraHosts"] = [f"{entry['host']}:{entry['ip']}" for entry in inputs.get("hosts", [])]
    host["Ulimits"] = [
        {"Name": entry["name"], "Soft": entry["soft"], "Hard": entry["hard"]}
        for entry in inputs.get("ulimits", [])
    ]
    capabilities = inputs.get("capabilities", {})
    host["CapAdd"], host["CapDrop"] = capabilities.get("adds", []), capabilities.get("drops", [])
    host["Memory"] = inputs.get("memory", 0) * _MIB
    swap = inputs.get("memorySwap", 0)
    host["MemorySwap"] = swap * _MIB if swap > 0 else swap
    if "shmSize" in inputs:
        host["ShmSize"] = inputs["shmSize"] * _MIB
    if "cpus" in inputs:
        host["NanoCpus"] = round(float(inputs["cpus"]) * 1e9)
    host["LogConfig"] = {"Type": inputs.get("logDriver", ""), "Config": inputs.get("logOpts", {})}
    return host


def _port_key(port: Properties) -> str:
    return f"{port['internal']}/{port.get('protocol', 'tcp')}"


def _bind(volume: Properties) -> str:
    source = volume.get("hostPath") or volume.get("volumeName")
    if not source:
        raise RefusedError("the stand-in makes no anonymous volumes: name a volume or a host path")
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


def _host_entry(entry: str) -> Properties:
    host, _, address = entry.partition(":")
    return {"host": host, "ip": address}


def _read_mount(mount: dict[str, Any]) -> Properties:
    return {
        "type": mount["Type"],
        "target": mount["Target"],
        "source": mount.get("Source", ""),
        "readOnly": mount.get("ReadOnly", False),
    }


def _swap(value: int) -> int:
    return value // _MIB if value > 0 else value
