"""`tdeploy services`: the containers of a stack."""

from dataclasses import asdict
from typing import Annotated

import typer

from tdeploy import completion
from tdeploy.console import remark, require_yes, say, say_json, say_json_line, say_table
from tdeploy.errors import NoError
from tdeploy.lifecycle import bring_up, require_settled_volumes
from tdeploy.profile import DEFAULT, AsJson, Profile, Yes

app = typer.Typer(
    help="Start, stop, restart and watch the containers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_NAMES_HELP = "services; all by default"
Services = Annotated[
    list[str] | None,
    typer.Argument(help=_NAMES_HELP, autocompletion=completion.services),
]
Containers = Annotated[
    list[str] | None,
    typer.Argument(help=_NAMES_HELP, autocompletion=completion.containers),
]
# How the URN of a service's container shows what it is; jobs are another component.
_OF_SERVICE = "copilot:docker:ContainerService$"
_TAIL = 100


@app.command()
def up(
    profile: Profile = DEFAULT,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="do not follow the logs afterwards")
    ] = False,
    yes: Yes = False,
) -> None:
    """Start what does not run, then follow the logs.

    Ctrl-C ends the following, and the services run on.

    Example: tdeploy services up -p local -d
    """
    bring_up(profile, yes=yes)
    if not detach:
        _print_logs(profile, [], tail=0, follow=True, as_json=False)


@app.command()
def down(
    profile: Profile = DEFAULT,
    volumes: Annotated[
        bool, typer.Option("--volumes", "-v", help="drop the Docker volumes too, after asking")
    ] = False,
    yes: Yes = False,
) -> None:
    """Remove the containers; AWS and the volumes stay.

    Example, which drops Docker's volumes too: tdeploy services down --volumes
    """
    from tdeploy.stack import CONTAINERS, IN_DOCKER, ManagedStack  # noqa: PLC0415

    stack = ManagedStack(profile)
    resources = [one for one in stack.resources() if one.is_in_docker]
    if not (resources if volumes else any(one.is_container for one in resources)):
        raise NoError(f"nothing of the stack {profile} runs")
    if not volumes:
        stack.destroy(targets=CONTAINERS)
        return
    require_settled_volumes(stack, resources)
    found = [one for one in resources if one.is_volume]
    if any(one.is_kept for one in found):
        raise NoError(
            f"keep_volumes is set, which keeps them: `tdeploy pulumi config set -s {profile}"
            f" keep_volumes false`, then `tdeploy services up -p {profile} -d`, then this again"
        )
    names = ", ".join(sorted(one.name for one in found))
    require_yes(f"this deletes the data in the volumes {names}", yes=yes)
    stack.destroy(targets=[IN_DOCKER])


@app.command()
def restart(names: Services = None, profile: Profile = DEFAULT) -> None:
    """Replace the containers of services; their data stays.

    Example: tdeploy services restart copilot-worker copilot-api
    """
    from tdeploy.stack import IN_DOCKER, ManagedStack  # noqa: PLC0415

    stack = ManagedStack(profile)
    every = {one.name: one.urn for one in stack.resources() if _OF_SERVICE in one.urn}
    if not every:
        raise NoError(f"nothing of the stack {profile} runs: start it with `tdeploy services up`")
    for name in names or ():
        if name not in every:
            raise NoError(f"there is no service {name}: use {', '.join(sorted(every))}")
    stack.up(targets=[IN_DOCKER], replace=[every[name] for name in names or every])


@app.command()
def logs(
    names: Containers = None,
    profile: Profile = DEFAULT,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until Ctrl-C")] = False,
    tail: Annotated[
        int, typer.Option("--tail", "-n", min=0, help="last lines of each service")
    ] = _TAIL,
    as_json: AsJson = False,
) -> None:
    """Print the logs of services, or of jobs that are named.

    Example: tdeploy services logs -p local -f -n 20 copilot-worker
    """
    _print_logs(profile, names or [], tail=tail, follow=follow, as_json=as_json)


@app.command()
def ps(names: Containers = None, profile: Profile = DEFAULT, as_json: AsJson = False) -> None:
    """List the containers.

    Exits with 1 where one that is listed is not well.

    Example: tdeploy services ps -p local temporal-frontend --json
    """
    from tdeploy.containers import containers, named  # noqa: PLC0415

    every = containers(profile)
    listed = named(every, names) if names and every else every
    if as_json:
        say_json([asdict(one) for one in listed])
    elif listed:
        rows = [(one.service, one.state, " ".join(map(str, one.ports))) for one in listed]
        say_table(("service", "state", "ports"), rows)
    if not listed:
        raise NoError(f"nothing of the stack {profile} runs")
    if not all(one.is_well for one in listed):
        raise typer.Exit(1)


def _print_logs(profile: str, names: list[str], *, tail: int, follow: bool, as_json: bool) -> None:
    try:
        if follow:
            remark("following the logs; Ctrl-C ends that, and the services run on")
        from tdeploy.containers import log_lines  # noqa: PLC0415

        for service, line in log_lines(profile, names, tail=tail, follow=follow):
            if as_json:
                say_json_line({"service": service, "line": line})
            else:
                say(f"{service} | {line}")
    except KeyboardInterrupt:
        if not follow:
            raise
