"""The stack `local` as a compose file, made from its catalogue: the measure of a deployment."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from components.health_check import go_duration
from components.inputs import to_deploy
from components.workload import Job, Mount, Probe, Service, Workload
from stacks.catalogue.by_stack import local_catalogue
from stacks.catalogue.catalogue import Catalogue
from stacks.settings import LocalSettings
from tests.waiting import until

PROJECT = "compose-bench"
_TIME_LIMIT_SECONDS = 240
_PASSWORD = "bench"  # noqa: S105


class ComposeError(Exception):
    """A command of compose failed; the message has its last lines."""


@dataclass(frozen=True)
class Compose:
    """The command line of compose, on one engine, with the stack's compose file."""

    binary: Path
    host: str
    file: Path
    client: docker.DockerClient

    def up(self) -> None:
        """Start everything and wait until every service is healthy. Raises ComposeError."""
        self._run("up", "--detach")
        until(self._is_healthy, _TIME_LIMIT_SECONDS, "every container is healthy")

    def down(self) -> None:
        """Remove everything, volumes too. Raises ComposeError."""
        self._run("down", "--volumes", "--timeout", "1")

    def _is_healthy(self) -> bool:
        mine: dict[str, str | list[str] | bool] = {"label": f"com.docker.compose.project={PROJECT}"}
        states = [one.attrs["State"] for one in self.client.containers.list(filters=mine)]
        return all(
            state.get("Health", {}).get("Status", "healthy") == "healthy" for state in states
        )

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binary), "--project-name", PROJECT, "--file", str(self.file), *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.file.parent),
                "DOCKER_HOST": self.host,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIME_LIMIT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise ComposeError(f"compose {arguments[0]}: {done.stdout[-2000:]}")


@contextmanager
def compose_of(
    settings: LocalSettings, folder: Path, binary: Path, host: str, client: docker.DockerClient
) -> Iterator[Compose]:
    """Compose with the stack's services; nothing of them is left at the end."""
    catalogue = local_catalogue(settings, database_password=_PASSWORD, grafana_password=_PASSWORD)
    file = folder / "compose.json"
    file.write_text(json.dumps(compose_file(catalogue)), encoding="utf-8")
    compose = Compose(binary, host, file, client)
    try:
        yield compose
    finally:
        compose.down()


def compose_file(catalogue: Catalogue) -> dict[str, Any]:
    """The catalogue in compose's format. JSON is YAML, and a `$` is doubled."""
    contents: dict[str, dict[str, str]] = {}
    services = {
        workload.name: _service(workload, catalogue, contents) for workload in catalogue.in_order
    }
    volumes: dict[str, dict[str, str]] = {name: {} for name in sorted(catalogue.volumes)}
    return {"services": services, "configs": contents, "volumes": volumes}


def _service(
    workload: Workload, catalogue: Catalogue, contents: dict[str, dict[str, str]]
) -> dict[str, Any]:
    files = []
    for number, file in enumerate(workload.files):
        key = f"{workload.name}-{number}"
        contents[key] = {"content": _plain(to_deploy(file.content))}
        files.append({"source": key, "target": file.path})
    made: dict[str, Any] = {
        "image": catalogue.images[workload.image],
        "pull_policy": "never",
        "hostname": workload.name,
        "entrypoint": [_plain(word) for word in workload.entrypoint],
        "command": [_plain(to_deploy(word)) for word in workload.command],
        "environment": {
            key: _plain(to_deploy(value)) for key, value in workload.environment.items()
        },
        "user": workload.user,
        "configs": files,
        "volumes": [_volume(mount) for mount in workload.mounts],
        "mem_limit": f"{workload.memory_mb}m",
        "memswap_limit": f"{workload.memory_mb}m",
        "restart": "no" if isinstance(workload, Job) else "unless-stopped",
        "depends_on": _dependencies(workload, catalogue),
        **(_of_service(workload) if isinstance(workload, Service) else {}),
    }
    return {key: value for key, value in made.items() if value}


def _of_service(service: Service) -> Mapping[str, Any]:
    made: dict[str, Any] = {
        "ports": [f"127.0.0.1:{port.host}:{port.container}" for port in service.ports],
        "cap_add": list(service.capabilities),
        "extra_hosts": ["host.docker.internal:host-gateway"] if service.reaches_host else [],
    }
    if isinstance(service.health, Probe):
        probe = service.health
        shell = probe.command[0] == "CMD-SHELL"
        words = probe.command if shell else ("CMD", *probe.command)
        made["healthcheck"] = {
            "test": [_plain(word) for word in words],
            "interval": go_duration(probe.interval),
            "timeout": go_duration(probe.timeout),
            "retries": probe.retries,
            "start_period": go_duration(probe.start_period),
        }
    return made


def _dependencies(workload: Workload, catalogue: Catalogue) -> dict[str, dict[str, str]]:
    conditions = {}
    for name in catalogue.waits_for(workload):
        if isinstance(catalogue.workloads[name], Job):
            condition = "service_completed_successfully"
        elif name in workload.after:
            condition = "service_started"
        else:
            condition = "service_healthy"
        conditions[name] = {"condition": condition}
    return conditions


def _volume(mount: Mount) -> dict[str, Any]:
    kind, source = ("volume", mount.volume) if mount.volume else ("bind", mount.folder)
    read_only = not (mount.volume or mount.writable)
    return {"type": kind, "source": source, "target": mount.target, "read_only": read_only}


def _plain(value: object) -> str:
    """A string of a catalogue without Pulumi, in which compose replaces nothing."""
    assert isinstance(value, str), value
    return value.replace("$", "$$")
