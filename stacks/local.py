"""The stack `local`: everything on this machine, without an AWS account."""

from stacks import configuration, deploy, preflight, run_options
from stacks.catalogue.by_stack import local_catalogue
from stacks.outputs import AwsOutputs
from stacks.preflight import docker as docker_preflight
from stacks.settings import LocalSettings


def declare(settings: LocalSettings) -> None:
    """Declare the stack. Raises pulumi.RunError where this machine cannot run it."""
    mode = run_options.container_mode()
    if mode == "images":
        deploy.declare_builds_only(settings)
        return
    catalogue = local_catalogue(
        settings,
        database_password=configuration.database_password(),
        grafana_password=configuration.grafana_password(),
    )
    if mode == "running":
        preflight.require(docker_preflight.engine_problems(catalogue))
    ends = deploy.declare(catalogue, mode)
    deploy.export(catalogue, ends, AwsOutputs())
