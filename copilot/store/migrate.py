"""Bring the store's schema up to date; `python -m copilot.store.migrate` is the one-shot job.

The schema files are written for Aurora DSQL: one statement a transaction, indexes built
asynchronously, no sequences, no advisory locks. Every statement can run again, so migrators can
run at the same time, and the next one continues an interrupted one.
"""

import argparse
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import (
    DeadlockDetected,
    DuplicateObject,
    DuplicateTable,
    SerializationFailure,
    UndefinedTable,
    UniqueViolation,
)
from psycopg.rows import TupleRow
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_fixed,
    wait_random_exponential,
)

from copilot import process
from copilot.settings import Settings
from copilot.store.errors import (
    StoreUnreachableError,
    connection_error,
    request_error,
)
from copilot.store.location import Location, Target, connect, locate_store, resolve

SCHEMA = Path(__file__).parent / "schema"

# IF NOT EXISTS is not a lock: of two concurrent migrators, one can fail with these.
RACES = (
    DeadlockDetected,
    DuplicateObject,
    DuplicateTable,
    SerializationFailure,
    UniqueViolation,
)

_CREATED = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")

log = logging.getLogger(__name__)


def migrations() -> dict[str, str]:
    """Version and text of each migration, in order."""
    return {path.stem: path.read_text("utf-8") for path in sorted(SCHEMA.glob("*.sql"))}


def statements(text: str) -> Iterator[str]:
    """The statements of a schema file, without comments; none holds a semicolon itself."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("--"))
    for statement in "\n".join(lines).split(";"):
        if statement.strip():
            yield statement.strip()


def for_postgresql(statement: str) -> str:
    """PostgreSQL does not have asynchronous index builds."""
    return statement.replace(" INDEX ASYNC ", " INDEX ", 1)


def tables() -> tuple[str, ...]:
    """Names of the tables that the migrations create; the first one records the migrations."""
    every = (statement for text in migrations().values() for statement in statements(text))
    return tuple(found[1] for one in every if (found := _CREATED.match(one)))


async def migrate(store: Location, wait_seconds: float = 0, *, overwrite: bool = False) -> int:
    """Apply the missing migrations; returns how many this call recorded.

    With `overwrite` it drops the Copilot's tables first, and no others. It waits `wait_seconds` for
    a database that does not answer. Raises StoreError. On Aurora DSQL the indexes may not be
    complete when it returns: queries are slower, not wrong.
    """
    waiting = AsyncRetrying(
        retry=retry_if_exception_type(StoreUnreachableError),
        wait=wait_fixed(0.5),
        stop=stop_after_delay(wait_seconds),
        reraise=True,
    )
    return await waiting(_migrate_once, resolve(store), overwrite=overwrite)


async def _migrate_once(where: Target, *, overwrite: bool) -> int:
    try:
        connection = await connect(where)
    except psycopg.Error as error:
        raise connection_error(error, where.address) from error
    async with connection:
        try:
            if overwrite:
                await _drop_tables(connection)
            return await _apply_missing(
                connection, asynchronous_indexes=where.builds_indexes_asynchronously
            )
        except psycopg.Error as error:
            raise request_error(error, where.address) from error


async def _drop_tables(connection: AsyncConnection[TupleRow]) -> None:
    # The record of migrations first, and tables that refer to others before those: after an
    # interruption the store counts as not migrated, and no history refers to missing rows.
    record, *others = tables()
    for table in (record, *reversed(others)):
        await _run(connection, f"DROP TABLE IF EXISTS {table}".encode())


async def _apply_missing(
    connection: AsyncConnection[TupleRow], *, asynchronous_indexes: bool
) -> int:
    recorded = 0
    try:
        done = await applied_versions(connection)
    except UndefinedTable:
        done = set()
    for version, schema in migrations().items():
        if version in done:
            continue
        for statement in statements(schema):
            text = statement if asynchronous_indexes else for_postgresql(statement)
            await _run(connection, text.encode())
        recorded += await _run(
            connection,
            b"INSERT INTO schema_migrations (version, applied_at) VALUES (%s, now())"
            b" ON CONFLICT (version) DO NOTHING",
            (version,),
        )
    return recorded


async def _run(
    connection: AsyncConnection[TupleRow], statement: bytes, values: tuple[str, ...] = ()
) -> int:
    """One statement in one transaction; returns the number of rows."""
    racing = AsyncRetrying(
        retry=retry_if_exception_type(RACES),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        stop=stop_after_attempt(8),
        reraise=True,
    )
    return (await racing(connection.execute, statement, values)).rowcount


async def applied_versions(connection: AsyncConnection[TupleRow]) -> set[str]:
    """Versions of finished migrations; raises UndefinedTable before the first."""
    cursor = await connection.execute("SELECT version FROM schema_migrations")
    return {row[0] for row in await cursor.fetchall()}


def main(arguments: Sequence[str] | None = None) -> int:
    """The migration job; returns 0 when the store is up to date, else 2."""
    parser = argparse.ArgumentParser(
        prog="python -m copilot.store.migrate",
        description="Bring the schema of the Copilot's store up to date; safe to run again.",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=30,
        metavar="SECONDS",
        help="how long to wait for the database to answer (default: %(default)s)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="drop the Copilot's tables and their rows first"
    )
    options = parser.parse_args(arguments)

    async def job(settings: Settings) -> None:
        store = locate_store(settings)
        recorded = await migrate(store, options.wait, overwrite=options.overwrite)
        log.info(
            "the store at %s is up to date: %d migrations applied", resolve(store).address, recorded
        )

    return process.run(job)


if __name__ == "__main__":
    sys.exit(main())
