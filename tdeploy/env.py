"""`tdeploy env`: a stack's addresses and names as environment variables."""

from typing import Annotated

import typer

from stacks import env_file
from tdeploy.console import print_err, print_json, print_out
from tdeploy.engine.project import ROOT, stack_outputs
from tdeploy.errors import NoError, TdeployError
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, AsJson, Profile

app = typer_app()


@app.command()
def env(
    profile: Profile = DEFAULT,
    write: Annotated[
        bool, typer.Option("--write", "-w", help="write .env beside Pulumi.yaml instead")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the stack's `.env`, or write it.

    Example: tdeploy env -p local --write
    """
    if as_json and write:
        raise TdeployError("--json prints and --write writes a file: pass one of them")
    outputs = stack_outputs(profile)
    if not env_file.variables(outputs):
        raise NoError(f"the stack {profile} is not up: run `tdeploy up -p {profile}`")
    if as_json:
        print_json(env_file.variables(outputs))
    elif write:
        try:
            env_file.write(ROOT, outputs)
        except OSError as error:
            raise TdeployError(env_file.write_problem(ROOT, error)) from error
        print_err(f"wrote {ROOT / env_file.NAME}")
    else:
        print_out(env_file.rendered(outputs).rstrip())
