"""The store on Aurora DSQL, as far as PostgreSQL can stand in for it: who signs in, and with what.

A token here is a password that PostgreSQL takes once: the stand-in for the token source changes
the role's password each time it is asked.
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
from copilot.store import address, connections, token
from copilot.store.address import AuroraDsql, Target, target
from copilot.store.connections import Connections
from copilot.store.failures import StoreUnreachableError, connecting_failed
from copilot.store.migrate import migrate
from copilot.store.repository import Repository

HOST = "abc.dsql.eu-west-1.on.aws"
CLUSTER = AuroraDsql(HOST, "postgres", "eu-west-1")


@dataclass
class TokenSourceStandIn:
    """Gives each caller a new password of `role`, and takes the last one away."""

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
def tokens(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenSourceStandIn]:
    """PostgreSQL in the cluster's place, without TLS, for the user that signs in by token."""
    given = conninfo_to_dict(database_url)
    role = f"admin_of_{given['dbname']}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{role}" LOGIN SUPERUSER'.encode())
    real = address.target

    def without_tls(location: address.Location) -> Target:
        where = real(location)
        if where.token is None:
            return where
        conninfo = psycopg.conninfo.make_conninfo(
            host=str(given["host"]),
            port=str(given["port"]),
            dbname=str(given["dbname"]),
            user=role,
        )
        return replace(where, conninfo=conninfo)

    monkeypatch.setattr(connections, "target", without_tls)
    yield TokenSourceStandIn(database_url, role)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"'.encode())


async def nothing(_: object) -> None:
    """The work of a transaction that is not reached."""


def test_the_way_there_is_encrypted_and_the_server_proves_itself() -> None:
    where = target(CLUSTER)
    given = conninfo_to_dict(where.conninfo)
    assert given["sslmode"] == "verify-full"
    assert str(given["sslrootcert"]).endswith(".pem")
    assert (given["host"], given["user"], given["dbname"]) == (HOST, "admin", "postgres")
    assert "password" not in given
    assert where.builds_indexes_asynchronously


async def test_every_connection_signs_in_with_a_token_of_its_own(
    database_url: str, tokens: TokenSourceStandIn
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
    tokens: TokenSourceStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connections.MAX_LIFETIME_SECONDS < 60 * 60
    monkeypatch.setattr(connections, "MAX_LIFETIME_SECONDS", 0.2)
    # The pool may connect twice at once: here one password has to do.
    password, asked = tokens("", ""), []

    def same_password(*_: str) -> str:
        asked.append(1)
        return password

    async def backend(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> int:
        await connection.execute("SELECT pg_sleep(0.05)")
        return connection.info.backend_pid

    async with Connections.open(replace(CLUSTER, token=same_password)) as store:
        first = await store.transaction(backend)
        async with asyncio.timeout(20):
            while await store.transaction(backend) == first:
                pass
    assert len(asked) >= 2


async def test_without_credentials_the_store_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NoSession:
        def __init__(self, **_: object) -> None:
            raise NoCredentialsError

    monkeypatch.setattr("copilot.store.token.boto3.Session", NoSession)
    async with Repository.open(CLUSTER) as repository:
        with pytest.raises(StoreError, match=r"no token for .*Unable to locate.*sign in to AWS"):
            await repository.ping()
    with pytest.raises(StoreError, match="sign in to AWS"):
        await migrate(CLUSTER)


async def test_renewed_credentials_that_cannot_be_kept_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NoRoom:
        def __init__(self, **_: object) -> None:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/home/caller/.aws/sso/cache/a")

    monkeypatch.setattr("copilot.store.token.boto3.Session", NoRoom)
    async with Repository.open(CLUSTER) as repository:
        with pytest.raises(StoreError, match=r"Read-only file system.*write to ~/\.aws/sso/cache"):
            await repository.ping()


async def test_whatever_keeps_a_connection_from_being_made_has_a_sentence() -> None:
    def broken(*_: str) -> str:
        raise ValueError("Expecting value:\nline 1")

    async with Connections.open(replace(CLUSTER, token=broken)) as store:
        for _ in range(2):
            with pytest.raises(StoreError, match=r"\(ValueError: Expecting value: line 1\)"):
                await store.transaction(nothing)


def test_a_token_is_signed_for_the_cluster_and_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-example")
    made = token.admin_token(HOST, "eu-west-1")
    assert made.startswith(f"{HOST}/?Action=DbConnectAdmin&")
    assert "%2Feu-west-1%2Fdsql%2F" in made
    assert "X-Amz-Expires=60" in made


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("FATAL:  unable to accept connection, access denied", "allow dsql:DbConnectAdmin"),
        ("SSL error: certificate verify failed", "does not prove that it is Aurora DSQL"),
        ("could not translate host name", "correct COPILOT_DSQL_HOST"),
    ],
)
def test_a_refusal_of_the_cluster_says_what_to_do(said: str, answer: str) -> None:
    error = connecting_failed(psycopg.OperationalError(said), target(CLUSTER).address)
    assert answer in str(error)
    assert HOST in str(error)
    # Only what may mend itself is tried again by the job that waits.
    assert isinstance(error, StoreUnreachableError) == ("translate" in said)


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


def test_the_settings_of_a_cluster_lead_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_DSQL_HOST", HOST)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert address.location(load()) == CLUSTER
