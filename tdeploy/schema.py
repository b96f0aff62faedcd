"""`tdeploy schema`: set up the databases again, by the jobs that `up` runs.

A job reads the installed version first, makes what is missing, and drops nothing unless that was
asked for.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from tdeploy.console import remark, require_yes, say
from tdeploy.errors import NoError, TdeployError
from tdeploy.profile import DEFAULT, Profile, Yes

if TYPE_CHECKING:
    from tdeploy.stack import ManagedStack

app = typer.Typer(
    help="Set up the databases again, by the stack's jobs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_LAST_LINES = 20
_MONITORED_JOB = "temporal-schema"
_VERSION = "dsql_schema_version"
# What the stack's outputs call what the options name.
_MONITORED = {"endpoint": "temporal_sql_host", "region": "region"}
_COPILOT = {
    "endpoint": "copilot_dsql_endpoint",
    "database": "copilot_dsql_database",
    "region": "region",
}


def _refused(value: str | None) -> None:
    if value is not None:
        raise TdeployError(
            "the schema and its tool come with the images: `tdeploy build temporal SRC` builds"
            " that of Temporal, `tdeploy build copilot` that of the Copilot"
        )


Version = Annotated[
    str | None,
    typer.Option("--version", "-v", help=f"version to have on Aurora DSQL; sets {_VERSION}"),
]
Endpoint = Annotated[
    str | None,
    typer.Option(
        "--endpoint", "-e", help="go on only if the database is this one; agreed to for --overwrite"
    ),
]
Database = Annotated[
    str | None, typer.Option("--database", "-d", help="go on only if this is its name")
]
Region = Annotated[
    str | None, typer.Option("--region", "-r", help="go on only if this is its region")
]
Overwriting = Annotated[
    bool, typer.Option("--overwrite", help="drop what is there first, which is shown and asked")
]
# Of an earlier command line: who still types them is told what is instead.
Tool = Annotated[str | None, typer.Option("--tool", hidden=True, callback=_refused)]
SchemaFile = Annotated[str | None, typer.Option("--schema", "-s", hidden=True, callback=_refused)]


@app.command()
def setup(
    *,
    profile: Profile = DEFAULT,
    version: Version = None,
    endpoint: Endpoint = None,
    region: Region = None,
    overwrite: Overwriting = False,
    yes: Yes = False,
    _tool: Tool = None,
) -> None:
    """Set up Temporal's schema of the monitored cluster.

    With --overwrite it begins with an empty one.

    Example: tdeploy schema setup -p local --overwrite
    """
    given = {"endpoint": endpoint, "region": region}
    _set_up(_MONITORED_JOB, profile, given, version, overwrite=overwrite, yes=yes)


@app.command("setup-copilot")
def setup_copilot(
    *,
    profile: Profile = DEFAULT,
    version: Version = None,
    endpoint: Endpoint = None,
    database: Database = None,
    region: Region = None,
    overwrite: Overwriting = False,
    yes: Yes = False,
    _tool: Tool = None,
) -> None:
    """Set up Temporal's schema of the Copilot's own cluster.

    Example: tdeploy schema setup-copilot -r eu-west-1
    """
    given = {"endpoint": endpoint, "database": database, "region": region}
    _set_up("copilot-temporal-schema", profile, given, version, overwrite=overwrite, yes=yes)


@app.command("setup-copilot-app")
def setup_copilot_app(
    *,
    profile: Profile = DEFAULT,
    endpoint: Endpoint = None,
    database: Database = None,
    region: Region = None,
    overwrite: Overwriting = False,
    yes: Yes = False,
    _schema: SchemaFile = None,
) -> None:
    """Bring the tables of the Copilot itself up to date.

    With --overwrite its history begins anew.

    Example: tdeploy schema setup-copilot-app -p local
    """
    given = {"endpoint": endpoint, "database": database, "region": region}
    _set_up("copilot-schema", profile, given, None, overwrite=overwrite, yes=yes)


def _set_up(
    job: str,
    profile: str,
    given: Mapping[str, str | None],
    version: str | None,
    *,
    overwrite: bool,
    yes: bool,
) -> None:
    from tdeploy.containers import log_lines  # noqa: PLC0415
    from tdeploy.settings import to_be_confirmed  # noqa: PLC0415
    from tdeploy.stack import IN_DOCKER, ManagedStack  # noqa: PLC0415

    said = {name: value for name, value in given.items() if value}
    if (said or version) and profile != DEFAULT:
        raise TdeployError(
            f"the stack {profile} has its own PostgreSQL, whose schema comes with its images: leave"
            " --version, --endpoint, --database and --region out"
        )
    stack = ManagedStack(profile)
    resources, outputs = stack.seen()
    names = _MONITORED if job == _MONITORED_JOB or profile != DEFAULT else _COPILOT
    known = {name: outputs.get(output) for name, output in names.items()}
    if overwrite:
        # Agreed to by being said: what the settings name by now may never have been up.
        known |= {name: value for name, value in said.items() if name == "endpoint"}
    _require_same(profile, known, said)
    where = known["endpoint"]
    if not (where if overwrite else any(one.is_container for one in resources)):
        raise NoError(f"nothing of the stack {profile} runs: `tdeploy up -p {profile}` starts it")
    with to_be_confirmed(profile, {_VERSION: version} if version else {}):
        if where and overwrite:
            _make_anew(stack, job, where, yes=yes)
        else:
            container = f"**OneShotJob$docker:index/container:Container::{job}"
            stack.up(targets=[f"**OneShotJob::{job}", container], replace=[container])
    for _, line in log_lines(profile, [job], tail=_LAST_LINES, follow=False):
        say(line)
    if overwrite:
        # So that the job is again the one that drops nothing.
        stack.up(targets=[IN_DOCKER])


def _require_same(profile: str, known: Mapping[str, str | None], said: Mapping[str, str]) -> None:
    """Raise NoError where the stack's database is another than the one that was named."""
    for name, value in said.items():
        if (is_one := known[name]) != value:
            raise NoError(
                f"the stack {profile} has {f'the {name} {is_one}' if is_one else f'no {name} yet'},"
                f" not {value}: its settings say which database it uses, as docs/stacks.md lists"
                " them"
            )


def _make_anew(stack: "ManagedStack", job: str, where: str, *, yes: bool) -> None:
    from tdeploy.catalogue import plain_settings, planned  # noqa: PLC0415
    from tdeploy.stack import CONTAINERS, IMAGES, IN_DOCKER  # noqa: PLC0415

    jobs = planned(stack.name, plain_settings(stack.name)).jobs
    for line in (one.overwrites[job].drops for one in jobs if job in one.overwrites):
        remark(f"  {line}")
    require_yes(
        f"this drops all of the above from {where}, for everyone who uses it, with what is in it,"
        f" and restarts the stack {stack.name}",
        yes=yes,
    )
    # What would keep it from coming back has to be found while everything still stands.
    agreed = f"{job}@{where}"
    stack.preview(targets=[IN_DOCKER], overwrite=agreed)
    stack.up(targets=[IMAGES])
    # Nothing may use it meanwhile, and what did would not notice that it begins anew.
    stack.destroy(targets=CONTAINERS)
    stack.up(targets=[IN_DOCKER], overwrite=agreed)
