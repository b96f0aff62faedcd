"""Create, show and destroy what is in AWS."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from stacks.outputs import CopilotAwsOutputs, DevOutputs, declared_outputs
from stacks.run_options import ContainerMode
from tdeploy import settings
from tdeploy.console import confirm, print_err, print_json, print_out
from tdeploy.containers import containers
from tdeploy.engine.project import stack_outputs
from tdeploy.engine.resource import list_by_kind
from tdeploy.engine.stack import CONTAINERS, IN_AWS, ManagedStack
from tdeploy.errors import NoError, TdeployError
from tdeploy.lazy import typer_app
from tdeploy.profile import AsJson, Yes

app = typer_app(help=__doc__)

Project = Annotated[
    str | None,
    typer.Option("--project", "-p", help="prefix of names in AWS; default: the setting"),
]
Region = Annotated[
    str | None, typer.Option("--region", "-r", help="AWS region; default: the setting")
]
_SHARED = "dev"
_COPILOT = "copilot"
_OUTPUTS = {_SHARED: DevOutputs, _COPILOT: CopilotAwsOutputs}


@app.command()
def apply_shared(
    project: Project = None,
    region: Region = None,
    dynamodb: Annotated[
        bool | None,
        typer.Option("--dynamodb/--no-dynamodb", help="tables that distribute connections"),
    ] = None,
    yes: Yes = False,
) -> None:
    """Create the shared DSQL cluster, which is protected.

    Example: tdeploy infra apply-shared -p temporal-dev -r eu-west-1
    """
    values = {"project_name": project, "region": region}
    if dynamodb is not None:
        values["dynamodb_tables"] = str(dynamodb).lower()
    _apply(ManagedStack(_SHARED), values, yes=yes)


@app.command()
def apply_copilot(project: Project = None, region: Region = None, yes: Yes = False) -> None:
    """Create the Copilot's DSQL cluster and knowledge base.

    Without options, project and region are those of the shared cluster.

    Example: tdeploy infra apply-copilot --yes
    """
    stack = ManagedStack(_COPILOT)
    values = {"project_name": project, "region": region}
    if not any(resource.is_in_aws for resource in stack.resources()):
        shared = stack_outputs(_SHARED)
        values = {key: value or shared.get(key) for key, value in values.items()}
    _apply(stack, values, yes=yes)


@app.command()
def destroy_copilot(project: Project = None, region: Region = None, yes: Yes = False) -> None:
    """Destroy what the stack copilot has in AWS.

    Also removes its containers, which depend on it. The shared cluster and the Docker volumes stay.
    Docker need not run. With --project and --region, goes on only if the stack has these settings.

    Example: tdeploy infra destroy-copilot -p temporal-dev -r eu-west-1
    """
    stack = ManagedStack(_COPILOT)
    expected = {"project_name": project, "region": region}
    if any(expected.values()):
        settings.require_equal(_COPILOT, expected, settings.read(_COPILOT))
    resources = stack.resources()
    if not any(resource.is_in_aws for resource in resources):
        raise NoError(f"the stack {_COPILOT} has nothing in AWS")
    targets = [IN_AWS]
    deleted = [one for one in resources if one.is_in_aws]
    docker_problem = _docker_problem() if any(one.is_container for one in resources) else ""
    if not docker_problem:
        targets += CONTAINERS
        deleted += [one for one in resources if one.is_container]
    for line in list_by_kind(deleted):
        print_err(line)
    endpoint = stack_outputs(_COPILOT).get("copilot_dsql_endpoint", "")
    confirm(
        f"this destroys all resources listed above, with the data in {endpoint} and in the bucket",
        yes=yes,
    )
    if docker_problem:
        print_err(f"{docker_problem}; the containers stay: `tdeploy services down` removes them")
        stack.rewrite_state(_without_dependencies_on_aws)
    stack.destroy(targets=targets)
    stack.clear_outputs()
    print_err(f"the stack {_COPILOT} has nothing in AWS any more; the shared cluster stays")


def _docker_problem() -> str:
    try:
        containers(_COPILOT)
    except TdeployError as error:
        return str(error)
    return ""


@app.command()
def status(as_json: AsJson = False) -> None:
    """Print the outputs of both stacks.

    Exits with 1 if one is not provisioned.

    Example: tdeploy infra status --json
    """
    outputs = {stack: _aws_outputs(stack) for stack in (_SHARED, _COPILOT)}
    if as_json:
        print_json({stack: values or None for stack, values in outputs.items()})
    else:
        for stack, values in outputs.items():
            _print_outputs(stack, values)
    if not all(outputs.values()):
        raise typer.Exit(1)


def _apply(stack: ManagedStack, values: Mapping[str, str | None], *, yes: bool) -> None:
    resources = stack.resources()
    targets = [IN_AWS] if any(one.is_in_docker for one in resources) else []
    # Containers depend on AWS: without them in the program, Pulumi would delete them.
    has_containers = any(one.is_container for one in resources)
    services: ContainerMode = "unasked" if has_containers else "none"
    given = {key: value for key, value in values.items() if value is not None}
    with settings.kept_on_success(stack.name, given):
        # With --yes too, so that an impossible update fails before it changes anything.
        planned = stack.preview(services, targets=targets)
        verbs = dict.fromkeys(verb for verb, _ in planned)
        for verb in verbs:
            for line in list_by_kind(resource for one, resource in planned if one == verb):
                print_err(f"  {verb} {line.strip()}")
        if has_containers and {"delete", "replace"} & set(verbs):
            raise NoError(
                f"containers of the stack {stack.name} use resources that this would delete or"
                " replace: run `tdeploy services down` first"
            )
        if planned:
            confirm(f"this makes the changes listed above in the stack {stack.name}", yes=yes)
    stack.up(services, targets=targets)
    _print_outputs(stack.name, _aws_outputs(stack.name))


def _aws_outputs(stack: str) -> dict[str, str]:
    """The outputs about AWS, {} if the stack has no cluster there."""
    outputs = stack_outputs(stack)
    if not (outputs.get("dsql_cluster_arn") or outputs.get("copilot_dsql_cluster_arn")):
        return {}
    names = sorted(one.name for one in declared_outputs(_OUTPUTS[stack]))
    return {name: str(outputs[name]) for name in names if name in outputs}


def _print_outputs(stack: str, values: dict[str, str]) -> None:
    print_out(f"{stack}:" if values else f"{stack}: not provisioned")
    for name, value in values.items():
        print_out(f"  {name}: {value}")


def _without_dependencies_on_aws(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A state in which no container depends on AWS, so that AWS can be deleted first."""
    in_aws = {one["urn"] for one in resources if "aws:" in one["type"]}

    def others(urns: list[str]) -> list[str]:
        return [urn for urn in urns if urn not in in_aws]

    return [
        {
            **one,
            "dependencies": others(one.get("dependencies") or []),
            "propertyDependencies": {
                key: others(urns or [])
                for key, urns in (one.get("propertyDependencies") or {}).items()
            },
        }
        if "docker:" in one["type"]
        else one
        for one in resources
    ]
