import asyncio
import socket
from time import monotonic

import psycopg
import pytest
from psycopg import errors

from copilot.errors import StoreError
from copilot.health.decision import State
from copilot.store.address import target
from copilot.store.columns import Connection
from copilot.store.connections import ATTEMPTS, MAX_CONNECTIONS, RETRIES, Connections
from copilot.store.failures import request_failed
from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from tests.copilot.store.records import record
from tests.postgres import PASSWORD, Postgres, running

BUMP = "UPDATE clusters SET saves = saves + 1 WHERE cluster = 'monitored'"


def retries() -> float:
    value: float = RETRIES.labels(code="40001")._value.get()
    return value


async def test_a_transaction_that_another_one_spoils_runs_again(
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


async def test_opening_needs_no_database_and_a_dead_port_is_told_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refuses
        url = f"postgresql://copilot:{PASSWORD}@127.0.0.1:{taken.getsockname()[1]}/copilot"
        async with Repository.open(url) as repository:
            started = monotonic()
            failures = await asyncio.gather(
                *(repository.ping() for _ in range(20)), return_exceptions=True
            )
            assert monotonic() - started < 2
    for failure in failures:
        assert isinstance(failure, StoreError)
        assert "does not answer (Connection refused)" in str(failure)
        assert "start PostgreSQL there, or correct COPILOT_DATABASE_URL" in str(failure)
        assert PASSWORD not in str(failure)


async def test_a_wrong_password_is_not_an_absent_database(postgres: Postgres) -> None:
    for url, sentence in (
        (postgres.url("postgres", password="wrong-secret"), "does not let user 'copilot' in"),  # noqa: S106
        (postgres.url("postgres", user="stranger"), "does not let user 'stranger' in"),
        (postgres.url("absent"), "has no database 'absent': create it"),
    ):
        async with Repository.open(url) as repository:
            with pytest.raises(StoreError) as caught:
                await repository.ping()
        text = str(caught.value)
        assert sentence in text
        assert f"127.0.0.1:{postgres.port}" in text
        assert "COPILOT_DATABASE_URL" in text
        assert PASSWORD not in text
        assert "wrong-secret" not in text
        assert "\n" not in text


async def test_an_empty_database_is_not_migrated(database_url: str) -> None:
    async with Repository.open(database_url) as repository:
        for request in (repository.ping(), repository.save([record(1)])):
            with pytest.raises(StoreError, match="is not migrated: run python -m"):
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
    with pytest.raises(StoreError, match="is not a PostgreSQL URL") as caught:
        target(url)
    assert "cret" not in str(caught.value).replace("postgresql://user:password@host", "")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (errors.DiskFull("could not extend file"), "has no space left on its disk: free some"),
        (errors.InsufficientPrivilege("permission denied"), "forbids user 'copilot'"),
        (errors.ReadOnlySqlTransaction("cannot execute"), "is read-only"),
        (errors.QueryCanceled("statement timeout"), "took longer than 10 s"),
        (errors.AdminShutdown("terminating connection"), "broke"),
        (errors.OutOfMemory("odd"), "refused a request (SQLSTATE 53200, odd)"),
    ],
)
def test_each_failure_has_its_own_sentence(error: psycopg.Error, sentence: str) -> None:
    address = target(f"postgresql://copilot:{PASSWORD}@db:5433/store").address
    text = str(request_failed(error, address))
    assert sentence in text
    assert "the store at db:5433/store" in text
    assert PASSWORD not in text


async def test_a_row_of_a_later_version_is_told_as_such(
    repository: Repository, database_url: str
) -> None:
    await repository.save([record(1)])
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(
            "UPDATE cycles SET decision = replace(decision, '\"happy\"', '\"blissful\"')"
        )
    with pytest.raises(StoreError, match=r"cannot read \(Decision\.state: .*a later one"):
        await repository.latest("monitored")


async def test_a_busy_store_is_told_as_such(
    repository: Repository, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("copilot.store.connections.WAIT_SECONDS", 2)
    all_busy = asyncio.Barrier(MAX_CONNECTIONS + 1)
    finish = asyncio.Event()

    async def hold(_: Connection) -> None:
        await all_busy.wait()
        await finish.wait()

    async with Connections.open(database_url) as connections, asyncio.TaskGroup() as group:
        for _ in range(MAX_CONNECTIONS):
            group.create_task(connections.transaction(hold))
        await asyncio.wait_for(all_busy.wait(), 20)
        with pytest.raises(StoreError, match="gave no connection within"):
            await connections.transaction(hold)
        finish.set()
    await repository.ping()


async def test_the_store_comes_back_with_its_database() -> None:
    with running() as server:
        url = server.url("postgres")
        await migrate(url)
        async with Repository.open(url) as repository:
            await repository.save([record(1)])
            # Fill the pool, so that every connection of it breaks.
            await asyncio.gather(*(repository.ping() for _ in range(4 * MAX_CONNECTIONS)))
            await asyncio.to_thread(server.stop)
            for _ in range(2):
                with pytest.raises(StoreError, match="does not answer"):
                    await repository.save([record(2, State.STRESSED, "orders")])
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(10):
                await repository.save([record(2, State.STRESSED, "orders")])
                await asyncio.gather(*(repository.ping() for _ in range(4 * MAX_CONNECTIONS)))
            latest = await repository.latest("monitored")
            assert latest == record(2, State.STRESSED, "orders")
