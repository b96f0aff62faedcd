"""Direct talk with the Docker engine, for what its Pulumi provider cannot do."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from requests.exceptions import RequestException

import docker

STACK_LABEL = "io.copilot.stack"
SERVICE_LABEL = "io.copilot.service"
CLUSTER_LABEL = "io.copilot.cluster"
# A job that was left running by a killed `up` is let finish: half a schema cannot be continued.
_JOB_SECONDS = 120
_REQUEST_SECONDS = 30


class DockerEngineError(Exception):
    """The engine does not answer, or refuses; the message says what to do."""


@dataclass(frozen=True)
class Engine:
    """What the engine says of itself and of what it runs."""

    memory_mb: int
    published: Mapping[int, tuple[str, str]]
    """Name of the container and its stack (or empty) for each port published on this machine."""
    version: str = ""
    cpus: int = 0
    architecture: str = ""
    """As `uname -m` says it."""
    folder: str = ""
    """Where it keeps everything, on the machine that it runs on."""


def inspect() -> Engine:
    """Ask the engine. Raises DockerEngineError."""
    with connected() as client:
        said = client.info()
        published = {}
        for container in client.api.containers():
            name = container["Names"][0].removeprefix("/")
            stack = (container.get("Labels") or {}).get(STACK_LABEL, "")
            for port in container.get("Ports") or ():
                if "PublicPort" in port:
                    published[int(port["PublicPort"])] = (name, stack)
    return Engine(
        memory_mb=int(said["MemTotal"]) // (1024 * 1024),
        published=published,
        version=str(said["ServerVersion"]),
        cpus=int(said["NCPU"]),
        architecture=str(said["Architecture"]),
        folder=str(said.get("DockerRootDir", "")),
    )


def missing_image(name: str, *, from_registry: bool) -> str | None:
    """Why an image is neither here nor, where allowed, in its registry; None when it is."""
    with connected() as client:
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
            return f"not on this machine, and its registry says: {error.explanation or error}"
    return None


def may_have_container(name: str) -> bool:
    """Whether a container of this name is there, or the engine cannot say."""
    try:
        with connected() as client:
            client.api.inspect_container(name)
    except DockerEngineError as error:
        return not isinstance(error.__cause__, NotFound)
    return True


def remove_container(name: str) -> None:
    """Remove a container, running or not; one that is gone already is fine."""
    with connected() as client:
        try:
            client.api.remove_container(name, force=True, v=True)
        except NotFound:
            return


def remove_left_behind(name: str, stack: str) -> None:
    """Remove what an interrupted `up` of the same stack left under this container name.

    A container of that name that is not the stack's stays, for the engine to refuse the name.
    """
    with connected() as client:
        try:
            found = client.api.inspect_container(name)
        except NotFound:
            return
        if (found["Config"].get("Labels") or {}).get(STACK_LABEL) != stack:
            return
        if found["State"]["Running"] and found["HostConfig"]["RestartPolicy"]["Name"] in {"", "no"}:
            client.api.wait(found["Id"], timeout=_JOB_SECONDS)
        client.api.remove_container(found["Id"], force=True, v=True)


def remove_left_behind_network(name: str, stack: str) -> None:
    """Remove the stack's network that an interrupted `up` left, with what is attached to it."""
    with connected() as client:
        for network in client.api.networks(names=[name]):
            if network["Name"] != name or (network["Labels"] or {}).get(STACK_LABEL) != stack:
                continue
            attached = client.api.inspect_network(network["Id"]).get("Containers") or {}
            for container in attached:
                client.api.remove_container(container, force=True, v=True)
            client.api.remove_network(network["Id"])


@contextmanager
def connected() -> Iterator[docker.DockerClient]:
    """The engine's client; whatever fails in the block is a DockerEngineError."""
    address = ""
    try:
        address = _address()
        client = docker.from_env(timeout=_REQUEST_SECONDS)
    # A port that is no number is none of Docker's own errors.
    except (DockerException, ValueError) as error:
        raise DockerEngineError(
            "Docker does not answer: start it, or set DOCKER_HOST to where it listens"
            f" (tried {address or 'its context'}: {_cause(error)})"
        ) from error
    try:
        yield client
    except (DockerException, RequestException) as error:
        raise DockerEngineError(f"Docker does not do what it was asked: {_cause(error)}") from error
    finally:
        client.close()


def _address() -> str:
    """Where the SDK looks for the engine. Raises DockerException for a context that is wrong."""
    named = os.environ.get("DOCKER_HOST")
    return named or str(ContextAPI.kwargs_from_context(environment=os.environ)["base_url"])


def _cause(error: BaseException) -> str:
    """What the system said, where an error of the network is wrapped in others; else the error."""
    deepest: BaseException | None = error
    while deepest is not None:
        if isinstance(deepest, OSError) and deepest.strerror:
            return deepest.strerror
        deepest = deepest.__context__
    return str(error)
