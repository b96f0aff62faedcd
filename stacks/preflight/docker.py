"""Checks of Docker on this machine: memory, ports and images."""

import socket
from collections import defaultdict
from collections.abc import Iterator

import pulumi

from components import docker_address, docker_engine
from components.docker_address import HOST_VARIABLE
from components.docker_engine import OLDEST_API, DockerEngineError, EngineInfo
from stacks.catalogue.catalogue import Catalogue
from stacks.catalogue.images import BASES, BUILT

_HOST = "127.0.0.1"
# Settings of Pulumi's docker provider that choose an engine.
_PROVIDER_KEYS = ("host", "context")


def engine_problems(catalogue: Catalogue) -> Iterator[str]:
    """Why Docker cannot run the catalogue. A problem is: what is wrong, a colon, what to do."""
    try:
        engine = docker_engine.engine_info()
        yield from version_problems(engine)
        yield from provider_problems()
        yield from memory_problems(catalogue, engine)
        yield from port_problems(catalogue, engine)
        yield from image_problems(catalogue)
    except DockerEngineError as error:
        yield str(error)


def build_problems() -> Iterator[str]:
    """Why Docker cannot build an image."""
    try:
        docker_engine.engine_info()
        yield from provider_problems()
    except DockerEngineError as error:
        yield str(error)


def version_problems(engine: EngineInfo) -> Iterator[str]:
    """Whether the engine is older than every one that is supported."""
    if engine.api_version < OLDEST_API:
        yield f"Docker {engine.version} is too old: update it to 20.10 or later"


def provider_problems() -> Iterator[str]:
    """Whether Pulumi's docker provider would use another engine than the one that was checked."""
    for key in _PROVIDER_KEYS:
        if pulumi.Config("docker").get(key):
            yield (
                f"docker:{key} is set, which the checks of Docker do not read: remove it with"
                f" `pulumi config rm -s {pulumi.get_stack()} docker:{key}`, and set {HOST_VARIABLE}"
            )
    if problem := docker_address.provider_problem():
        yield problem


def memory_problems(catalogue: Catalogue, engine: EngineInfo) -> Iterator[str]:
    """Whether the engine has less memory than the sum of the services' limits."""
    if engine.memory_mb < catalogue.memory_mb:
        yield (
            f"Docker has {engine.memory_mb} MB of memory, the services' limits add up to"
            f" {catalogue.memory_mb} MB: give Docker more, or lower limits with the setting memory"
        )


def port_problems(catalogue: Catalogue, engine: EngineInfo) -> Iterator[str]:
    """Ports that two services publish, or that another container or program uses."""
    stack = catalogue.settings.stack
    wanted = defaultdict(list)
    for _, port in catalogue.ports:
        wanted[port.host].append(port.name)
    for host, names in sorted(wanted.items()):
        key = f"ports.{names[0]}"
        other = f"choose another with `pulumi config set -s {stack} --path {key} PORT`"
        if len(names) > 1:
            yield f"port {host} is set for {' and '.join(names)}: {other}"
        name, owner = engine.published.get(host, ("", stack))
        if owner != stack:
            holder = f"the container {name}"
        elif not name and docker_engine.is_on_this_machine() and not _is_free(host):
            holder = "another program"
        else:
            continue
        yield f"port {host}, which {names[0]} needs, is taken by {holder}: stop it, or {other}"


def image_problems(catalogue: Catalogue) -> Iterator[str]:
    """Images that are neither here, nor built, nor to pull. Raises DockerEngineError."""
    setting = f"pulumi config set -s {catalogue.settings.stack}"
    for key, name in _needed(catalogue).items():
        reason = docker_engine.image_problem(name, from_registry=key not in BUILT)
        if reason is None:
            continue
        fix = (
            "build it from a checkout of the DSQL fork of Temporal with"
            f" `{setting} temporal_source FOLDER`"
            if key in BUILT
            else f"choose another with `{setting} --path images.{key} NAME:TAG`"
        )
        yield f"the image {name} is {reason}: {fix}"


def _needed(catalogue: Catalogue) -> dict[str, str]:
    """Images that must exist first: public ones, and the bases of built ones."""
    needed = {key: name for key, name in catalogue.images.items() if key not in catalogue.builds}
    for key in sorted(catalogue.builds):
        # An image that exists may need no build, and then no network.
        if docker_engine.image_problem(BUILT[key], from_registry=False) is not None:
            needed |= {base: catalogue.bases[base] for base in BASES[key]}
    return needed


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the engine does; without it a recently closed connection would count as a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
