"""`tdeploy schema`: set up the databases again, by the jobs that `up` runs.

A job reads the installed version first, makes what is missing, and drops nothing.
"""

import typer

from tdeploy.console import say
from tdeploy.errors import NoError
from tdeploy.profile import DEFAULT, Profile

app = typer.Typer(
    help="Set up the databases again, by the stack's jobs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_LAST_LINES = 20


@app.command()
def setup(profile: Profile = DEFAULT) -> None:
    """Set up Temporal's schema of the monitored cluster."""
    _run_again("temporal-schema", profile)


@app.command("setup-copilot")
def setup_copilot(profile: Profile = DEFAULT) -> None:
    """Set up Temporal's schema of the Copilot's own cluster."""
    _run_again("copilot-temporal-schema", profile)


@app.command("setup-copilot-app")
def setup_copilot_app(profile: Profile = DEFAULT) -> None:
    """Bring the tables of the Copilot itself up to date."""
    _run_again("copilot-schema", profile)


def _run_again(job: str, profile: str) -> None:
    from tdeploy.containers import log_lines  # noqa: PLC0415
    from tdeploy.stack import ManagedStack  # noqa: PLC0415

    stack = ManagedStack(profile)
    urns = [one.urn for one in stack.resources() if one.name == job and "OneShotJob$" in one.urn]
    if not urns:
        raise NoError(
            f"the job {job} has not run in the stack {profile} yet: `tdeploy up -p {profile}`"
            " runs it"
        )
    stack.up(targets=urns, replace=urns)
    for _, line in log_lines(profile, [job], tail=_LAST_LINES, follow=False):
        say(line)
