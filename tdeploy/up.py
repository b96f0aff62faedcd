"""`tdeploy up`: create or update everything of a stack."""

from tdeploy.console import confirm, print_err, print_out
from tdeploy.engine.project import require_language_host, stack_outputs
from tdeploy.engine.resource import list_by_kind
from tdeploy.engine.stack import ManagedStack
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, Profile, Yes

app = typer_app()


@app.command()
def up(profile: Profile = DEFAULT, yes: Yes = False) -> None:
    """Start all of a stack and wait for the first verdict.

    Asks before it deletes or replaces something in AWS.

    Example: tdeploy up -p local
    """
    bring_up(profile, yes=yes)


def bring_up(profile: str, *, yes: bool) -> None:
    """Update the stack and print its addresses; ask first if something in AWS would be lost."""
    # First, because reading a stack installs a Pulumi that may be unable to run the program.
    require_language_host()
    stack = ManagedStack(profile)
    if not yes and any(resource.is_in_aws for resource in stack.resources()):
        _confirm_losses_in_aws(stack)
    stack.up()
    print_addresses(stack_outputs(profile))


def print_addresses(outputs: dict[str, object], indent: str = "") -> None:
    """Print the URLs and addresses among a stack's outputs."""
    for name, value in sorted(outputs.items()):
        if value and name.endswith(("_url", "_address")):
            print_out(f"{indent}{name.rsplit('_', 1)[0].replace('_', '-')}: {value}")


def _confirm_losses_in_aws(stack: ManagedStack) -> None:
    lost = [
        resource
        for verb, resource in stack.preview()
        if verb in {"delete", "replace"} and resource.is_in_aws
    ]
    for line in list_by_kind(lost):
        print_err(line)
    if lost:
        confirm(
            "the update deletes or replaces these resources of the stack"
            f" {stack.name} in AWS, with their data",
            yes=False,
        )
