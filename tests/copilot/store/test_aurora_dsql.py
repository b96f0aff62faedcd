"""How the store signs in to Aurora DSQL, with PostgreSQL in its place.

A token here is a password that PostgreSQL accepts until the next one: the fake token source sets a
new password of the role on each call.
"""

import asyncio
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import psycopg
import pytest
from botocore.exceptions import NoCredentialsError
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from copilot.errors import SettingsError, StoreError
from copilot.settings import load
from copilot.store import connections, dsql_token, location
from copilot.store.connections import Connections
from copilot.store.errors import StoreUnreachableError, connection_error
from copilot.store.location import AuroraDsql, Target, resolve
from copilot.store.migrate import migrate
from copilot.store.repository import Repository

HOST = "abc.dsql.eu-west-1.on.aws"
CLUSTER = AuroraDsql(HOST, "postgres", "eu-west-1")


@dataclass
class FakeTokenSource:
    """Sets a new password of `role` on each call and returns it."""

    database_url: str
    role: str
    given: int = 0

    def __call__(self, _host: str, _region: str) -> str:
        self.given += 1
        password = f"token-{self.given}"
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            connection.execute(
                statement.format(sql.Identifier(self.role), sql.Literal(password)).as_string()
            )
        return password


@pytest.fixture
def tokens(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTokenSource]:
    """PostgreSQL in place of the cluster, without TLS."""
    given = conninfo_to_dict(database_url)
    role = f"admin_of_{given['dbname']}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{role}" LOGIN SUPERUSER'.encode())
    real = location.resolve

    def without_tls(store: location.Location) -> Target:
        where = real(store)
        if where.token is None:
            return where
        conninfo = psycopg.conninfo.make_conninfo(
            host=str(given["host"]),
            port=str(given["port"]),
            dbname=str(given["dbname"]),
            user=role,
        )
        return replace(where, conninfo=conninfo)

    monkeypatch.setattr(connections, "resolve", without_tls)
    yield FakeTokenSource(database_url, role)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"'.encode())


async def nothing(_: object) -> None:
    """Work of a transaction that does not begin."""


def test_tls_verifies_the_server() -> None:
    where = resolve(CLUSTER)
    given = conninfo_to_dict(where.conninfo)
    assert given["sslmode"] == "verify-full"
    assert str(given["sslrootcert"]).endswith(".pem")
    assert (given["host"], given["user"], given["dbname"]) == (HOST, "admin", "postgres")
    assert "password" not in given
    assert where.builds_indexes_asynchronously


async def test_every_connection_signs_in_with_a_new_token(
    database_url: str, tokens: FakeTokenSource
) -> None:
    await migrate(database_url)
    cluster = replace(CLUSTER, token=tokens)
    async with Repository.open(cluster) as repository:
        await repository.ping()
        assert tokens.given == 1
        # The connection outlives its token.
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"ALTER ROLE \"{tokens.role}\" PASSWORD 'none'".encode())
        await repository.ping()
        assert tokens.given == 1
    async with Repository.open(cluster) as repository:
        await repository.ping()
    assert tokens.given == 2


async def test_an_old_connection_is_replaced_with_a_new_token(
    tokens: FakeTokenSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connections.MAX_LIFETIME_SECONDS < 60 * 60
    monkeypatch.setattr(connections, "MAX_LIFETIME_SECONDS", 0.2)
    # The pool may connect twice at once: here one password has to do.
    password, calls = tokens("", ""), []

    def same_password(*_: str) -> str:
        calls.append(1)
        return password

    async def backend(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> int:
        await connection.execute("SELECT pg_sleep(0.05)")
        return connection.info.backend_pid

    async with Connections.open(replace(CLUSTER, token=same_password)) as store:
        first = await store.transaction(backend)
        async with asyncio.timeout(120):
            while await store.transaction(backend) == first:
                pass
    assert len(calls) >= 2


async def test_without_credentials_a_store_error_names_the_sign_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_session(_region: str) -> None:
        raise NoCredentialsError

    monkeypatch.setattr("copilot.store.dsql_token.signed_in", no_session)
    async with Repository.open(CLUSTER) as repository:
        with pytest.raises(StoreError, match=r"Unable to locate credentials.*aws sso login"):
            await repository.ping()
    with pytest.raises(StoreError, match="aws sso login"):
        await migrate(CLUSTER)


async def test_renewed_credentials_that_cannot_be_stored_are_a_store_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(_region: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/home/caller/.aws/sso/cache/a")

    monkeypatch.setattr("copilot.store.dsql_token.signed_in", no_room)
    async with Repository.open(CLUSTER) as repository:
        with pytest.raises(StoreError, match=r"Read-only file system.*~/\.aws"):
            await repository.ping()


async def test_any_other_failure_to_connect_is_a_store_error() -> None:
    def broken(*_: str) -> str:
        raise ValueError("Expecting value:\nline 1")

    async with Connections.open(replace(CLUSTER, token=broken)) as store:
        for _ in range(2):
            with pytest.raises(StoreError, match="ValueError: Expecting value: line 1"):
                await store.transaction(nothing)


def test_a_token_is_signed_for_the_cluster_and_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-example")
    made = dsql_token.sign_admin_token(HOST, "eu-west-1")
    assert made.startswith(f"{HOST}/?Action=DbConnectAdmin&")
    assert "%2Feu-west-1%2Fdsql%2F" in made
    assert "X-Amz-Expires=60" in made


@pytest.mark.parametrize(
    ("message", "remedy", "is_temporary"),
    [
        ("FATAL:  unable to accept connection, access denied", "dsql:DbConnectAdmin", False),
        ("SSL error: certificate verify failed", "COPILOT_DSQL_HOST", False),
        ("could not translate host name", "COPILOT_DSQL_HOST", True),
    ],
)
def test_a_failed_connection_names_its_remedy(
    message: str, remedy: str, is_temporary: bool
) -> None:
    error = connection_error(psycopg.OperationalError(message), resolve(CLUSTER).address)
    assert remedy in str(error)
    assert HOST in str(error)
    # The migration job waits only for a temporary failure to end.
    assert isinstance(error, StoreUnreachableError) == is_temporary


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"COPILOT_DSQL_HOST": HOST}, "COPILOT_DSQL_HOST: needs AWS_REGION"),
        (
            {"COPILOT_DSQL_HOST": HOST, "COPILOT_DATABASE_URL": "postgresql://x"},
            "name two stores",
        ),
        ({}, "COPILOT_DATABASE_URL: is required.*COPILOT_DSQL_HOST"),
    ],
)
def test_the_settings_name_one_store(
    variables: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=problem):
        load()


def test_the_settings_locate_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_DSQL_HOST", HOST)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert location.locate_store(load()) == CLUSTER
