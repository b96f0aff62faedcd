"""`tdeploy infra`: what is in AWS, without the containers on this machine."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tdeploy.console import remark, require_yes, say, say_json
from tdeploy.errors import NoError, TdeployError
from tdeploy.lifecycle import listed
from tdeploy.profile import AsJson, Yes

if TYPE_CHECKING:
    from stacks.run_mode import Services
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
    _apply(stack, wanted, yes=yes)


@app.command()
def apply_copilot(project: Project = None, region: Region = None, yes: Yes = False) -> None:
    """Make the Copilot's DSQL cluster and knowledge base.

    Without options, project and region are those of the shared cluster.

    Example: tdeploy infra apply-copilot --yes
    """
    from tdeploy.project import stack_outputs  # noqa: PLC0415
    from tdeploy.stack import ManagedStack  # noqa: PLC0415

    stack = ManagedStack(_COPILOT)
    wanted = {"project_name": project, "region": region}
    if not any(resource.is_in_aws for resource in stack.resources()):
        shared = stack_outputs(_SHARED)
        wanted = {key: value or shared.get(key) for key, value in wanted.items()}
    _apply(stack, wanted, yes=yes)


@app.command()
def destroy_copilot(project: Project = None, region: Region = None, yes: Yes = False) -> None:
    """Destroy what the stack copilot has in AWS.

    Its containers cannot be without it, and go too. The shared cluster stays, and so do the Docker
    volumes. Docker need not run. With --project and --region it goes on only where the stack is
    that of this project and region.

    Example: tdeploy infra destroy-copilot -p temporal-dev -r eu-west-1
    """
    from tdeploy.project import stack_outputs  # noqa: PLC0415
    from tdeploy.stack import CONTAINERS, IN_AWS, ManagedStack  # noqa: PLC0415

    stack = ManagedStack(_COPILOT)
    _require_same(stack, {"project_name": project, "region": region})
    resources = stack.resources()
    if not any(resource.is_in_aws for resource in resources):
        raise NoError(f"the stack {_COPILOT} has nothing in AWS")
    targets = [IN_AWS]
    doomed = [one for one in resources if one.is_in_aws]
    problem = _docker_problem() if any(one.is_container for one in resources) else ""
    if not problem:
        targets += CONTAINERS
        doomed += [one for one in resources if one.is_container]
    for line in listed(doomed):
        remark(line)
    endpoint = stack_outputs(_COPILOT).get("copilot_dsql_endpoint", "")
    require_yes(
        f"this destroys all of the above, with the data in {endpoint} and in the bucket", yes=yes
    )
    if problem:
        remark(f"{problem}; the containers stay: `tdeploy services down` removes them")
        stack.rewrite_state(_with_independent_containers)
    stack.destroy(targets=targets)
    stack.forget_outputs()
    remark(f"the stack {_COPILOT} has nothing in AWS any more; the shared cluster stays")


def _docker_problem() -> str:
    from tdeploy.containers import containers  # noqa: PLC0415

    try:
        containers(_COPILOT)
    except TdeployError as error:
        return str(error)
    return ""


@app.command()
def status(as_json: AsJson = False) -> None:
    """Print the outputs of both stacks.

    Exits with 1 where one is not provisioned.

    Example: tdeploy infra status --json
    """
    from tdeploy.project import stack_outputs  # noqa: PLC0415

    outputs = {stack: _of_aws(stack_outputs(stack)) for stack in (_SHARED, _COPILOT)}
    if as_json:
        say_json({stack: values or None for stack, values in outputs.items()})
    else:
        for stack, values in outputs.items():
            _say_outputs(stack, values)
    if not all(outputs.values()):
        raise typer.Exit(1)


def _require_same(stack: "ManagedStack", said: dict[str, str | None]) -> None:
    from tdeploy import settings  # noqa: PLC0415

    known = settings.known(stack.name)
    for key, value in said.items():
        if value and known.get(key) != value:
            raise NoError(f"the stack {stack.name} has {key} {known.get(key)}, not {value}")


def _apply(stack: "ManagedStack", wanted: Mapping[str, str | None], *, yes: bool) -> None:
    from tdeploy.project import stack_outputs  # noqa: PLC0415
    from tdeploy.settings import to_be_confirmed  # noqa: PLC0415
    from tdeploy.stack import IN_AWS  # noqa: PLC0415

    resources = stack.resources()
    targets = [IN_AWS] if any(one.is_in_docker for one in resources) else []
    # Containers depend on AWS, and would have to go where the program does not name them.
    has_containers = any(one.is_container for one in resources)
    services: Services = "unasked" if has_containers else "none"
    with to_be_confirmed(
        stack.name, {key: value for key, value in wanted.items() if value is not None}
    ):
        # With --yes too: what cannot be has to be found before anything is changed.
        planned = stack.preview(services, targets=targets)
        verbs = dict.fromkeys(verb for verb, _ in planned)
        for verb in verbs:
            for line in listed(resource for what, resource in planned if what == verb):
                remark(f"  {verb} {line.strip()}")
        if has_containers and {"remove", "replace"} & set(verbs):
            raise NoError(
                f"containers of the stack {stack.name} use what this would remove or replace:"
                " `tdeploy services down` first"
            )
        if planned:
            require_yes(f"this does all of the above in the stack {stack.name}", yes=yes)
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


def _with_independent_containers(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A state whose containers depend on nothing in AWS, which then can go without them."""
    in_aws = {one["urn"] for one in resources if "aws:" in one["type"]}

    def kept(urns: list[str]) -> list[str]:
        return [urn for urn in urns if urn not in in_aws]

    return [
        {
            **one,
            "dependencies": kept(one.get("dependencies") or []),
            "propertyDependencies": {
                key: kept(urns or [])
                for key, urns in (one.get("propertyDependencies") or {}).items()
            },
        }
        if "docker:" in one["type"]
        else one
        for one in resources
    ]
