"""`tdeploy up` and `tdeploy down`: everything of a stack, made and taken away."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tdeploy.console import remark, require_yes, say
from tdeploy.errors import NoError
from tdeploy.profile import DEFAULT, Profile, Yes

if TYPE_CHECKING:
    from tdeploy.progress import Resource


def up(profile: Profile = DEFAULT) -> None:
    """Bring up all of a stack, until the first verdict.

    Example: tdeploy up -p local
    """
    from tdeploy.stack import ManagedStack, stack_outputs  # noqa: PLC0415

    ManagedStack(profile).up()
    say_pages(stack_outputs(profile))


def down(profile: Profile = DEFAULT, yes: Yes = False) -> None:
    """Destroy all that `up` made, data too, after asking.

    The shared cluster of the stack dev stays. `tdeploy services down` keeps AWS and data.

    Example: tdeploy down -p local --yes
    """
    from tdeploy.stack import ManagedStack  # noqa: PLC0415

    stack = ManagedStack(profile)
    resources = stack.resources()
    if not resources:
        raise NoError(f"the stack {profile} holds nothing")
    for line in listed(resources):
        remark(line)
    require_yes(f"this destroys all of the above, which is the stack {profile}", yes=yes)
    stack.destroy(refresh=True)
    remark(f"the stack {profile} is gone")


def listed(resources: Iterable["Resource"]) -> list[str]:
    """A line for each kind of resource, with the names."""
    kinds = defaultdict(list)
    for resource in resources:
        kinds[resource.label.removesuffix(f" {resource.name}")].append(resource.name)
    return [f"  {kind}: {', '.join(sorted(names))}" for kind, names in sorted(kinds.items())]


def say_pages(outputs: dict[str, object], indent: str = "") -> None:
    """Print where everything is that people and tools open."""
    for name, value in sorted(outputs.items()):
        if name.endswith(("_url", "_address")):
            say(f"{indent}{name.rsplit('_', 1)[0].replace('_', '-')}: {value}")
