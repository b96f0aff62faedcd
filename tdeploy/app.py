"""`tdeploy`: build, bring up, watch and take away the whole environment.

Answers go to standard output, progress and errors to standard error. Exit codes: 0 done or yes,
1 no, 2 cannot.
"""

import os
import shutil
import signal
import sys
import traceback
import warnings

import typer
from typer import TyperException

from tdeploy import (
    build,
    doctor,
    env,
    infra,
    init,
    kb,
    lifecycle,
    plain_pulumi,
    schema,
    services,
    status,
)
from tdeploy.console import remark, say_failure
from tdeploy.errors import TdeployError

app = typer.Typer(
    name="tdeploy",
    help=__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("init")(init.init)
app.command("up")(lifecycle.up)
app.command("down")(lifecycle.down)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("env")(env.env)
app.command("pulumi", context_settings=plain_pulumi.PASSED_ON)(plain_pulumi.pulumi)
app.add_typer(build.app, name="build")
app.add_typer(infra.app, name="infra")
app.add_typer(kb.app, name="kb")
app.add_typer(schema.app, name="schema")
app.add_typer(services.app, name="services")

# By it Typer tells of Ctrl-C; ours are 0, 1 and 2.
_TYPER_INTERRUPTED = 130
_COMPLETION = ("--install-completion", "--show-completion")


def main() -> None:
    """Run a command; every error that a user can cause is one line."""
    # Being told to end is like Ctrl-C.
    if not sys.warnoptions:
        # Of the libraries', about what the user cannot change.
        warnings.simplefilter("ignore")
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    try:
        _require_completable()
        # Named, because the shell would complete `python` where it is `python -m tdeploy`.
        exit_code = app(prog_name="tdeploy", standalone_mode=False)
    except TdeployError as error:
        remark(f"error: {error}")
        say_failure(str(error))
        raise SystemExit(error.exit_code) from error
    except TyperException as error:
        # What it raises for wrong words shows usage too, and is of a class private to it.
        if hasattr(error, "show"):
            error.show()
        say_failure(error.format_message())
        raise SystemExit(error.exit_code) from error
    except typer.Abort:
        exit_code = _TYPER_INTERRUPTED
    except Exception as error:  # a defect: it is told whole, and is no answer
        traceback.print_exc()
        say_failure(str(error))
        raise SystemExit(TdeployError.exit_code) from error
    if exit_code == _TYPER_INTERRUPTED:
        remark("interrupted")
        say_failure("interrupted")
        exit_code = TdeployError.exit_code
    raise SystemExit(exit_code)


def _require_completable() -> None:
    """Raise TdeployError where completion is asked for, and the shell has no `tdeploy` to run."""
    # `uv run` has one, which the shell that called it has not.
    has_command = shutil.which("tdeploy") and "UV_RUN_RECURSION_DEPTH" not in os.environ
    if not has_command and any(word.startswith(_COMPLETION) for word in sys.argv[1:2]):
        raise TdeployError(
            "completion is for a command tdeploy of the shell itself, and here is none: run"
            " `uv sync`, then `source .venv/bin/activate`, then this as `tdeploy`"
        )
