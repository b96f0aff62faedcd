"""The schema jobs with `--overwrite`, on a real PostgreSQL."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
import pulumi
import pytest
from psycopg import sql

from copilot.store.migrate import migrate, tables
from stacks.catalogue.by_stack import catalogue_for, copilot_catalogue
from stacks.catalogue.copilot import TABLES as COPILOT_TABLES
from stacks.catalogue.files import DOCKER
from stacks.deploy import with_overwrite
from stacks.run_options import OVERWRITE_VARIABLE, OverwriteRequest, overwrite_request
from stacks.settings import CopilotSettings, LocalSettings
from tests.postgres import PASSWORD, USER, Postgres, program
from tools.build import ensure
from tools.servers import TEMPORAL_SQL_TOOL, find

ENDPOINT = "abc.dsql.eu-west-1.on.aws"
TABLES_FILE = DOCKER / "temporal" / "dsql-tables.txt"
TEMPORAL_TABLES = set(TABLES_FILE.read_text().split())
SQL_DATABASE = "overwriting"
SHARED, OWN = "shared.dsql.eu-west-1.on.aws", "own.dsql.eu-west-1.on.aws"
CATALOGUE = copilot_catalogue(CopilotSettings(), monitored_endpoint=SHARED, copilot_endpoint=OWN)


@pytest.fixture(scope="module")
def sql_tool() -> Path:
    """Temporal's own tool. Without Go the tests are skipped with the reason, or fail in CI."""
    if (
        find(TEMPORAL_SQL_TOOL) is None
        and not shutil.which("go")
        and os.environ.get("CI") != "true"
    ):
        pytest.skip("needs temporal-sql-tool: install Go, then run `python -m tools build`")
    return ensure(TEMPORAL_SQL_TOOL, print)


def tables_of(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row[0] for row in rows}


def shell(script: str, *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        ["/bin/sh", str(DOCKER / "temporal" / script), *arguments],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fake(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_databases_of_postgresql_are_recreated_only_with_overwrite(
    postgres: Postgres, sql_tool: Path, tmp_path: Path
) -> None:
    (tmp_path / "temporal-sql-tool").symlink_to(sql_tool)
    password = tmp_path / "password"
    password.write_text(PASSWORD)

    def run(*overwrite: str) -> str:
        return shell(
            "create-postgresql-schema.sh",
            SQL_DATABASE,
            str(password),
            *overwrite,
            PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            SQL_HOST="127.0.0.1",
            SQL_PLUGIN="postgres12",
            SQL_PORT=str(postgres.port),
            SQL_USER=USER,
        )

    def marked() -> bool:
        with psycopg.connect(postgres.url(SQL_DATABASE)) as connection:
            return bool(connection.execute("SELECT 1 FROM namespaces WHERE name = 'kept'").rowcount)

    try:
        run()
        # Aurora DSQL's schema 1.1 has the same tables, but for one that an update left.
        assert tables_of(postgres.url(SQL_DATABASE)) == {*TEMPORAL_TABLES, "cluster_metadata"}
        with psycopg.connect(postgres.url(SQL_DATABASE)) as connection:
            connection.execute(
                "INSERT INTO namespaces (partition_id, id, name, notification_version, data,"
                " data_encoding, is_global) VALUES (0, 'a', 'kept', 1, '', '', false)"
            )
        assert "dropped" not in run()
        assert marked()
        assert run("--overwrite").splitlines()[:2] == [
            f"{SQL_DATABASE}_visibility: dropped",
            f"{SQL_DATABASE}: dropped",
        ]
        assert not marked()
        assert "executions_visibility" in tables_of(postgres.url(f"{SQL_DATABASE}_visibility"))
    finally:
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            for name in (SQL_DATABASE, f"{SQL_DATABASE}_visibility"):
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )


async def test_on_aurora_dsql_only_the_tables_of_temporal_are_dropped(
    database_url: str, tmp_path: Path
) -> None:
    """`psql` queries a PostgreSQL instead, and the tool prints the tables that it finds."""
    await migrate(database_url)
    with psycopg.connect(database_url) as connection:
        for table in {*TEMPORAL_TABLES, "someone_elses"}:
            connection.execute(sql.SQL("CREATE TABLE {} (id int)").format(sql.Identifier(table)))
        connection.execute("INSERT INTO namespaces VALUES (1)")
    psql = program("psql")
    fake(tmp_path, "aws", "echo a-token")
    fake(
        tmp_path,
        "psql",
        # The first attempt meets a concurrent change of the schema.
        f'case "$*" in *--file*) test -e {tmp_path}/failed || {{ touch {tmp_path}/failed;'
        " echo 'OC001' >&2; exit 3; };; esac\n"
        "unset PGPASSWORD\nfor last; do :; done\n"
        'for one; do shift; test "$one" = "$last" || set -- "$@" "$one"; done\n'
        f'exec {psql} "$@" "{database_url}"',
    )
    fake(
        tmp_path,
        "temporal-dsql-tool",
        f'echo "$@"\n{psql} -At -c "\\\\dt public.*" "{database_url}" | cut -d"|" -f2 | xargs',
    )
    output = shell(
        "create-dsql-schema.sh",
        ENDPOINT,
        "1.1",
        str(TABLES_FILE),
        "--overwrite",
        PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        AWS_REGION="eu-west-1",
    )
    dropped, tool, found = output.splitlines()
    assert ENDPOINT in dropped
    assert tool.endswith("setup-schema --schema-name dsql/temporal --version 1.1")
    assert set(found.split()) == {*tables(), "someone_elses"}


async def test_the_tables_of_the_copilot_are_recreated(database_url: str) -> None:
    await migrate(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO clusters VALUES ('monitored', 7)")
        connection.execute("CREATE TABLE namespaces (id int)")
    await migrate(database_url)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT saves FROM clusters").fetchall() == [(7,)]
    assert await migrate(database_url, overwrite=True) > 0
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT saves FROM clusters").fetchall() == []
    assert tables_of(database_url) == {*COPILOT_TABLES, "namespaces"}


@pytest.mark.parametrize(
    ("requested", "changed"),
    [
        (None, set()),
        (OverwriteRequest("temporal-schema", SHARED), {"temporal-schema", "visibility-indices"}),
        (
            OverwriteRequest("copilot-temporal-schema", OWN),
            {"copilot-temporal-schema", "visibility-indices"},
        ),
        (OverwriteRequest("copilot-schema", OWN), {"copilot-schema"}),
    ],
)
def test_only_the_jobs_of_that_schema_drop(
    requested: OverwriteRequest | None, changed: set[str]
) -> None:
    dropping = {job.name: job for job in with_overwrite(CATALOGUE, requested).jobs}
    assert changed == {job.name for job in CATALOGUE.jobs if dropping[job.name] != job}
    if "visibility-indices" in changed:
        own = "dev" if requested and requested.host == SHARED else "copilot"
        command = " ".join(map(str, dropping["visibility-indices"].command))
        assert f"--overwrite temporal_visibility_v1_{own} " in command


def test_only_the_confirmed_database_is_dropped() -> None:
    with pytest.raises(pulumi.RunError, match=f"{SHARED}.*{OWN}"):
        with_overwrite(CATALOGUE, OverwriteRequest("temporal-schema", OWN))
    with pytest.raises(pulumi.RunError, match="loki-ready"):
        with_overwrite(CATALOGUE, OverwriteRequest("loki-ready", OWN))


def test_an_incomplete_request_in_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(OVERWRITE_VARIABLE, "temporal-schema")
    with pytest.raises(pulumi.RunError, match="TDEPLOY_OVERWRITE=temporal-schema"):
        overwrite_request()
    monkeypatch.delenv(OVERWRITE_VARIABLE)
    assert overwrite_request() is None


def test_an_overwrite_names_what_it_drops() -> None:
    jobs = {job.name: job for job in catalogue_for(LocalSettings()).jobs}
    schema = jobs["temporal-schema"].overwrites["temporal-schema"]
    assert schema.drops == "the databases temporal and temporal_visibility"
