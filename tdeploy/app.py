"""The command `tdeploy`. Exit codes: 0 done or yes, 1 no, 2 cannot."""

import os
import shutil
import signal
import sys
import traceback
import warnings
from typing import cast

import typer
from typer import TyperException
from typer.core import TyperGroup
from typer.main import get_command

from tdeploy.console import print_err, print_json_error
from tdeploy.errors import TdeployError
from tdeploy.lazy import LazyCommand

MODULES = {
    "init": "tdeploy.init",
    "up": "tdeploy.up",
    "down": "tdeploy.down",
    "status": "tdeploy.status",
    "doctor": "tdeploy.doctor",
    "env": "tdeploy.env",
    "pulumi": "tdeploy.pulumi",
    "build": "tdeploy.build",
    "infra": "tdeploy.infra",
    "kb": "tdeploy.kb.commands",
    "schema": "tdeploy.schema",
    "services": "tdeploy.services",
}
"""The module of each command and group of commands."""
app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
# Typer returns it after Ctrl-C.
_TYPER_INTERRUPTED = 130
_COMPLETION = ("--install-completion", "--show-completion")


@app.callback()
def tdeploy() -> None:
    """Build, start, watch and remove the whole environment.

    Answers go to standard output, progress and errors to standard error. Exit codes: 0 done or yes,
    1 no, 2 cannot.
    """


def command() -> TyperGroup:
    """The command with all its subcommands."""
    group = cast("TyperGroup", get_command(app))
    for name, module in MODULES.items():
        group.add_command(LazyCommand(name, module))
    return group


def main() -> None:
    """Run a command. An error that a user can cause is one line."""
    if not sys.warnoptions:
        # The user cannot act on the warnings of libraries.
        warnings.simplefilter("ignore")
    # SIGTERM ends a command as Ctrl-C does.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        _require_completable()
        # With the name given, `python -m tdeploy` completes `tdeploy` and not `python`.
        exit_code = command().main(prog_name="tdeploy", standalone_mode=False)
    except TdeployError as error:
        print_err(f"error: {error}")
        print_json_error(str(error))
        raise SystemExit(error.exit_code) from error
    except TyperException as error:
        # A usage error also shows the usage; its class is private to Typer.
        if hasattr(error, "show"):
            error.show()
        print_json_error(error.format_message())
        raise SystemExit(error.exit_code) from error
    except typer.Abort:
        exit_code = _TYPER_INTERRUPTED
    except Exception as error:  # a defect, so with its traceback
        traceback.print_exc()
        print_json_error(str(error))
        raise SystemExit(TdeployError.exit_code) from error
    if exit_code == _TYPER_INTERRUPTED:
        print_err("interrupted")
        print_json_error("interrupted")
        exit_code = TdeployError.exit_code
    raise SystemExit(exit_code)


def _require_completable() -> None:
    """Raise TdeployError if completion is requested where the shell has no command `tdeploy`."""
    # `uv run` puts the command on its own PATH, not on the shell's.
    has_command = shutil.which("tdeploy") and "UV_RUN_RECURSION_DEPTH" not in os.environ
    if not has_command and any(word.startswith(_COMPLETION) for word in sys.argv[1:2]):
        raise TdeployError(
            "completion needs a command `tdeploy` on the shell's PATH: run `uv sync`, then"
            " `source .venv/bin/activate`, then this command as `tdeploy`"
        )
