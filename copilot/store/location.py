"""Where the store is, and the connection parameters for it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import certifi
import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from copilot.errors import StoreError
from copilot.settings import Settings
from copilot.store.dsql_token import sign_admin_token

CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_SECONDS = 10

# Aurora DSQL has one isolation level, PostgreSQL's repeatable read. With the same level on
# PostgreSQL, tests show the same conflicts.
SESSION = (
    f"-c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s"
    r" -c default_transaction_isolation=repeatable\ read"
    " -c timezone=UTC"
)

MALFORMED = (
    "COPILOT_DATABASE_URL is not a PostgreSQL URL:"
    " write postgresql://user:password@host:port/database,"
    " with / @ and % of a password as %2F %40 and %25"
)


DSQL_PORT = "5432"
DSQL_USER = "admin"


@dataclass(frozen=True)
class Address:
    """The store without its password, for messages; `setting` is its variable."""

    host: str
    port: str
    database: str
    user: str
    setting: str = "COPILOT_DATABASE_URL"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


@dataclass(frozen=True)
class AuroraDsql:
    """An Aurora DSQL cluster. `token` signs a new password for each connection."""

    host: str
    database: str
    region: str
    token: Callable[[str, str], str] = sign_admin_token


Location = str | AuroraDsql
"""A PostgreSQL URL, or Aurora DSQL."""


@dataclass(frozen=True)
class Target:
    """Connection parameters; where there is a `token`, `conninfo` has no password."""

    address: Address
    conninfo: str
    token: Callable[[], str] | None = None

    @property
    def builds_indexes_asynchronously(self) -> bool:
        """Aurora DSQL requires CREATE INDEX ASYNC; PostgreSQL does not have it."""
        return self.token is not None


def locate_store(settings: Settings) -> Location:
    """The store that the settings name."""
    if settings.dsql_host:
        return AuroraDsql(settings.dsql_host, settings.dsql_database, settings.aws_region)
    return settings.database_url.get_secret_value()


def resolve(location: Location) -> Target:
    """Raises StoreError for a malformed URL."""
    return _postgresql(location) if isinstance(location, str) else _aurora_dsql(location)


async def connect(where: Target) -> AsyncConnection[TupleRow]:
    """A connection outside the pool. Raises psycopg.Error, and StoreError without a token."""
    password = await asyncio.to_thread(where.token) if where.token else None
    conninfo = make_conninfo(where.conninfo, password=password) if password else where.conninfo
    return await AsyncConnection.connect(conninfo, autocommit=True)


def _aurora_dsql(cluster: AuroraDsql) -> Target:
    address = Address(
        host=cluster.host,
        port=DSQL_PORT,
        database=cluster.database,
        user=DSQL_USER,
        setting="COPILOT_DSQL_HOST",
    )
    conninfo = make_conninfo(
        host=cluster.host,
        port=DSQL_PORT,
        dbname=cluster.database,
        user=DSQL_USER,
        # psycopg's own libpq does not find this system's certificates.
        sslmode="verify-full",
        sslrootcert=certifi.where(),
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        # Aurora DSQL does not accept the options of SESSION.
        tcp_user_timeout=STATEMENT_TIMEOUT_SECONDS * 1000,
    )
    return Target(address, conninfo, lambda: cluster.token(cluster.host, cluster.region))


def _postgresql(database_url: str) -> Target:
    """The parameters of the URL and those of SESSION.

    Raises StoreError. Its message does not repeat the URL: a password that is not
    percent-encoded is parsed as part of the host, port or database.
    """
    try:
        given = conninfo_to_dict(database_url)
    except psycopg.ProgrammingError:
        raise StoreError(MALFORMED) from None
    host, port, database, user = (
        str(given.get(key) or "") for key in ("host", "port", "dbname", "user")
    )
    ports = [part for part in port.split(",") if part]
    if "@" in host + database or not all(part.isdecimal() for part in ports):
        raise StoreError(MALFORMED)
    address = Address(
        host=host or "localhost", port=port or "5432", database=database or user, user=user
    )
    added: dict[str, str | int] = {"options": f"{given.get('options', '')} {SESSION}".strip()}
    if "connect_timeout" not in given:
        added["connect_timeout"] = CONNECT_TIMEOUT_SECONDS
    return Target(address, make_conninfo(database_url, **added))
