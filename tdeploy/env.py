"""`tdeploy env`: a stack's addresses and names as environment variables."""

from typing import Annotated

import typer

from tdeploy.console import remark, say, say_json
from tdeploy.errors import NoError, TdeployError
from tdeploy.profile import DEFAULT, AsJson, Profile


def env(
    profile: Profile = DEFAULT,
    write: Annotated[
        bool, typer.Option("--write", "-w", help="write .env beside Pulumi.yaml instead")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the stack's `.env`, or write it again.

    Example: tdeploy env -p local --write
    """
    from stacks import env_file  # noqa: PLC0415
    from tdeploy.project import ROOT, stack_outputs  # noqa: PLC0415

    if as_json and write:
        raise TdeployError("--json prints and --write writes a file: give one of them")
    outputs = stack_outputs(profile)
    if any(variable.output not in outputs for variable in env_file.VARIABLES):
        raise NoError(f"the stack {profile} is not up: run `tdeploy up -p {profile}`")
    if as_json:
        say_json({one.name: str(outputs[one.output]) for one in env_file.VARIABLES})
    elif write:
        try:
            env_file.write(ROOT, outputs)
        except OSError as error:
            raise TdeployError(env_file.not_written(ROOT, error)) from error
        remark(f"wrote {ROOT / env_file.NAME}")
    else:
        say(env_file.rendered(outputs).rstrip())
