"""A container that sees the sources of the stack `watch` as its worker does."""

from collections.abc import Mapping
from dataclasses import replace

from components.docker_engine import image_problem
from components.engine_run import Output, run_once
from stacks.catalogue.by_stack import watch_catalogue
from stacks.catalogue.images import BUILT
from stacks.catalogue.sources import SOURCES_JOB
from stacks.watch_settings import ACCESS_SECRETS, WatchSettings
from tdeploy import settings as stack_settings

IMAGE = BUILT["copilot"]
_SECONDS = 120


def is_image_missing() -> bool:
    """Whether the Copilot's image is not built yet. Raises DockerEngineError."""
    return bool(image_problem(IMAGE, from_registry=False))


def run_with_sources(settings: WatchSettings, purpose: str, arguments: str) -> Output:
    """Run the job of `up` that checks the sources, with other arguments of `python -m copilot`.

    Its values are plain. Raises DockerEngineError, TdeployError, ValueError.
    """
    values = stack_settings.read(settings.stack)
    secrets: Mapping[str, str] = {
        key: value for key, value in values.items() if key in ACCESS_SECRETS
    }
    # Neither command uses the store.
    catalogue = watch_catalogue(settings, database_password="none", secrets=secrets)  # noqa: S106
    job = catalogue.workloads[SOURCES_JOB]
    command = str(job.command[0]).removesuffix("check") + arguments
    name = f"{settings.stack}-{SOURCES_JOB}-{purpose}"
    return run_once(name, IMAGE, replace(job, command=(command,)), _SECONDS)
