"""The checks of `tdeploy doctor`, each with what to do about it."""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from components import docker_engine
from components.docker_engine import DockerEngineError, Engine
from stacks import complaints, passphrase, preflight
from stacks import settings as stack_settings
from stacks.services import Catalogue
from stacks.settings import ContainerSettings, CopilotSettings
from tdeploy import pulumi_command
from tdeploy import settings as own_settings
from tdeploy.catalogue import plain_settings, planned, problems_of
from tdeploy.errors import TdeployError
from tdeploy.project import ROOT
from tdeploy.pulumi_command import HOW_TO_INSTALL

# What the whole stack is comfortable on; environment.md asks for as much.
_CPUS = 4
# The images take about 5 GB, and the stores grow.
_DISK_GB = 10
_ARCHITECTURES = {"x86_64", "aarch64", "amd64", "arm64"}
# What Elasticsearch's own start-up check asks of the kernel.
_MAP_COUNT = 262_144
_MAP_COUNT_FILE = Path("/proc/sys/vm/max_map_count")
_GIGABYTE = 1024**3


@dataclass(frozen=True)
class Check:
    """One thing; `fix` is empty where nothing is to be done.

    One that is `unknown` could not be looked at, and its finding says why.
    """

    name: str
    state: Literal["ok", "warning", "wrong", "unknown"]
    finding: str
    fix: str = ""


def every_check(profile: str) -> Iterator[Check]:
    """Each as soon as it is known. Raises nothing that a user can cause."""
    pulumi, is_here = _pulumi()
    yield pulumi
    settings = plain_settings(profile)
    if is_here:
        if any(complaints.broken_settings(ROOT, f"Pulumi.{profile}.yaml")):
            yield from _unknown("because the settings cannot be read", "passphrase")
        else:
            yield _passphrase(profile)
        chosen, problem = _configured(profile, settings)
        settings = chosen or settings
        yield problem or Check("settings", "ok", f"Pulumi.{profile}.yaml is understood")
    else:
        yield from _unknown("without Pulumi's command line", "passphrase", "settings")
    yield _files(profile)
    state = f"what {ROOT / '.state'} holds can be read"
    yield from _of_problems("state", state, complaints.broken_state(ROOT))
    yield from _docker(profile, settings)
    yield _disk()
    if isinstance(settings, CopilotSettings):
        yield from _map_count()
        yield from _aws(settings)


def _pulumi() -> tuple[Check, bool]:
    """The check, and whether there is a command that can be asked."""
    try:
        found = pulumi_command.found()
    except TdeployError as error:
        return Check("pulumi", "wrong", str(error), "correct or unset PULUMI_BIN"), False
    if found is None:
        fix = f"nothing, with a network: the first command installs it; else {HOW_TO_INSTALL}"
        return Check("pulumi", "warning", "not here", fix), False
    if not found.has_language_host:
        lacks = f"{found.version} at {found.command} has no language host for Python beside it"
        fix = f"with a network nothing: `up` installs a whole one; else {HOW_TO_INSTALL}"
        return Check("pulumi", "wrong", lacks, fix), True
    return Check("pulumi", "ok", f"{found.version} at {found.command}"), True


def _unknown(reason: str, *names: str) -> Iterator[Check]:
    for name in names:
        yield Check(name, "unknown", f"not looked at, {reason}")


def _passphrase(profile: str) -> Check:
    name = "passphrase"
    variable = passphrase.chosen()
    if variable is None and not (ROOT / passphrase.FILE).is_file():
        if passphrase.encrypted(ROOT):
            return Check(name, "wrong", *_told(passphrase.lost(ROOT)))
        return Check(name, "ok", "made with the first stack")
    try:
        own_settings.require_passphrase(profile)
    except TdeployError as error:
        return Check(name, "wrong", *_told(str(error)))
    return Check(name, "ok", f"in {variable or passphrase.FILE}")


def _configured(
    profile: str, plain: ContainerSettings
) -> tuple[ContainerSettings | None, Check | None]:
    model = type(plain)
    try:
        raw = own_settings.known(profile)
    except TdeployError as error:
        return None, Check("settings", "wrong", *_told(str(error)))
    values = {
        key: stack_settings.parsed(text) for key, text in raw.items() if key not in model.secrets
    }
    try:
        return model.model_validate(values, context=planned(profile, plain).known), None
    except ValidationError as error:
        where = "; ".join(problems_of(error))
        fix = (
            f"`tdeploy pulumi config set -s {profile} KEY VALUE`, or"
            f" `tdeploy pulumi config rm -s {profile} KEY`"
        )
        return None, Check("settings", "wrong", where, fix)


def _files(profile: str) -> Check:
    state = passphrase.STATES / f"{profile}.json"
    kept = (passphrase.FILE.parent, passphrase.FILE, state.parent, state, f"Pulumi.{profile}.yaml")
    for path in (ROOT, *(ROOT / one for one in kept)):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            problem = complaints.no_access(ROOT, path, "permission denied")
            return Check("files", "wrong", *_told(problem))
    return Check("files", "ok", f"{ROOT} can be read and written")


def _docker(profile: str, settings: ContainerSettings) -> Iterator[Check]:
    catalogue = planned(profile, settings)
    try:
        engine = docker_engine.inspect()
    except DockerEngineError as error:
        yield Check("docker", "wrong", *_told(str(error)))
        reason = "because Docker does not answer"
        yield from _unknown(reason, "architecture", "cpus", "memory")
        if _docker_is_local():
            yield from _ports_without_docker(profile, catalogue)
        else:
            yield from _unknown(reason, "ports")
        yield from _unknown(reason, "images")
        return
    yield Check("docker", "ok", f"version {engine.version}")
    yield _architecture(engine)
    yield _cpus(engine)
    memory = f"{engine.memory_mb} MB, the services' limits add up to {catalogue.memory_mb} MB"
    yield from _of_problems("memory", memory, preflight.memory_problems(catalogue, engine))
    yield from _of_problems(
        "ports",
        f"free or ours: {_numbers(catalogue)}",
        preflight.port_problems(profile, catalogue, engine),
    )
    built = {"copilot"} | (
        {"temporal_dsql"} if getattr(settings, "temporal_source", None) else set()
    )
    try:
        problems = list(preflight.image_problems(catalogue, built))
    except DockerEngineError as error:
        problems = [str(error)]
    yield from _of_problems("images", "here, or in their registries", problems)


def _ports_without_docker(profile: str, catalogue: Catalogue) -> Iterator[Check]:
    problems = list(preflight.port_problems(profile, catalogue, Engine(memory_mb=0, published={})))
    if not problems:
        yield Check("ports", "ok", f"free: {_numbers(catalogue)}")
    for what, fix in map(_told, problems):
        yield Check("ports", "warning", f"{what}, or by what Docker runs for us", fix)


def _numbers(catalogue: Catalogue) -> str:
    return ", ".join(str(port.host) for _, port in catalogue.ports)


def _architecture(engine: Engine) -> Check:
    if engine.architecture in _ARCHITECTURES:
        return Check("architecture", "ok", engine.architecture)
    fix = "run Docker on x86_64 or arm64: there are no public images for others"
    return Check("architecture", "wrong", engine.architecture, fix)


def _cpus(engine: Engine) -> Check:
    if engine.cpus >= _CPUS:
        return Check("cpus", "ok", str(engine.cpus))
    fix = f"give Docker {_CPUS}: with fewer it starts slowly, and lags under load"
    return Check("cpus", "warning", str(engine.cpus), fix)


def _disk() -> Check:
    free = shutil.disk_usage(ROOT).free / _GIGABYTE
    finding = f"{free:.0f} GB free where {ROOT} is"
    if free >= _DISK_GB:
        return Check("disk", "ok", finding)
    return Check("disk", "warning", finding, f"free {_DISK_GB} GB: images take about half of that")


def _docker_is_local() -> bool:
    return os.environ.get("DOCKER_HOST", "unix:").startswith("unix:")


def _map_count() -> Iterator[Check]:
    """Elasticsearch's need, where this kernel is the one that Docker runs on."""
    if not _docker_is_local() or not _MAP_COUNT_FILE.exists():
        return
    count = int(_MAP_COUNT_FILE.read_text())
    if count >= _MAP_COUNT:
        yield Check("vm.max_map_count", "ok", str(count))
    else:
        fix = f"`sudo sysctl -w vm.max_map_count={_MAP_COUNT}`, which Elasticsearch asks for"
        yield Check("vm.max_map_count", "wrong", str(count), fix)


def _aws(settings: CopilotSettings) -> Iterator[Check]:
    from stacks import preflight_aws  # noqa: PLC0415

    said = f"credentials are accepted, {settings.region} has Aurora DSQL and the embedding model"
    problems = [
        *preflight_aws.problems(settings.region, embeddings=True),
        *preflight_aws.container_problems(),
    ]
    yield from _of_problems("aws", said, problems)
    if not problems and settings.quick_words.startswith("bedrock:"):
        model = settings.quick_words.removeprefix("bedrock:")
        reason = preflight_aws.model_problem(settings.region, model)
        yield from _of_problems("model", f"{model} can be asked", [reason] if reason else [])


def _of_problems(name: str, finding: str, problems: Iterable[str]) -> Iterator[Check]:
    """A check for each problem, whose sentence says after the colon what to do; else one."""
    found = list(problems)
    if not found:
        yield Check(name, "ok", finding)
    for problem in found:
        yield Check(name, "wrong", *_told(problem))


def _told(problem: str) -> tuple[str, str]:
    """What is wrong, and what to do, of a sentence that says both."""
    what, _, fix = problem.partition(": ")
    return what, fix
