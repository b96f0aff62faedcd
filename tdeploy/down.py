"""`tdeploy down`: delete everything of a stack."""

from collections.abc import Iterable, Mapping

from pydantic import TypeAdapter

from stacks import env_file
from stacks.registry import CONTAINER_STACKS
from tdeploy import settings
from tdeploy.console import confirm, print_err
from tdeploy.engine.project import ROOT, stack_outputs
from tdeploy.engine.resource import Resource, list_by_kind
from tdeploy.engine.stack import ManagedStack
from tdeploy.errors import NoError, TdeployError
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, Profile, Yes

app = typer_app()


@app.command()
def down(profile: Profile = DEFAULT, yes: Yes = False) -> None:
    """Delete all that `up` created, data too, after asking.

    The shared cluster of the stack dev stays. `tdeploy services down` keeps AWS and data.

    Example: tdeploy down -p local --yes
    """
    stack = ManagedStack(profile)
    resources = stack.resources()
    if not resources:
        raise NoError(f"the stack {profile} is empty")
    require_keep_volumes_applied(stack, resources)
    for line in list_by_kind(one for one in resources if not one.is_retained):
        print_err(line)
    keeps = any(one.is_volume and one.is_retained for one in resources)
    data = "; its volumes stay, by the setting keep_volumes" if keeps else ", with its data"
    confirm(f"this deletes all of the stack {profile} as listed above{data}", yes=yes)
    outputs = stack_outputs(profile)
    stack.destroy()
    _remove_env_file(outputs)
    print_err(f"deleted the stack {profile}")


def _remove_env_file(outputs: Mapping[str, object]) -> None:
    values = {name: str(value) for name, value in outputs.items()}
    if not env_file.variables(values):
        return  # no update of this stack came to its end
    try:
        env_file.remove(ROOT, values)
    except OSError as error:
        raise TdeployError(f"cannot remove {ROOT / env_file.NAME}: {error.strerror}") from error


def require_keep_volumes_applied(stack: ManagedStack, resources: Iterable[Resource]) -> None:
    """Raise NoError if the setting keep_volumes was changed after the last update.

    Pulumi retains a volume or not by what the last update wrote into the state.
    """
    retained = {one.is_retained for one in resources if one.is_volume}
    default = CONTAINER_STACKS[stack.name].model_fields["keep_volumes"].default
    text = settings.read(stack.name).get("keep_volumes", default)
    setting = TypeAdapter(bool).validate_python(text)
    if retained - {setting}:
        raise NoError(
            f"the setting keep_volumes is now {str(setting).lower()}, and the volumes still have"
            f" the former value: run `tdeploy services up -p {stack.name} -d`, then this again"
        )
