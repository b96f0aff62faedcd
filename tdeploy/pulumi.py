"""`tdeploy pulumi`: the Pulumi CLI in this project, with the project's passphrase."""

import os
from typing import Annotated

import typer

from components.docker_address import provider_variables
from stacks.workspace import passphrase
from tdeploy.engine.project import ROOT, create_stacks, pulumi_cli
from tdeploy.lazy import typer_app

app = typer_app()


# All options are Pulumi's, `--help` after the first word too.
@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def pulumi(
    arguments: Annotated[
        list[str] | None, typer.Argument(help="arguments and options of the Pulumi CLI")
    ] = None,
) -> None:
    """Run the Pulumi CLI here with the passphrase set.

    All arguments go to Pulumi, and the exit code is Pulumi's.

    Example: tdeploy pulumi config set -s local cycle_seconds 15
    """
    cli = pulumi_cli()
    if not (
        passphrase.user_variable()
        or (ROOT / passphrase.FILE).exists()
        or passphrase.encrypted_stacks(ROOT)
    ):
        create_stacks()
    os.chdir(ROOT)
    # Pulumi replaces this process, and so has the terminal, the signals and the exit code.
    environment = cli.environment({**passphrase.environment(ROOT), **provider_variables()})
    os.execve(cli.command, [cli.command, *(arguments or ())], environment)  # noqa: S606
