"""The names that the shell offers after a command: what the stack's own plan has, asking nobody."""

from typing import TYPE_CHECKING

import typer

from tdeploy.profile import CONTAINER_STACKS, DEFAULT

if TYPE_CHECKING:
    from stacks.services import Catalogue


def services(context: typer.Context) -> list[str]:
    """The services of the profile that the line names so far."""
    return [one.name for one in _plan(context).services]


def containers(context: typer.Context) -> list[str]:
    """The services, and the jobs."""
    return list(_plan(context).workloads)


def _plan(context: typer.Context) -> "Catalogue":
    from tdeploy.catalogue import plain_settings, planned  # noqa: PLC0415

    named = context.params.get("profile")
    profile = named if named in CONTAINER_STACKS else DEFAULT
    return planned(profile, plain_settings(profile))
