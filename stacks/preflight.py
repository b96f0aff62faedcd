"""What would make an `up` fail half-way, found before anything is made."""

import os
import socket
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

import pulumi

from components import docker_engine
from components.docker_engine import DockerEngineError, Engine
from stacks.images import BASES, BUILT
from stacks.services import Catalogue

_HOST = "127.0.0.1"


def require(problems: Iterable[str]) -> None:
    """Raise pulumi.RunError with all the problems, if there are any."""
    found = list(problems)
    if len(found) == 1:
        raise pulumi.RunError(found[0])
    if found:
        raise pulumi.RunError("this cannot run here:\n  " + "\n  ".join(found))


def engine_problems(stack: str, catalogue: Catalogue, *, built: Collection[str]) -> Iterator[str]:
    """Why Docker on this machine cannot run the stack; `built` are keys of images it builds."""
    try:
        engine = docker_engine.inspect()
        yield from memory_problems(catalogue, engine)
        yield from port_problems(stack, catalogue, engine)
        yield from image_problems(catalogue, built)
    except DockerEngineError as error:
        yield str(error)


def build_problems() -> Iterator[str]:
    """Why Docker on this machine cannot build an image."""
    try:
        docker_engine.inspect()
    except DockerEngineError as error:
        yield str(error)


def memory_problems(catalogue: Catalogue, engine: Engine) -> Iterator[str]:
    """Memory that the services' limits add up to and that the engine has not."""
    if engine.memory_mb < catalogue.memory_mb:
        yield (
            f"Docker has {engine.memory_mb} MB of memory, the services' limits add up to"
            f" {catalogue.memory_mb} MB: give Docker more, or lower limits with the setting memory"
        )


def port_problems(stack: str, catalogue: Catalogue, engine: Engine) -> Iterator[str]:
    """Ports that two services want, or that something else holds."""
    wanted = defaultdict(list)
    for _, port in catalogue.ports:
        wanted[port.host].append(port.name)
    for host, names in sorted(wanted.items()):
        key = f"ports.{names[0]}"
        other = f"choose another with `pulumi config set -s {stack} --path {key} PORT`"
        if len(names) > 1:
            yield f"port {host} is wanted by {' and '.join(names)}: {other}"
        name, owner = engine.published.get(host, ("", stack))
        if owner != stack:
            holder = f"the container {name}"
        elif not name and _is_local() and not _is_free(host):
            holder = "another program"
        else:
            continue
        yield f"port {host}, which {names[0]} needs, is taken by {holder}: stop it, or {other}"


def image_problems(catalogue: Catalogue, built: Collection[str]) -> Iterator[str]:
    """Images that are neither here, nor built, nor in their registry. Raises DockerEngineError."""
    setting = f"pulumi config set -s {catalogue.stack}"
    for key, name in _needed(catalogue, built).items():
        reason = docker_engine.missing_image(name, from_registry=key not in BUILT)
        if reason is None:
            continue
        mend = (
            "build it from a checkout of the DSQL fork of Temporal with"
            f" `{setting} temporal_source FOLDER`"
            if key in BUILT
            else f"name another with `{setting} --path images.{key} NAME:TAG`"
        )
        yield f"the image {name} is {reason}: {mend}"


def _needed(catalogue: Catalogue, built: Collection[str]) -> dict[str, str]:
    """Images that have to be had before anything runs: public ones, and bases of what is built."""
    needed = {key: name for key, name in catalogue.images.items() if key not in built}
    for key in sorted(built):
        # One that is here may need no build, and then no network either.
        if docker_engine.missing_image(BUILT[key], from_registry=False) is not None:
            needed |= {base: catalogue.bases[base] for base in BASES[key]}
    return needed


def _is_local() -> bool:
    """Whether the engine publishes its ports on this machine."""
    return os.environ.get("DOCKER_HOST", "unix:").startswith(("unix:", "npipe:"))


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the engine does, or a connection that ended a minute ago would count as a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
