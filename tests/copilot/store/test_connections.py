import asyncio
import socket
from time import monotonic

import psycopg
import pytest
from psycopg import errors

from copilot.errors import StoreError
from copilot.health.decision import State
from copilot.store import connections as pool
from copilot.store.connections import MAX_CONNECTIONS, RETRIES, Connections
from copilot.store.errors import ATTEMPTS, StoreUnreachableError, request_error
from copilot.store.location import resolve
from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from copilot.store.sql import Connection
from tests.builders import record
from tests.postgres import PASSWORD, Postgres

BUMP = "UPDATE clusters SET saves = saves + 1 WHERE cluster = 'monitored'"


def retries() -> float:
    value: float = RETRIES.labels(code="40001")._value.get()
    return value


async def test_a_transaction_runs_again_after_a_conflict(
    repository: Repository, database_url: str
) -> None:
    await repository.save([record(1)])
    before = retries()
    attempts = 0

    async def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        await connection.execute("SELECT saves FROM clusters")
        if attempts == 1:
            await repository.save([record(2)])
        await connection.execute(BUMP)

    async with Connections.open(database_url) as connections:
        await connections.transaction(work)
    assert attempts == 2
    assert retries() == before + 1


async def test_retries_end(repository: Repository, database_url: str) -> None:
    await repository.save([record(1)])
    attempts = 0

    async def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        await connection.execute("SELECT saves FROM clusters")
        await repository.save([record(1)])
        await connection.execute(BUMP)

    async with Connections.open(database_url) as connections:
        with pytest.raises(StoreError, match="SQLSTATE 40001"):
            await connections.transaction(work)
    assert attempts == ATTEMPTS


async def test_opening_needs_no_database_and_a_closed_port_fails_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refuses
        url = f"postgresql://copilot:{PASSWORD}@127.0.0.1:{taken.getsockname()[1]}/copilot"
        async with Repository.open(url) as repository:
            started = monotonic()
            failures = await asyncio.gather(
                *(repository.ping() for _ in range(20)), return_exceptions=True
            )
            # Without the report of the failure each would wait for longer.
            assert monotonic() - started < pool.WAIT_SECONDS
    for failure in failures:
        assert isinstance(failure, StoreUnreachableError)
        assert "Connection refused" in str(failure)
        assert "COPILOT_DATABASE_URL" in str(failure)
        assert PASSWORD not in str(failure)


async def test_a_wrong_password_is_not_an_absent_database(postgres: Postgres) -> None:
    for url, cause in (
        (postgres.url("postgres", password="wrong-secret"), "user 'copilot'"),  # noqa: S106
        (postgres.url("postgres", user="stranger"), "user 'stranger'"),
        (postgres.url("absent"), "database 'absent'"),
    ):
        async with Repository.open(url) as repository:
            with pytest.raises(StoreError) as caught:
                await repository.ping()
        text = str(caught.value)
        assert not isinstance(caught.value, StoreUnreachableError)
        assert cause in text
        assert f"127.0.0.1:{postgres.port}" in text
        assert "COPILOT_DATABASE_URL" in text
        assert PASSWORD not in text
        assert "wrong-secret" not in text
        assert "\n" not in text


async def test_an_empty_database_is_not_migrated(database_url: str) -> None:
    async with Repository.open(database_url) as repository:
        for request in (repository.ping(), repository.save([record(1)])):
            with pytest.raises(StoreError, match=r"copilot\.store\.migrate"):
                await request


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://copilot:s3/cret@127.0.0.1:5432/copilot",
        "postgresql://copilot:5/s3cret@127.0.0.1:5432/copilot",
        "postgresql://copilot:x@s3cret@127.0.0.1:5432/copilot",
        "postgresql://copilot:s3%cret@127.0.0.1:5432/copilot",
        "postgresql://copilot:secret@127.0.0.1:port/copilot",
        "mysql://copilot:secret@127.0.0.1:3306/copilot",
    ],
)
def test_a_malformed_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StoreError, match="COPILOT_DATABASE_URL") as caught:
        resolve(url)
    assert "cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (errors.DiskFull("could not extend file"), "disk"),
        (errors.InsufficientPrivilege("permission denied"), "user 'copilot'"),
        (errors.ReadOnlySqlTransaction("cannot execute"), "read-only"),
        (errors.QueryCanceled("statement timeout"), "10 s"),
        (errors.AdminShutdown("terminating connection"), "connection"),
        (errors.OutOfMemory("odd"), "SQLSTATE 53200, odd"),
    ],
)
def test_a_failed_request_names_its_cause(error: psycopg.Error, cause: str) -> None:
    address = resolve(f"postgresql://copilot:{PASSWORD}@db:5433/store").address
    failure = request_error(error, address)
    assert cause in str(failure)
    assert "db:5433/store" in str(failure)
    assert PASSWORD not in str(failure)
    assert isinstance(failure, StoreUnreachableError) == (cause == "connection")


async def test_a_row_of_a_later_version_is_an_error_that_names_the_field(
    repository: Repository, database_url: str
) -> None:
    await repository.save([record(1)])
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(
            "UPDATE cycles SET decision = replace(decision, '\"happy\"', '\"blissful\"')"
        )
    with pytest.raises(StoreError, match=r"Decision\.state"):
        await repository.latest("monitored")


async def test_waiting_for_a_connection_ends(repository: Repository, database_url: str) -> None:
    all_busy = asyncio.Barrier(MAX_CONNECTIONS + 1)
    finish = asyncio.Event()

    async def hold(_: Connection) -> None:
        await all_busy.wait()
        await finish.wait()

    async with Connections.open(database_url) as connections, asyncio.TaskGroup() as group:
        for _ in range(MAX_CONNECTIONS):
            group.create_task(connections.transaction(hold))
        await asyncio.wait_for(all_busy.wait(), 120)
        connections._pool.timeout = 1
        with pytest.raises(StoreUnreachableError):
            await connections.transaction(hold)
        finish.set()
    await repository.ping()


async def test_the_store_comes_back_with_its_database(
    own_postgres: Postgres, own_database_url: str
) -> None:
    await migrate(own_database_url)
    async with Repository.open(own_database_url) as repository:
        await repository.save([record(1)])
        # Fill the pool, so that every connection of it breaks.
        await asyncio.gather(*(repository.ping() for _ in range(4 * MAX_CONNECTIONS)))
        with own_postgres.stopped():
            for _ in range(2):
                with pytest.raises(StoreUnreachableError):
                    await repository.save([record(2, State.STRESSED, "orders")])
        async with asyncio.timeout(120):
            await repository.save([record(2, State.STRESSED, "orders")])
            await asyncio.gather(*(repository.ping() for _ in range(4 * MAX_CONNECTIONS)))
        assert await repository.latest("monitored") == record(2, State.STRESSED, "orders")
