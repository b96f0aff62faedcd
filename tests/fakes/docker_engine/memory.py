"""A Docker engine's containers, networks, volumes and images in memory; no process runs.

A container with a restart policy is a service: it is running and healthy from its start. One
without is a job: it exits at once, as in `job_ends`. A test sets what fails. What the engine gives
back differently than it was asked for is as measured on engine 20.10.
"""

import hashlib
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Body = dict[str, Any]
"""A JSON object of the Docker Engine's interface."""


class EngineError(Exception):
    """An answer other than success. `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class JobEnd:
    """How a job ends."""

    exit_code: int = 0
    logs: str = "done\n"


@dataclass(frozen=True)
class Pause:
    """The engine sets `reached` and waits until a test sets `go_on`."""

    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


@dataclass
class StoredContainer:
    """A container with its options and its state."""

    identifier: str
    name: str
    config: Body
    host: Body
    networks: dict[str, Body]
    status: str = "created"
    is_paused: bool = False
    started: float = 0.0
    """Unix time, as the next."""
    ended: float = 0.0
    healthy_at: float = 0.0
    end: JobEnd = field(default_factory=JobEnd)
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        return self.status == "running"


class MemoryEngine:
    """Containers, networks, volumes and images. Its methods are called from several threads."""

    def __init__(self) -> None:
        self.containers: dict[str, StoredContainer] = {}
        self.networks: dict[str, Body] = {"bridge": _network("bridge", {}, identifier="bridge")}
        self.volumes: dict[str, Body] = {}
        self.images: dict[str, str] = {}
        """Tags of the images that are here, with their ids."""
        self.job_ends: dict[str, JobEnd] = {}
        self.seconds_until_healthy: dict[str, float] = {}
        """By container; others are healthy from their start. Infinity: never."""
        self.unhealthy: dict[str, str] = {}
        """By container whose health checks have failed too often, its log."""
        self.not_to_pull: set[str] = set()
        self.start_refusals: dict[str, str] = {}
        self.starts: list[str] = []
        """Names of the containers that were started, in order."""
        self.commands: list[tuple[str, str]] = []
        """Name and command of each."""
        self._pauses: dict[str, Pause] = {}
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)

    @contextmanager
    def pause_before_start(self, name: str) -> Iterator[Pause]:
        """Hold back the start of the container with this name."""
        pause = self._pauses[name] = Pause()
        try:
            yield pause
        finally:
            del self._pauses[name]
            pause.go_on.set()

    def named(self, name: str) -> StoredContainer:
        """The container with this name or id."""
        with self._lock:
            for container in self.containers.values():
                if container.identifier.startswith(name) or container.name == name:
                    return container
        raise EngineError(404, f"No such container: {name}")

    def listed(self) -> list[StoredContainer]:
        """The containers at this moment, while other threads create and remove some."""
        with self._lock:
            return [*self.containers.values()]

    def create_container(self, name: str, body: Body) -> str:
        with self._lock:
            if any(container.name == name for container in self.containers.values()):
                raise EngineError(
                    409, f'Conflict. The container name "/{name}" is already in use by container'
                )
            self.image(body["Image"])
            host = _as_kept(body.pop("HostConfig", {}))
            mode = host["NetworkMode"]
            first = "bridge" if mode in {"default", "bridge"} else mode
            self.network(first)
            identifier = self._new_identifier()
            config = {"Hostname": identifier[:12], "Tty": False, **body}
            networks: dict[str, Body] = {first: {"NetworkID": self.network(first)["Id"]}}
            self.containers[identifier] = StoredContainer(identifier, name, config, host, networks)
            return identifier

    def start(self, name: str) -> None:
        container = self.named(name)
        pause = self._pauses.get(container.name)
        if pause:
            pause.reached.set()
            pause.go_on.wait()
        with self._lock:
            if container.name in self.start_refusals:
                raise EngineError(500, self.start_refusals[container.name])
            self.starts.append(container.name)
            command = " ".join(container.config.get("Cmd") or ())
            self.commands.append((container.name, command))
            container.started = time.time()
            if container.host["RestartPolicy"]["Name"] in {"", "no"}:
                container.end = self.job_ends.get(container.name, JobEnd())
                container.status, container.ended = "exited", time.time()
            else:
                container.status = "running"
                seconds = self.seconds_until_healthy.get(container.name, 0.0)
                container.healthy_at = container.started + seconds
                container.end = JobEnd(logs=self.unhealthy.get(container.name, "done\n"))

    def stop(self, name: str) -> None:
        container = self.named(name)
        container.status, container.end = "exited", JobEnd(143, container.end.logs)
        container.ended = time.time()

    def pause(self, name: str) -> None:
        self.named(name).is_paused = True

    def update(self, name: str, body: Body) -> None:
        host = self.named(name).host
        host.update({key: value for key, value in body.items() if value})

    def remove_container(self, name: str, force: bool) -> None:
        with self._lock:
            container = self.named(name)
            if container.running and not force:
                raise EngineError(409, f"cannot remove running container {name}: use force")
            del self.containers[container.identifier]

    def inspect(self, container: StoredContainer) -> Body:
        """The answer of the engine's inspect call."""
        state = {
            "Status": container.status,
            "Running": container.running,
            "Paused": container.is_paused,
            "Restarting": False,
            "StartedAt": _written(container.started),
            "FinishedAt": _written(container.ended),
            "ExitCode": container.end.exit_code if container.status == "exited" else 0,
            "Error": "",
        }
        if container.config.get("Healthcheck"):
            health = "healthy" if time.time() >= container.healthy_at else "starting"
            if container.name in self.unhealthy or not container.running:
                health = "unhealthy"
            state["Health"] = {"Status": health, "Log": []}
        bindings = container.host["PortBindings"] if container.running else {}
        return {
            "Id": container.identifier,
            "Name": f"/{container.name}",
            "Image": self.images.get(container.config["Image"], container.config["Image"]),
            "Config": container.config,
            "HostConfig": container.host,
            "State": state,
            "Mounts": [],
            "NetworkSettings": {"Ports": bindings, "Networks": container.networks},
        }

    def network(self, name: str) -> Body:
        for network in [*self.networks.values()]:
            if name in {network["Id"], network["Name"]}:
                joined = (one for one in self.listed() if network["Name"] in one.networks)
                attached = {one.identifier: {"Name": one.name} for one in joined if one.running}
                return {**network, "Containers": attached}
        raise EngineError(404, f"network {name} not found")

    def create_network(self, body: Body) -> str:
        with self._lock:
            if any(network["Name"] == body["Name"] for network in self.networks.values()):
                raise EngineError(409, f"network with name {body['Name']} already exists")
            identifier = self._new_identifier()
            self.networks[identifier] = _network(body["Name"], body, identifier)
            return identifier

    def remove_network(self, name: str) -> None:
        with self._lock:
            network = self.network(name)
            if any(network["Name"] in c.networks for c in self.containers.values() if c.running):
                raise EngineError(403, f"network {network['Name']} has active endpoints")
            del self.networks[network["Id"]]

    def connect(self, name: str, container: str, options: Body) -> None:
        with self._lock:
            network, joined = self.network(name)["Name"], self.named(container).networks
            if network in joined:
                raise EngineError(
                    403, f"endpoint with name {container} already exists in network {network}"
                )
            joined[network] = {
                "Aliases": options.get("Aliases") or [],
                "IPAddress": "172.18.0.2",
                "NetworkID": self.network(name)["Id"],
            }

    def disconnect(self, name: str, container: str) -> None:
        with self._lock:
            network, joined = self.network(name)["Name"], self.named(container).networks
            if network not in joined:
                raise EngineError(
                    403, f"container {container} is not connected to network {network}"
                )
            del joined[network]

    def volume(self, name: str) -> Body:
        if name not in self.volumes:
            raise EngineError(404, f"get {name}: no such volume")
        return self.volumes[name]

    def create_volume(self, body: Body) -> Body:
        name = body["Name"]
        mountpoint = f"/var/lib/docker/volumes/{name}/_data"
        made = {"Name": name, "Driver": "local", "Mountpoint": mountpoint, "Scope": "local"}
        # As the real engine: one that exists already is no fault.
        return self.volumes.setdefault(name, {**made, "Labels": body.get("Labels") or {}})

    def remove_volume(self, name: str) -> None:
        with self._lock:
            self.volume(name)
            if any(
                bind.split(":")[0] == name
                for container in self.containers.values()
                for bind in container.host["Binds"] or []
            ):
                raise EngineError(409, f"remove {name}: volume is in use")
            del self.volumes[name]

    def image(self, name: str) -> Body:
        for tag, identifier in [*self.images.items()]:
            if name in {tag, identifier}:
                return {"Id": identifier, "RepoTags": [tag], "RepoDigests": [], "Config": {}}
        raise EngineError(404, f"No such image: {name}")

    def require_in_registry(self, tag: str) -> None:
        if tag in self.not_to_pull:
            raise EngineError(404, f"manifest for {tag} not found: manifest unknown")

    def pull(self, tag: str) -> None:
        self.require_in_registry(tag)
        self.images[tag] = image_id(tag)

    def remove_image(self, name: str) -> None:
        for tag in self.image(name)["RepoTags"]:
            del self.images[tag]

    def _new_identifier(self) -> str:
        return hashlib.sha256(f"{next(self._numbers)}".encode()).hexdigest()


def image_id(content: str) -> str:
    """An image id for a content."""
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


def _written(seconds: float) -> str:
    """A Unix time as the engine writes it; it has a zero time of its own."""
    if not seconds:
        return "0001-01-01T00:00:00Z"
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="microseconds")
        .replace("+00:00", "123Z")
    )


def _network(name: str, body: Body, identifier: str) -> Body:
    return {
        "Name": name,
        "Id": identifier,
        "Driver": body.get("Driver") or "bridge",
        "Internal": body.get("Internal", False),
        "Labels": body.get("Labels") or {},
        "Scope": "local",
        "Containers": {},
    }


def _as_kept(host: Body) -> Body:
    """The host configuration as the real engine gives it back: not always as it was asked for."""
    kept = {"RestartPolicy": {"Name": "no"}, "PortBindings": {}, "Binds": [], **host}
    for key in ("CapAdd", "CapDrop"):
        names = host.get(key) or []
        kept[key] = [n if n == "ALL" or n.startswith("CAP_") else f"CAP_{n}" for n in names]
    memory, swap = host.get("Memory") or 0, host.get("MemorySwap") or 0
    kept["MemorySwap"] = 2 * memory if memory and not swap else swap
    kept["NetworkMode"] = host.get("NetworkMode") or "default"
    log = host.get("LogConfig") or {}
    kept["LogConfig"] = {"Type": log.get("Type") or "json-file", "Config": log.get("Config") or {}}
    return kept
