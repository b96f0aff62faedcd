"""`tdeploy up` and `tdeploy down`: everything of a stack, made and taken away."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tdeploy.console import remark, require_yes, say
from tdeploy.errors import NoError
from tdeploy.profile import DEFAULT, Profile, Yes

if TYPE_CHECKING:
    from tdeploy.progress import Resource
    from tdeploy.stack import ManagedStack


def up(profile: Profile = DEFAULT, yes: Yes = False) -> None:
    """Bring up all of a stack, until the first verdict.

    It asks before it would remove or replace something in AWS.

    Example: tdeploy up -p local
    """
    bring_up(profile, yes=yes)


def bring_up(profile: str, *, yes: bool) -> None:
    """Make what the program says, and print where it is. Nothing in AWS is lost unasked."""
    from tdeploy.project import require_language_host, stack_outputs  # noqa: PLC0415
    from tdeploy.stack import ManagedStack  # noqa: PLC0415

    # Before what reads, for which a Pulumi would be built that cannot run the program.
    require_language_host()
    stack = ManagedStack(profile)
    if not yes and any(resource.is_in_aws for resource in stack.resources()):
        _require_yes_to_losses(stack)
    stack.up()
    say_pages(stack_outputs(profile))


def _require_yes_to_losses(stack: "ManagedStack") -> None:
    lost = [
        resource
        for verb, resource in stack.preview()
        if verb in {"remove", "replace"} and resource.is_in_aws
    ]
    for line in listed(lost):
        remark(line)
    if lost:
        require_yes(
            f"this removes or replaces all of the above, which the stack {stack.name} has in AWS,"
            " with its data",
            yes=False,
        )


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
    require_settled_volumes(stack, resources)
    for line in listed(one for one in resources if not one.is_kept):
        remark(line)
    require_yes(f"this destroys all of the above, which is the stack {profile}", yes=yes)
    stack.destroy()
    remark(f"the stack {profile} is gone")


def require_settled_volumes(stack: "ManagedStack", resources: Iterable["Resource"]) -> None:
    """Raise NoError where the volumes were made as keep_volumes does not say any more."""
    from pydantic import TypeAdapter  # noqa: PLC0415

    from tdeploy import settings  # noqa: PLC0415

    are_kept = {one.is_kept for one in resources if one.is_volume}
    known = settings.known(stack.name).get("keep_volumes", "false")
    wanted = TypeAdapter(bool).validate_python(known)
    if are_kept - {wanted}:
        raise NoError(
            f"keep_volumes is {str(wanted).lower()} now, and the volumes do not know it yet: run"
            f" `tdeploy services up -p {stack.name} -d`, then this again"
        )


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
