"""Set up the databases again, by the stack's jobs."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from components.workload import Job
from stacks.catalogue import elasticsearch
from stacks.catalogue.by_stack import fullest_catalogue
from stacks.registry import CONTAINER_STACKS
from tdeploy.console import confirm, print_err, print_out
from tdeploy.containers import log_lines
from tdeploy.engine.stack import CONTAINERS, IMAGES, IN_DOCKER, ManagedStack
from tdeploy.errors import NoError, TdeployError
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, Profile, Yes
from tdeploy.settings import kept_on_success, require_equal

app = typer_app(help=__doc__)

_LAST_LINES = 20
_MONITORED_JOB = "temporal-schema"
_COPILOT_JOB = "copilot-temporal-schema"
# Beside these, Elasticsearch has an index.
_TEMPORAL_JOBS = (_MONITORED_JOB, _COPILOT_JOB)
_VERSION = "dsql_schema_version"
# The stack's output for each option.
_MONITORED_OUTPUTS = {"endpoint": "temporal_sql_host", "region": "region"}
_COPILOT_OUTPUTS = {
    "endpoint": "copilot_dsql_endpoint",
    "database": "copilot_dsql_database",
    "region": "region",
}
_OWN_STORE = "copilot_sql_host"
"""Output of a stack that has no database of a monitored cluster."""


def _refuse(value: str | None) -> None:
    if value is not None:
        raise TdeployError(
            "the schema and its tool are in the images: build them with `tdeploy build temporal"
            " SRC` (Temporal) or `tdeploy build copilot` (Copilot)"
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
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="first drop the schema, after listing it and asking")
]
# Options of an earlier version, kept for their message.
Tool = Annotated[str | None, typer.Option("--tool", hidden=True, callback=_refuse)]
SchemaFile = Annotated[str | None, typer.Option("--schema", "-s", hidden=True, callback=_refuse)]


@app.command()
def setup(
    *,
    profile: Profile = DEFAULT,
    version: Version = None,
    endpoint: Endpoint = None,
    region: Region = None,
    overwrite: Overwrite = False,
    yes: Yes = False,
    _tool: Tool = None,
) -> None:
    """Set up Temporal's schema of the monitored cluster.

    A job compares the installed version and adds what is missing. Only --overwrite drops anything,
    and then the indices of Elasticsearch too.

    Example: tdeploy schema setup -p local --overwrite
    """
    expected = {"endpoint": endpoint, "region": region}
    _set_up(_MONITORED_JOB, profile, expected, version, overwrite=overwrite, yes=yes)


@app.command("setup-copilot")
def setup_copilot(
    *,
    profile: Profile = DEFAULT,
    version: Version = None,
    endpoint: Endpoint = None,
    database: Database = None,
    region: Region = None,
    overwrite: Overwrite = False,
    yes: Yes = False,
    _tool: Tool = None,
) -> None:
    """Set up Temporal's schema of the Copilot's own cluster.

    Example: tdeploy schema setup-copilot -r eu-west-1
    """
    expected = {"endpoint": endpoint, "database": database, "region": region}
    _set_up(_COPILOT_JOB, profile, expected, version, overwrite=overwrite, yes=yes)


@app.command("setup-copilot-app")
def setup_copilot_app(
    *,
    profile: Profile = DEFAULT,
    endpoint: Endpoint = None,
    database: Database = None,
    region: Region = None,
    overwrite: Overwrite = False,
    yes: Yes = False,
    _schema: SchemaFile = None,
) -> None:
    """Bring the tables of the Copilot itself up to date.

    --overwrite deletes their history.

    Example: tdeploy schema setup-copilot-app -p local
    """
    expected = {"endpoint": endpoint, "database": database, "region": region}
    _set_up("copilot-schema", profile, expected, None, overwrite=overwrite, yes=yes)


def _set_up(
    job: str,
    profile: str,
    options: Mapping[str, str | None],
    version: str | None,
    *,
    overwrite: bool,
    yes: bool,
) -> None:
    expected = {name: value for name, value in options.items() if value}
    if (expected or version) and profile != DEFAULT:
        raise TdeployError(
            f"the stack {profile} has its own PostgreSQL, whose schema is in its images: omit"
            " --version, --endpoint, --database and --region"
        )
    if all(job not in one.overwrites for one in _jobs(profile)):
        raise TdeployError(
            f"the stack {profile} has no database of a monitored cluster: use"
            f" `tdeploy schema setup-copilot -p {profile}`"
        )
    stack = ManagedStack(profile)
    resources, outputs = stack.state()
    names = _MONITORED_OUTPUTS if job == _MONITORED_JOB or profile != DEFAULT else _COPILOT_OUTPUTS
    if _OWN_STORE in outputs:
        names = {"endpoint": _OWN_STORE}
    actual = {name: outputs.get(output) for name, output in names.items()}
    if overwrite and "endpoint" in expected:
        # The settings may name a database on which the stack was never up; --endpoint confirms it.
        actual["endpoint"] = expected["endpoint"]
    require_equal(profile, expected, actual)
    endpoint = actual["endpoint"]
    if not (endpoint if overwrite else any(one.is_container for one in resources)):
        raise NoError(f"nothing of the stack {profile} runs: `tdeploy up -p {profile}` starts it")
    jobs = [job]
    has_indices = any(one.name == elasticsearch.INDICES_JOB for one in resources)
    if overwrite and job in _TEMPORAL_JOBS and has_indices:
        jobs.append(elasticsearch.INDICES_JOB)
    with kept_on_success(profile, {_VERSION: version} if version else {}):
        if endpoint and overwrite:
            _drop_and_set_up(stack, jobs, endpoint, yes=yes)
        else:
            container = f"**OneShotJob$docker:index/container:Container::{job}"
            stack.up(targets=[f"**OneShotJob::{job}", container], replace=[container])
    for _, line in log_lines(profile, jobs, tail=_LAST_LINES, follow=False):
        print_out(line)
    if overwrite:
        # Replaces the job's container by one that drops nothing.
        stack.up(targets=[IN_DOCKER])


def _jobs(profile: str) -> Sequence[Job]:
    return fullest_catalogue(CONTAINER_STACKS[profile]).jobs


def _drop_and_set_up(
    stack: ManagedStack, names: Sequence[str], endpoint: str, *, yes: bool
) -> None:
    job = names[0]
    for one in _jobs(stack.name):
        if job in one.overwrites and (one.name in names or stack.name == DEFAULT):
            print_err(f"  {one.overwrites[job].drops}")
    confirm(
        f"this drops everything listed above from {endpoint}, with its data and for all who use it,"
        f" and restarts the stack {stack.name}",
        yes=yes,
    )
    # Find what would prevent the restart before anything is dropped.
    confirmed = f"{job}@{endpoint}"
    stack.preview(targets=[IN_DOCKER], overwrite=confirmed)
    stack.up(targets=[IMAGES])
    # Stop what uses the database, and would not notice the new schema.
    stack.destroy(targets=CONTAINERS)
    stack.up(targets=[IN_DOCKER], overwrite=confirmed)
