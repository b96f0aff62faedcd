"""The option that every command shares: which stack it is about."""

from typing import Annotated

import typer

from tdeploy.console import AS_JSON
from tdeploy.errors import TdeployError

DEFAULT = "copilot"
CONTAINER_STACKS = ("copilot", "local")
"""The stacks that run containers, which a profile can name."""
_DSQL = (
    "there is no profile dsql any more: copilot is the same monitored cluster with the Copilot"
    " beside it, and local runs without AWS"
)


def _checked(context: typer.Context, value: str) -> str:
    if context.resilient_parsing:
        # The shell completes a line that is not whole.
        return value
    if value == "dsql":
        raise TdeployError(_DSQL)
    if value not in CONTAINER_STACKS:
        raise TdeployError(f"there is no profile {value}: use {' or '.join(CONTAINER_STACKS)}")
    return value


Profile = Annotated[
    str,
    typer.Option(
        "--profile",
        "-p",
        envvar="TDEPLOY_PROFILE",
        callback=_checked,
        autocompletion=lambda: list(CONTAINER_STACKS),
        help="stack: copilot, or local, which needs no AWS account",
    ),
]
AsJson = Annotated[bool, typer.Option(AS_JSON, help="print JSON")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]
