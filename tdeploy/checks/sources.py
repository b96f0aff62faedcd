"""The checks of the cluster beside which the stack `watch` runs: what its worker would see."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from components import docker_engine
from components.docker_engine import DockerEngineError
from components.engine_run import Output, run_once
from components.workload import Workload
from stacks.catalogue.by_stack import watch_catalogue
from stacks.catalogue.images import BUILT
from stacks.catalogue.sources import SOURCES_JOB
from stacks.watch_settings import ACCESS_SECRETS, WatchSettings
from tdeploy import settings as stack_settings
from tdeploy.checks.check import Check, unknown, wrong
from tdeploy.errors import TdeployError

_NAME = "sources"
_SECONDS = 120


def check_sources(settings: WatchSettings) -> Iterator[Check]:
    """Metrics store, frontend and logs, from a container like that of the worker."""
    image = BUILT["copilot"]
    try:
        if docker_engine.image_problem(image, from_registry=False):
            yield Check(
                _NAME,
                "unknown",
                f"not checked: the image {image}, which checks them, is not built yet",
                f"`tdeploy build copilot -p {settings.stack}`, then this again",
            )
            return
        name = f"{settings.stack}-{SOURCES_JOB}-check"
        output = run_once(name, image, _workload(settings), _SECONDS)
    except DockerEngineError:
        yield from unknown((_NAME,), "Docker does not answer")
        return
    except (TdeployError, ValueError) as error:
        yield wrong(_NAME, str(error))
        return
    yield from _read(output, settings.stack)


def _workload(settings: WatchSettings) -> Workload:
    """The job of `up` that checks the same, with plain values. Raises TdeployError, ValueError."""
    values = stack_settings.read(settings.stack)
    secrets: Mapping[str, str] = {
        key: value for key, value in values.items() if key in ACCESS_SECRETS
    }
    # The check does not use the store.
    catalogue = watch_catalogue(settings, database_password="none", secrets=secrets)  # noqa: S106
    job = catalogue.workloads[SOURCES_JOB]
    return replace(job, command=(f"{job.command[0]} --json",))


def _read(output: Output, stack: str) -> Iterator[Check]:
    fix = f"correct the settings (`tdeploy init -p {stack}`, docs/deploying.md) or the source"
    try:
        for one in json.loads(output.stdout):
            needs_fix = one["state"] != "ok"
            yield Check(one["name"], one["state"], one["finding"], fix if needs_fix else "")
    except (ValueError, KeyError, TypeError):
        lines = [line for line in output.stderr.splitlines() if line.strip()]
        finding = lines[-1].removeprefix("error: ") if lines else "the check gave no answer"
        yield Check(_NAME, "wrong", finding, fix)
