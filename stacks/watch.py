"""The stack `watch`: the Copilot alone, beside clusters and metrics stores that others run."""

import pulumi

from stacks import configuration, deploy, preflight, run_options
from stacks.catalogue.aws_access import create_caches
from stacks.catalogue.by_stack import watch_catalogue
from stacks.preflight import aws_in_containers
from stacks.preflight import docker as docker_preflight
from stacks.watch_settings import WatchSettings


def declare(settings: WatchSettings) -> None:
    """Declare the stack. Raises pulumi.RunError where this machine cannot run it."""
    mode = run_options.container_mode()
    if mode == "images":
        deploy.declare_builds_only(settings)
        return
    try:
        catalogue = watch_catalogue(
            settings,
            database_password=configuration.database_password(),
            secrets=configuration.access_secrets(),
        )
    except ValueError as error:
        raise pulumi.RunError(f"wrong settings: {error}") from error
    if mode == "running":
        problems = [*docker_preflight.engine_problems(catalogue)]
        if settings.aws_region:
            problems += aws_in_containers.container_problems()
        preflight.require(problems)
        if settings.aws_region:
            create_caches()
    ends = deploy.declare(catalogue, mode)
    deploy.export(catalogue, ends)
