"""Build our images, and nothing else."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from stacks.catalogue.images import BUILT
from tdeploy import settings
from tdeploy.console import print_out
from tdeploy.engine.project import PROJECT, ROOT
from tdeploy.engine.stack import ManagedStack
from tdeploy.errors import NoError
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, Profile

app = typer_app(help=__doc__)

_STACK = "copilot"
Arch = Literal["amd64", "arm64"]


@app.command()
def temporal(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="checkout of the DSQL fork; default: the setting, else ../temporal-dsql"
        ),
    ] = None,
    arch: Annotated[
        Arch | None,
        typer.Option("--arch", "-a", help="architecture; default: the setting, else this machine"),
    ] = None,
) -> None:
    """Build the Temporal server for Aurora DSQL.

    Stores checkout and architecture as the settings temporal_source and temporal_arch of the stack
    copilot.

    Example: tdeploy build temporal ../temporal-dsql
    """
    stored = settings.read(_STACK)
    folder = source or Path(stored.get("temporal_source", ROOT.parent / "temporal-dsql"))
    folder = folder.expanduser().absolute()
    if not (folder / "cmd" / "tools" / "dsql").is_dir():
        raise NoError(
            f"{folder} is not a checkout of the DSQL fork of Temporal: pass one, as in"
            " `tdeploy build temporal ../temporal-dsql`"
        )
    settings.write(
        _STACK, {"temporal_source": str(folder), **({"temporal_arch": arch} if arch else {})}
    )
    _build(_STACK, "temporal_dsql")


@app.command()
def copilot(
    source: Annotated[
        Path | None, typer.Argument(help="clone to build from, which must be this one")
    ] = None,
    profile: Profile = DEFAULT,
) -> None:
    """Build the image of the Copilot's worker and API.

    `tdeploy services up` then replaces the running containers.

    Example: tdeploy build copilot -p local
    """
    if source and source.expanduser().resolve() != ROOT:
        raise NoError(
            f"this command builds from {ROOT}: to build from {source}, run `uv run tdeploy build"
            " copilot` there"
        )
    _build(profile, "copilot")


def _build(profile: str, key: str) -> None:
    stack = ManagedStack(profile)
    group = f"urn:pulumi:{profile}::{PROJECT}::copilot:docker:Images"
    # Patterns, because the engine refuses a target by name that does not exist yet.
    targets = [f"{group}*::{profile}", f"{group}**::{key}-image"]
    resources = stack.resources()
    if any(resource.is_image for resource in resources):
        # The group exists; as a target it would include every other image of it.
        targets = targets[1:]
    # Without the containers in the program, Pulumi would remove those that use the image.
    has_containers = any(resource.is_container for resource in resources)
    stack.up("running" if has_containers else "images", targets=targets)
    print_out(f"built {BUILT[key]}")
