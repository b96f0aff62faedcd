"""What `--overwrite` of the schema jobs drops, on a real PostgreSQL."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
import pulumi
import pytest
from psycopg import sql

from copilot.store.migrate import migrate, tables
from stacks import copilot, local
from stacks.copilot_services import TABLES as COPILOT_TABLES
from stacks.environment import with_overwriting
from stacks.run_mode import OVERWRITE_VARIABLE, Overwriting, overwriting
from stacks.settings import CopilotSettings, LocalSettings
from stacks.templates import DOCKER
from tests.postgres import PASSWORD, USER, Postgres, program
from tools.build import ensure
from tools.servers import TEMPORAL_SQL_TOOL, find

ENDPOINT = "abc.dsql.eu-west-1.on.aws"
TABLES_FILE = DOCKER / "temporal" / "dsql-tables.txt"
TEMPORAL_TABLES = set(TABLES_FILE.read_text().split())
SQL_DATABASE = "overwriting"
SHARED, OWN = "shared.dsql.eu-west-1.on.aws", "own.dsql.eu-west-1.on.aws"
CATALOGUE = copilot.services(
    CopilotSettings(),
    copilot.stores(CopilotSettings(), SHARED, OWN),
    knowledge_base_id="",
    grafana_password="",
)


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
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stand_in(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_databases_of_postgresql_are_made_anew_only_when_told(
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
        # Aurora DSQL's schema 1.1 has the tables of this one, but for what an update left behind.
        found = tables_of(postgres.url(SQL_DATABASE))
        assert found == {*TEMPORAL_TABLES, "cluster_metadata"}
        with psycopg.connect(postgres.url(SQL_DATABASE)) as connection:
            connection.execute(
                "INSERT INTO namespaces (partition_id, id, name, notification_version, data,"
                " data_encoding, is_global) VALUES (0, 'a', 'kept', 1, '', '', false)"
            )
        assert f"{SQL_DATABASE}: the schema is there, version 1." in run()
        assert marked()
        anew = run("--overwrite")
        dropped = f"{SQL_DATABASE}_visibility: dropped\n{SQL_DATABASE}: dropped\n"
        assert anew.startswith(f"{dropped}{SQL_DATABASE}: the schema has version 1.")
        assert not marked()
        assert "executions_visibility" in tables_of(postgres.url(f"{SQL_DATABASE}_visibility"))
    finally:
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            for name in (SQL_DATABASE, f"{SQL_DATABASE}_visibility"):
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )


async def test_on_aurora_dsql_only_the_tables_of_temporal_go(
    database_url: str, tmp_path: Path
) -> None:
    """`psql` asks a PostgreSQL instead, and the tool only says which tables it finds."""
    await migrate(database_url)
    with psycopg.connect(database_url) as connection:
        for table in {*TEMPORAL_TABLES, "someone_elses"}:
            connection.execute(sql.SQL("CREATE TABLE {} (id int)").format(sql.Identifier(table)))
        connection.execute("INSERT INTO namespaces VALUES (1)")
    psql = program("psql")
    stand_in(tmp_path, "aws", "echo a-token")
    stand_in(
        tmp_path,
        "psql",
        # Once in between somebody else changes the schema.
        f'case "$*" in *--file*) test -e {tmp_path}/failed || {{ touch {tmp_path}/failed;'
        " echo 'OC001' >&2; exit 3; };; esac\n"
        "unset PGPASSWORD\nfor last; do :; done\n"
        'for one; do shift; test "$one" = "$last" || set -- "$@" "$one"; done\n'
        f'exec {psql} "$@" "{database_url}"',
    )
    stand_in(
        tmp_path,
        "temporal-dsql-tool",
        f'echo "$@"\n{psql} -At -c "\\\\dt public.*" "{database_url}" | cut -d"|" -f2 | xargs',
    )
    said = shell(
        "create-dsql-schema.sh",
        ENDPOINT,
        "1.1",
        str(TABLES_FILE),
        "--overwrite",
        PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        AWS_REGION="eu-west-1",
    )
    first, asked, found = said.splitlines()
    assert first == f"Temporal's tables on {ENDPOINT} are dropped"
    assert asked.endswith("setup-schema --schema-name dsql/temporal --version 1.1")
    assert set(found.split()) == {*tables(), "someone_elses"}


async def test_the_tables_of_the_copilot_are_made_anew(database_url: str) -> None:
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
    ("asked", "changed"),
    [
        (None, set()),
        (Overwriting("temporal-schema", SHARED), {"temporal-schema", "visibility-indices"}),
        (
            Overwriting("copilot-temporal-schema", OWN),
            {"copilot-temporal-schema", "visibility-indices"},
        ),
        (Overwriting("copilot-schema", OWN), {"copilot-schema"}),
    ],
)
def test_only_the_jobs_of_that_schema_drop(asked: Overwriting | None, changed: set[str]) -> None:
    dropping = {job.name: job for job in with_overwriting(CATALOGUE, asked).jobs}
    assert changed == {job.name for job in CATALOGUE.jobs if dropping[job.name] != job}
    if "visibility-indices" in changed:
        own = "dev" if asked and asked.host == SHARED else "copilot"
        command = " ".join(map(str, dropping["visibility-indices"].command))
        assert f"--overwrite temporal_visibility_v1_{own} " in command


def test_only_the_database_that_was_agreed_to_is_dropped() -> None:
    with pytest.raises(pulumi.RunError, match=f"is {SHARED} by now, and what was agreed to is"):
        with_overwriting(CATALOGUE, Overwriting("temporal-schema", OWN))
    with pytest.raises(pulumi.RunError, match="no schema of a job loki-ready to make anew"):
        with_overwriting(CATALOGUE, Overwriting("loki-ready", OWN))


def test_a_word_left_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OVERWRITE_VARIABLE, "temporal-schema")
    with pytest.raises(pulumi.RunError, match="TDEPLOY_OVERWRITE=temporal-schema: unset it"):
        overwriting()
    monkeypatch.delenv(OVERWRITE_VARIABLE)
    assert overwriting() is None


def test_a_question_names_what_is_lost() -> None:
    jobs = {job.name: job for job in local.planned(LocalSettings()).jobs}
    schema = jobs["temporal-schema"].overwrites["temporal-schema"]
    assert schema.drops == "the databases temporal and temporal_visibility"
