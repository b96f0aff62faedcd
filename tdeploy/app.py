"""`tdeploy`: build, bring up, watch and take away the whole environment.

Answers go to standard output, progress and errors to standard error. Exit codes: 0 done or yes,
1 no, 2 cannot.
"""

import signal
import sys
import traceback
import warnings

import typer

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

# What Typer ends with after Ctrl-C; ours are 0, 1 and 2.
_TYPER_INTERRUPTED = 130


def main() -> None:
    """Run a command; every error that a user can cause is one line."""
    # Being told to end is like Ctrl-C.
    if not sys.warnoptions:
        # Of the libraries', about what the user cannot change.
        warnings.simplefilter("ignore")
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    try:
        app()
    except TdeployError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(error.exit_code) from error
    except SystemExit as end:
        if end.code != _TYPER_INTERRUPTED:
            raise
        sys.stderr.write("interrupted\n")
        raise SystemExit(TdeployError.exit_code) from end
    except Exception as error:  # a defect: it is told whole, and is no answer
        traceback.print_exc()
        raise SystemExit(TdeployError.exit_code) from error
