"""The checks of the Docker engine: size, ports, images and the kernel."""

import os
from collections.abc import Iterator
from pathlib import Path

from components import docker_engine
from components.docker_address import engine_address
from components.docker_engine import DockerEngineError, EngineInfo
from stacks.catalogue import elasticsearch
from stacks.catalogue.by_stack import catalogue_for
from stacks.catalogue.catalogue import Catalogue
from stacks.preflight import docker as preflight
from stacks.settings import ContainerSettings
from tdeploy.checks.check import Check, unknown, wrong, wrong_or_ok

# Enough for the whole stack under load.
_CPUS = 4
_ARCHITECTURES = {"x86_64", "aarch64", "amd64", "arm64"}
# From Elasticsearch's start-up check.
_MAP_COUNT = 262_144
_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY")
_CA_VARIABLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_MAP_COUNT_FILE = Path("/proc/sys/vm/max_map_count")


def check_docker(settings: ContainerSettings) -> Iterator[Check]:
    """The engine, and what the stack needs of it."""
    catalogue = catalogue_for(settings)
    try:
        engine = docker_engine.engine_info()
    except DockerEngineError as error:
        yield wrong("docker", str(error))
        yield from _without_engine(catalogue)
    else:
        address = engine_address()
        yield from wrong_or_ok(
            "docker",
            preflight.version_problems(engine),
            f"version {engine.version}, {address.host} ({address.source})",
        )
        yield _architecture(engine)
        yield _cpus(engine)
        yield from _way_out(settings, engine)
        yield from wrong_or_ok(
            "memory",
            preflight.memory_problems(catalogue, engine),
            f"{engine.memory_mb} MB, the services' limits add up to {catalogue.memory_mb} MB",
        )
        yield from wrong_or_ok(
            "ports",
            preflight.port_problems(catalogue, engine),
            f"free, or used by this stack: {_numbers(catalogue)}",
        )
        yield from _images(catalogue)
    if elasticsearch.NAME in catalogue.workloads:
        yield from _map_count()


def _without_engine(catalogue: Catalogue) -> Iterator[Check]:
    reason = "Docker does not answer"
    yield from unknown(("architecture", "cpus", "memory"), reason)
    if not docker_engine.is_on_this_machine():
        yield from unknown(("ports", "images"), reason)
        return
    problems = list(preflight.port_problems(catalogue, EngineInfo(memory_mb=0, published={})))
    if not problems:
        yield Check("ports", "ok", f"free: {_numbers(catalogue)}")
    for problem in problems:
        check = wrong("ports", problem)
        yield Check("ports", "warning", f"{check.finding}, or by this stack's container", check.fix)
    yield from unknown(("images",), reason)


def _images(catalogue: Catalogue) -> Iterator[Check]:
    try:
        problems = list(preflight.image_problems(catalogue))
    except DockerEngineError as error:
        problems = [str(error)]
    yield from wrong_or_ok("images", problems, "on this machine, or in their registries")


def _way_out(settings: ContainerSettings, engine: EngineInfo) -> Iterator[Check]:
    """What this machine needs to reach the internet, and containers or the engine do not have."""
    proxies = [name for name in _PROXY_VARIABLES if os.environ.get(name)]
    if proxies and not settings.proxy:
        finding = f"{proxies[0]} does not reach containers and image builds"
        fix = f"`pulumi config set -s {settings.stack} proxy http://HOST:PORT`"
        yield Check("proxy", "warning", finding, fix)
    if (proxies or settings.proxy) and not engine.has_proxy:
        fix = "set `proxies` in the engine's daemon.json, or in the settings of Docker Desktop"
        yield Check("engine's proxy", "warning", "the engine pulls images without a proxy", fix)
    bundles = [name for name in _CA_VARIABLES if os.environ.get(name)]
    if bundles and not settings.ca_file:
        finding = f"the certificates of {bundles[0]} do not reach containers and image builds"
        fix = f"`pulumi config set -s {settings.stack} ca_file {os.environ[bundles[0]]}`"
        yield Check("certificates", "warning", finding, fix)


def _numbers(catalogue: Catalogue) -> str:
    return ", ".join(str(port.host) for _, port in catalogue.ports)


def _architecture(engine: EngineInfo) -> Check:
    if engine.architecture in _ARCHITECTURES:
        return Check("architecture", "ok", engine.architecture)
    fix = "run Docker on x86_64 or arm64: the public images have no other architecture"
    return Check("architecture", "wrong", engine.architecture, fix)


def _cpus(engine: EngineInfo) -> Check:
    if engine.cpus >= _CPUS:
        return Check("cpus", "ok", str(engine.cpus))
    fix = f"give Docker {_CPUS}: with fewer it starts slowly, and lags under load"
    return Check("cpus", "warning", str(engine.cpus), fix)


def _map_count() -> Iterator[Check]:
    """Elasticsearch's requirement, if Docker runs on this kernel."""
    if not docker_engine.is_on_this_machine() or not _MAP_COUNT_FILE.exists():
        return
    count = int(_MAP_COUNT_FILE.read_text())
    if count >= _MAP_COUNT:
        yield Check("vm.max_map_count", "ok", str(count))
    else:
        fix = f"`sudo sysctl -w vm.max_map_count={_MAP_COUNT}`, which Elasticsearch requires"
        yield Check("vm.max_map_count", "wrong", str(count), fix)
