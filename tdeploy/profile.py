"""The options that commands share: profile, JSON, yes. A profile is a stack with containers."""

from typing import Annotated

import typer

from stacks.registry import CONTAINER_STACKS
from tdeploy.console import AS_JSON
from tdeploy.errors import TdeployError

DEFAULT = "copilot"


def _validate(context: typer.Context, value: str) -> str:
    if context.resilient_parsing:
        # The shell completes an unfinished line.
        return value
    if value == "dsql":
        raise TdeployError(
            "the profile dsql was removed: use copilot, which is the same monitored cluster with"
            " the Copilot beside it, or local, which needs no AWS account"
        )
    if value not in CONTAINER_STACKS:
        raise TdeployError(f"unknown profile {value}: use {' or '.join(CONTAINER_STACKS)}")
    return value


Profile = Annotated[
    str,
    typer.Option(
        "--profile",
        "-p",
        envvar="TDEPLOY_PROFILE",
        callback=_validate,
        autocompletion=lambda: list(CONTAINER_STACKS),
        help="stack: copilot, local (without an AWS account) or watch (beside existing clusters)",
    ),
]
AsJson = Annotated[bool, typer.Option(AS_JSON, help="print JSON")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]
