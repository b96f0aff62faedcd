"""`tdeploy infra`: what is in AWS, without the containers on this machine."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tdeploy.console import remark, require_yes, say, say_json
from tdeploy.errors import NoError, TdeployError
from tdeploy.lifecycle import listed
from tdeploy.profile import AsJson, Yes

if TYPE_CHECKING:
    from stacks.settings import Services
    from tdeploy.stack import ManagedStack

app = typer.Typer(
    help="Make, show and destroy what is in AWS.", no_args_is_help=True, rich_markup_mode=None
)

Project = Annotated[
    str | None,
    typer.Option("--project", "-p", help="prefix of names in AWS; by default the one set"),
]
Region = Annotated[
    str | None, typer.Option("--region", "-r", help="AWS region; by default the one set")
]
_SHARED = "dev"
_COPILOT = "copilot"
_CONTAINER = "docker:index/container:Container"
_VOLUME = "docker:index/volume:Volume"
_IN_AWS = "**aws:**"


@app.command()
def apply_shared(
    project: Project = None,
    region: Region = None,
    dynamodb: Annotated[
        bool | None,
        typer.Option("--dynamodb/--no-dynamodb", help="the tables that share out connections"),
    ] = None,
    yes: Yes = False,
) -> None:
    """Make the shared DSQL cluster, which is protected.

    Example: tdeploy infra apply-shared -p temporal-dev -r eu-west-1
    """
    from tdeploy.stack import ManagedStack  # noqa: PLC0415

    stack = ManagedStack(_SHARED)
    wanted = {"project_name": project, "region": region}
    if dynamodb is not None:
        wanted["dynamodb_tables"] = str(dynamodb).lower()
    _set(stack, wanted)
    _apply(stack, "running", [], yes=yes)


@app.command()
def apply_copilot(project: Project = None, region: Region = None, yes: Yes = False) -> None:
    """Make the Copilot's DSQL cluster and knowledge base.

    Without options, project and region are those of the shared cluster.

    Example: tdeploy infra apply-copilot --yes
    """
    from tdeploy.stack import ManagedStack, stack_outputs  # noqa: PLC0415

    stack = ManagedStack(_COPILOT)
    shared = stack_outputs(_SHARED)
    _set(
        stack,
        {
            "project_name": project or shared.get("project_name"),
            "region": region or shared.get("region"),
        },
    )
    types = {resource.type for resource in stack.resources()}
    if _CONTAINER in types:
        # They depend on AWS, and would be removed where the program does not name them.
        _apply(stack, "running", [_IN_AWS], yes=yes)
    elif any(kind.startswith("docker:") for kind in types):
        _apply(stack, "stopped", [_IN_AWS], yes=yes)
    else:
        _apply(stack, "none", [], yes=yes)


@app.command()
def destroy_copilot(project: Project = None, region: Region = None, yes: Yes = False) -> None:
    """Destroy what the stack copilot has in AWS.

    Its containers cannot be without it, and go too. The shared cluster stays, and so do the Docker
    volumes. Docker need not run. With --project and --region it goes on only where the stack is
    that of this project and region.

    Example: tdeploy infra destroy-copilot -p temporal-dev -r eu-west-1
    """
    from tdeploy.containers import containers  # noqa: PLC0415
    from tdeploy.stack import ManagedStack, stack_outputs  # noqa: PLC0415

    stack = ManagedStack(_COPILOT)
    _require_same(stack, {"project_name": project, "region": region})
    resources = stack.resources()
    if not any(resource.type.startswith("aws:") for resource in resources):
        raise NoError(f"the stack {_COPILOT} has nothing in AWS")
    has_docker = any(resource.type.startswith("docker:") for resource in resources)
    problem = ""
    if has_docker:
        try:
            containers(_COPILOT)
        except TdeployError as error:
            problem = str(error)
    doomed = [one for one in resources if one.type.startswith("aws:")]
    if not problem:
        doomed += [one for one in resources if one.type == _CONTAINER]
    for line in listed(doomed):
        remark(line)
    endpoint = stack_outputs(_COPILOT).get("copilot_dsql_endpoint", "")
    require_yes(
        f"this destroys all of the above, with the data in {endpoint} and in the bucket", yes=yes
    )
    if problem:
        remark(f"{problem}; the containers are left, and the next `tdeploy up` removes them")
        stack.rewrite_state(_without_docker)
    else:
        stack.rewrite_state(_keeping_volumes)
    stack.destroy(refresh=not problem)
    remark(f"the stack {_COPILOT} has nothing in AWS any more; the shared cluster stays")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Print the outputs of both stacks.

    Exits with 1 where one is not provisioned.

    Example: tdeploy infra status --json
    """
    from tdeploy.stack import stack_outputs  # noqa: PLC0415

    outputs = {stack: _of_aws(stack_outputs(stack)) for stack in (_SHARED, _COPILOT)}
    if as_json:
        say_json({stack: values or None for stack, values in outputs.items()})
    else:
        for stack, values in outputs.items():
            _say_outputs(stack, values)
    if not all(outputs.values()):
        raise typer.Exit(1)


def _set(stack: "ManagedStack", wanted: dict[str, Any]) -> None:
    known = stack.settings()
    stack.set_settings(
        {key: value for key, value in wanted.items() if value and known.get(key) != value}
    )


def _require_same(stack: "ManagedStack", said: dict[str, str | None]) -> None:
    known = stack.settings()
    for key, value in said.items():
        if value and known.get(key) != value:
            raise NoError(f"the stack {stack.name} has {key} {known.get(key)}, not {value}")


def _apply(stack: "ManagedStack", services: "Services", targets: list[str], *, yes: bool) -> None:
    from tdeploy.stack import stack_outputs  # noqa: PLC0415

    if not yes:
        planned = stack.preview(services, targets=targets)
        for verb in dict.fromkeys(verb for verb, _ in planned):
            for line in listed(resource for what, resource in planned if what == verb):
                remark(f"  {verb} {line.strip()}")
        if planned:
            require_yes(f"this does all of the above in the stack {stack.name}", yes=False)
    stack.up(services, targets=targets)
    _say_outputs(stack.name, _of_aws(stack_outputs(stack.name)))


def _of_aws(outputs: dict[str, Any]) -> dict[str, str]:
    """The outputs of what is in AWS; none where its cluster is not there."""
    if not (outputs.get("dsql_cluster_arn") or outputs.get("copilot_dsql_cluster_arn")):
        return {}
    prefixes = ("copilot_dsql_", "dsql_cluster", "dsql_endpoint", "kb_", "knowledge_base_")
    others = {"conn_lease_table", "data_source_id", "project_name", "rate_limiter_table", "region"}
    return {
        name: str(value)
        for name, value in sorted(outputs.items())
        if name in others or name.startswith(prefixes)
    }


def _say_outputs(stack: str, values: dict[str, str]) -> None:
    say(f"{stack}:" if values else f"{stack}: not provisioned")
    for name, value in values.items():
        say(f"  {name}: {value}")


def _without_docker(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A state that knows of no container, so that Docker need not be asked."""
    docker = ("docker:", "copilot:docker:", "pulumi:providers:docker")
    return [one for one in resources if not one["type"].startswith(docker)]


def _keeping_volumes(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A state whose volumes outlive it."""
    return [{**one, "retainOnDelete": True} if one["type"] == _VOLUME else one for one in resources]
