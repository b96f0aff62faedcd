"""`tdeploy build`: the images that are made here, and nothing else."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from tdeploy.console import say
from tdeploy.errors import NoError
from tdeploy.profile import DEFAULT, Profile

app = typer.Typer(
    help="Build our images, and nothing else.", no_args_is_help=True, rich_markup_mode=None
)

_STACK = "copilot"
Arch = Literal["amd64", "arm64"]


@app.command()
def temporal(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="checkout of the DSQL fork; by default the one set, else ../temporal-dsql"
        ),
    ] = None,
    arch: Annotated[
        Arch | None,
        typer.Option("--arch", "-a", help="architecture; by default the one set, else this one"),
    ] = None,
) -> None:
    """Build the Temporal server for Aurora DSQL.

    Checkout and architecture are remembered, as the settings temporal_source and temporal_arch of
    the stack copilot.

    Example: tdeploy build temporal ../temporal-dsql
    """
    from tdeploy import settings  # noqa: PLC0415
    from tdeploy.project import ROOT  # noqa: PLC0415

    known = settings.known(_STACK)
    folder = source or Path(known.get("temporal_source", ROOT.parent / "temporal-dsql"))
    folder = folder.expanduser().absolute()
    if not (folder / "cmd" / "tools" / "dsql").is_dir():
        raise NoError(
            f"{folder} is no checkout of the DSQL fork of Temporal: name one, as in"
            " `tdeploy build temporal ../temporal-dsql`"
        )
    wanted = {"temporal_source": str(folder), **({"temporal_arch": arch} if arch else {})}
    settings.store(_STACK, wanted)
    _build(_STACK, "temporal_dsql")


@app.command()
def copilot(
    source: Annotated[
        Path | None, typer.Argument(help="clone to build it from, which is always this one")
    ] = None,
    profile: Profile = DEFAULT,
) -> None:
    """Build the image of the Copilot's worker and API.

    Running containers get it with `tdeploy services up`.

    Example: tdeploy build copilot -p local
    """
    from tdeploy.project import ROOT  # noqa: PLC0415

    if source and source.expanduser().resolve() != ROOT:
        raise NoError(
            f"the Copilot comes from {ROOT}: to build that in {source}, run `uv run tdeploy build"
            " copilot` there"
        )
    _build(profile, "copilot")


def _build(profile: str, key: str) -> None:
    from stacks.images import BUILT  # noqa: PLC0415
    from tdeploy.project import PROJECT  # noqa: PLC0415
    from tdeploy.stack import ManagedStack  # noqa: PLC0415

    stack = ManagedStack(profile)
    group = f"urn:pulumi:{profile}::{PROJECT}::copilot:docker:Images"
    # As patterns, because the engine refuses to target by name what is not there yet.
    targets = [f"{group}*::{profile}", f"{group}**::{key}-image"]
    resources = stack.resources()
    if any(resource.is_image for resource in resources):
        # Their group is there, and as a target it would take those along that are not named.
        targets = targets[1:]
    # Containers of the image would have to go where the program does not name them.
    has_containers = any(resource.is_container for resource in resources)
    stack.up("running" if has_containers else "images", targets=targets)
    say(f"{BUILT[key]} is built")
