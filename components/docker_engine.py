"""Requests to the Docker engine that its Pulumi provider does not make."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from requests.exceptions import RequestException

import docker
from components.docker_address import DEFAULT_SOCKET, engine_address

STACK_LABEL = "io.copilot.stack"
SERVICE_LABEL = "io.copilot.service"
CLUSTER_LABEL = "io.copilot.cluster"
IMAGE_LABEL = "io.copilot.image"
"""Of the images that are built here; docker/*/Dockerfile set it."""
# A job that a killed `up` left running may finish first: half a schema cannot be continued.
_JOB_SECONDS = 120
_REQUEST_SECONDS = 30
# Sockets of engines in a virtual machine, in which they have the default socket.
_IN_A_MACHINE = ("/.docker/desktop/", "/.colima/")
OLDEST_API = (1, 41)
"""Of engine 20.10, the oldest that is supported."""


class DockerEngineError(Exception):
    """The engine does not answer or refuses; the message says what to do."""


@dataclass(frozen=True)
class EngineInfo:
    """The engine's resources, and the ports that its containers publish."""

    memory_mb: int
    published: Mapping[int, tuple[str, str]]
    """By published port, the container's name and its stack; "" for no stack."""
    version: str = ""
    cpus: int = 0
    architecture: str = ""
    """As in `uname -m`."""
    folder: str = ""
    """Its data folder, on the machine that it runs on."""
    has_proxy: bool = False
    """Whether it pulls images through a proxy."""
    api_version: tuple[int, int] = OLDEST_API
    """The newest version of its API: (1, 41) is engine 20.10, (1, 44) is engine 25."""


def engine_info() -> EngineInfo:
    """What the engine has and runs. Raises DockerEngineError."""
    with docker_client() as client:
        info = client.info()
        major, minor = client.api.version()["ApiVersion"].split(".")
        published = {}
        for container in client.api.containers():
            name = container["Names"][0].removeprefix("/")
            stack = (container.get("Labels") or {}).get(STACK_LABEL, "")
            for port in container.get("Ports") or ():
                if "PublicPort" in port:
                    published[int(port["PublicPort"])] = (name, stack)
    return EngineInfo(
        memory_mb=int(info["MemTotal"]) // (1024 * 1024),
        published=published,
        version=str(info["ServerVersion"]),
        cpus=int(info["NCPU"]),
        architecture=str(info["Architecture"]),
        folder=str(info.get("DockerRootDir", "")),
        has_proxy=bool(info.get("HttpsProxy")),
        api_version=(int(major), int(minor)),
    )


def image_problem(name: str, *, from_registry: bool) -> str | None:
    """Why an image is neither here nor, with `from_registry`, to pull; None if it is available."""
    with docker_client() as client:
        try:
            client.images.get(name)
        except ImageNotFound:
            if not from_registry:
                return "not on this machine"
        else:
            return None
        try:
            client.images.get_registry_data(name)
        except APIError as error:
            return f"not on this machine, and its registry answers: {error.explanation or error}"
    return None


def may_have_container(name: str) -> bool:
    """Whether a container of this name exists, or the engine does not answer."""
    try:
        with docker_client() as client:
            client.api.inspect_container(name)
    except DockerEngineError as error:
        return not isinstance(error.__cause__, NotFound)
    return True


def remove_container(name: str) -> None:
    """Remove a container, running or not, if it exists."""
    with docker_client() as client:
        try:
            client.api.remove_container(name, force=True, v=True)
        except NotFound:
            return


def remove_leftover_container(name: str, stack: str) -> None:
    """Remove the container of this name that an interrupted `up` of the stack left.

    A container of another stack or of nobody stays, and the engine refuses the name.
    """
    with docker_client() as client:
        try:
            container = client.api.inspect_container(name)
        except NotFound:
            return
        if (container["Config"].get("Labels") or {}).get(STACK_LABEL) != stack:
            return
        if is_job(container) and container["State"]["Running"]:
            client.api.wait(container["Id"], timeout=_JOB_SECONDS)
        client.api.remove_container(container["Id"], force=True, v=True)


def remove_leftover_network(name: str, stack: str) -> None:
    """Remove the network that an interrupted `up` of the stack left, with its containers."""
    with docker_client() as client:
        for network in client.api.networks(names=[name]):
            if network["Name"] != name or (network["Labels"] or {}).get(STACK_LABEL) != stack:
                continue
            attached = client.api.inspect_network(network["Id"]).get("Containers") or {}
            for container in attached:
                client.api.remove_container(container, force=True, v=True)
            client.api.remove_network(network["Id"])


def is_job(container: Mapping[str, Any]) -> bool:
    """Whether an inspected container belongs to a job: only services are restarted."""
    return container["HostConfig"]["RestartPolicy"]["Name"] in {"", "no"}


def remove_replaced_images() -> None:
    """Remove the images that lost their name to a newer build and that no container uses."""
    with docker_client() as client:
        client.images.prune({"dangling": True, "label": IMAGE_LABEL})


@contextmanager
def docker_client() -> Iterator[docker.DockerClient]:
    """The engine's client. Errors inside the block become DockerEngineError."""
    address = "its context"
    try:
        chosen = engine_address()
        address = chosen.host
        client = docker.from_env(
            environment={**os.environ, **chosen.variables},
            timeout=_REQUEST_SECONDS,
            use_ssh_client=True,
        )
    # ValueError: the port in DOCKER_HOST is not a number.
    except (DockerException, ValueError) as error:
        raise DockerEngineError(
            "Docker does not answer: start it, or set DOCKER_HOST to its address"
            f" (tried {address}: {_cause(error)})"
        ) from error
    try:
        yield client
    except (DockerException, RequestException) as error:
        raise DockerEngineError(f"Docker refused a request: {_cause(error)}") from error
    finally:
        client.close()


def is_on_this_machine() -> bool:
    """Whether the engine runs here: it listens on a local socket, and publishes ports here."""
    return _usable_address().startswith(("unix:", "npipe:"))


def socket_in_engine() -> str:
    """The engine's socket as a container can mount it; a rootless engine has its own."""
    path = _usable_address().removeprefix("unix://")
    is_native = sys.platform == "linux" and not any(part in path for part in _IN_A_MACHINE)
    return path if path.startswith("/") and is_native else DEFAULT_SOCKET


def _usable_address() -> str:
    try:
        return engine_address().host
    except DockerException:
        return ""


def _cause(error: BaseException) -> str:
    """The operating system's error where a network error wraps one; else the error."""
    deepest: BaseException | None = error
    while deepest is not None:
        if isinstance(deepest, OSError) and deepest.strerror:
            return deepest.strerror
        deepest = deepest.__context__
    return str(error)
