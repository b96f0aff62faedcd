"""Start, stop, restart and watch the containers."""

from dataclasses import asdict
from typing import Annotated

import typer

from tdeploy import completion
from tdeploy.console import (
    confirm,
    print_err,
    print_json,
    print_json_line,
    print_out,
    print_table,
)
from tdeploy.containers import containers, log_lines, select
from tdeploy.down import require_keep_volumes_applied
from tdeploy.engine.stack import CONTAINERS, IN_DOCKER, ManagedStack
from tdeploy.errors import NoError
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, AsJson, Profile, Yes
from tdeploy.up import bring_up

app = typer_app(help=__doc__)

_NAMES_HELP = "services; default: all"
Services = Annotated[
    list[str] | None,
    typer.Argument(help=_NAMES_HELP, autocompletion=completion.services),
]
Containers = Annotated[
    list[str] | None,
    typer.Argument(help=_NAMES_HELP, autocompletion=completion.containers),
]
# In the URN of a service's container; a job has another component resource.
_SERVICE_URN = "copilot:docker:ContainerService$"
_TAIL = 100


@app.command()
def up(
    profile: Profile = DEFAULT,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="do not follow the logs")] = False,
    yes: Yes = False,
) -> None:
    """Start what does not run, then follow the logs.

    Ctrl-C stops following the logs, and the services go on.

    Example: tdeploy services up -p local -d
    """
    bring_up(profile, yes=yes)
    if not detach:
        _print_logs(profile, [], tail=0, follow=True, as_json=False)


@app.command()
def down(
    profile: Profile = DEFAULT,
    volumes: Annotated[
        bool, typer.Option("--volumes", "-v", help="delete the Docker volumes too, after asking")
    ] = False,
    yes: Yes = False,
) -> None:
    """Remove the containers; AWS and the volumes stay.

    Example, which deletes Docker's volumes too: tdeploy services down --volumes
    """
    stack = ManagedStack(profile)
    resources = [one for one in stack.resources() if one.is_in_docker]
    if not (resources if volumes else any(one.is_container for one in resources)):
        raise NoError(f"nothing of the stack {profile} runs")
    if not volumes:
        stack.destroy(targets=CONTAINERS)
        return
    require_keep_volumes_applied(stack, resources)
    found = [one for one in resources if one.is_volume]
    if any(one.is_retained for one in found):
        raise NoError(
            "keep_volumes is set: to delete the volumes, run `tdeploy pulumi config set -s"
            f" {profile} keep_volumes false`, `tdeploy services up -p {profile} -d`, then this"
            " again"
        )
    names = ", ".join(sorted(one.name for one in found))
    confirm(f"this deletes the data in the volumes {names}", yes=yes)
    stack.destroy(targets=[IN_DOCKER])


@app.command()
def restart(names: Services = None, profile: Profile = DEFAULT) -> None:
    """Replace the containers of services; their data stays.

    Example: tdeploy services restart copilot-worker copilot-api
    """
    stack = ManagedStack(profile)
    urns = {one.name: one.urn for one in stack.resources() if _SERVICE_URN in one.urn}
    if not urns:
        raise NoError(f"nothing of the stack {profile} runs: start it with `tdeploy services up`")
    for name in names or ():
        if name not in urns:
            raise NoError(f"unknown service {name}: use {', '.join(sorted(urns))}")
    stack.up(targets=[IN_DOCKER], replace=[urns[name] for name in names or urns])


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
    """Print the logs of services, or of jobs given by name.

    Example: tdeploy services logs -p local -f -n 20 copilot-worker
    """
    _print_logs(profile, names or [], tail=tail, follow=follow, as_json=as_json)


@app.command()
def ps(names: Containers = None, profile: Profile = DEFAULT, as_json: AsJson = False) -> None:
    """List the containers.

    Exits with 1 if one in the list is not healthy.

    Example: tdeploy services ps -p local temporal-frontend --json
    """
    found = containers(profile)
    listed = select(found, names) if names and found else found
    if as_json:
        print_json([asdict(one) for one in listed])
    elif listed:
        rows = [(one.service, one.state, " ".join(map(str, one.ports))) for one in listed]
        print_table(("service", "state", "ports"), rows)
    if not listed:
        raise NoError(f"nothing of the stack {profile} runs")
    if not all(one.is_healthy for one in listed):
        raise typer.Exit(1)


def _print_logs(profile: str, names: list[str], *, tail: int, follow: bool, as_json: bool) -> None:
    try:
        if follow:
            print_err("following the logs; Ctrl-C stops that, and the services go on")
        for service, line in log_lines(profile, names, tail=tail, follow=follow):
            if as_json:
                print_json_line({"service": service, "line": line})
            else:
                print_out(f"{service} | {line}")
    except KeyboardInterrupt:
        if not follow:
            raise
