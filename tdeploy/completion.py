"""Shell completion of services, from the stack's catalogue: no request to Docker or AWS."""

import typer

from stacks.catalogue.by_stack import fullest_catalogue
from stacks.catalogue.catalogue import Catalogue
from stacks.registry import CONTAINER_STACKS
from tdeploy.profile import DEFAULT


def services(context: typer.Context) -> list[str]:
    """Names of services of the profile in the command line so far."""
    return [one.name for one in _catalogue(context).services]


def containers(context: typer.Context) -> list[str]:
    """Names of services and jobs."""
    return list(_catalogue(context).workloads)


def _catalogue(context: typer.Context) -> Catalogue:
    profile = context.params.get("profile")
    return fullest_catalogue(CONTAINER_STACKS.get(str(profile), CONTAINER_STACKS[DEFAULT]))
