"""`tdeploy pulumi`: Pulumi's own command line, as `tdeploy` finds it, with the passphrase."""

import os
from typing import Annotated

import typer

# What follows the first word is Pulumi's, its `--help` too.
PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def pulumi(
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Pulumi's own arguments and options")
    ] = None,
) -> None:
    """Run Pulumi's own command in the clone, with its passphrase.

    All that follows is Pulumi's, and so is the exit code.

    Example: tdeploy pulumi config set -s local cycle_seconds 15
    """
    from stacks import passphrase  # noqa: PLC0415
    from tdeploy.project import ROOT, command, make_stacks  # noqa: PLC0415

    found = command()
    if not (passphrase.chosen() or (ROOT / passphrase.FILE).exists() or passphrase.encrypted(ROOT)):
        make_stacks()
    os.chdir(ROOT)
    # In this one's place, so that it has the terminal, the signals and the exit code.
    environment = found.environment(passphrase.environment(ROOT))
    os.execve(found.command, [found.command, *(arguments or ())], environment)  # noqa: S606
