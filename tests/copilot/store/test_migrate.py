import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from copilot.errors import StoreError
from copilot.store.errors import StoreUnreachableError
from copilot.store.migrate import SCHEMA, for_postgresql, migrate, migrations, statements
from copilot.store.repository import Repository
from tests import dsql_lint
from tests.postgres import PASSWORD, Postgres


def test_every_schema_file_is_valid_on_aurora_dsql() -> None:
    assert dsql_lint.problems(sorted(SCHEMA.glob("*.sql"))) == []


def test_every_statement_can_run_again_so_that_a_half_applied_migration_continues() -> None:
    for text in migrations().values():
        for statement in statements(text):
            assert "IF NOT EXISTS" in statement
            assert "ASYNC" not in for_postgresql(statement)


async def test_a_second_run_applies_nothing(database_url: str) -> None:
    assert await migrate(database_url) == len(migrations())
    assert await migrate(database_url) == 0


async def test_migrators_that_race_apply_each_migration_once(database_url: str) -> None:
    applied = await asyncio.gather(*(migrate(database_url) for _ in range(5)))
    assert sum(applied) == len(migrations())
    async with Repository.open(database_url) as repository:
        await repository.ping()


async def test_an_interrupted_migration_is_continued(database_url: str) -> None:
    first, second = list(migrations().values())[:2]
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for statement in [*statements(first), next(statements(second))]:
            await connection.execute(for_postgresql(statement).encode())
    assert await migrate(database_url) == len(migrations())
    async with Repository.open(database_url) as repository:
        await repository.ping()


async def test_a_store_that_lacks_one_migration_is_not_ready(
    repository: Repository, database_url: str
) -> None:
    await repository.ping()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(
            "DELETE FROM schema_migrations WHERE version = %s", (list(migrations())[-1],)
        )
    with pytest.raises(StoreError, match=r"copilot\.store\.migrate"):
        await repository.ping()


async def test_migrate_waits_for_a_database_that_is_starting(
    own_postgres: Postgres, own_database_url: str
) -> None:
    with own_postgres.stopped():
        waiting = asyncio.create_task(migrate(own_database_url, wait_seconds=180))
        with pytest.raises(StoreUnreachableError):
            await migrate(own_database_url)
        await asyncio.to_thread(own_postgres.start)
        assert await asyncio.wait_for(waiting, 180) == len(migrations())


def job(database_url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "copilot.store.migrate", "--wait", "0"],
        env={"PATH": os.environ["PATH"], "COPILOT_DATABASE_URL": database_url},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_the_job_reports_the_number_of_migrations(database_url: str) -> None:
    done = job(database_url)
    assert done.returncode == 0, done.stderr
    assert f"{len(migrations())} migrations" in done.stderr
    assert PASSWORD not in done.stderr


def test_the_job_fails_in_one_line(postgres: Postgres) -> None:
    done = job(postgres.url("nowhere"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "database 'nowhere'" in done.stderr
    assert PASSWORD not in done.stderr
