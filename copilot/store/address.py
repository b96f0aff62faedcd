"""Where the store is, and how that becomes the parameters of a connection."""

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
from copilot.store.token import admin_token

CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_SECONDS = 10

# Aurora DSQL knows one isolation level, PostgreSQL's repeatable read: the same one everywhere
# means that a conflict shows in tests as it shows there.
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
    """The store without its password, for messages; `setting` is the variable that names it."""

    host: str
    port: str
    database: str
    user: str
    setting: str = "COPILOT_DATABASE_URL"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


@dataclass(frozen=True)
class AuroraDsql:
    """An Aurora DSQL cluster. `token` makes a connection's password, each time a fresh one."""

    host: str
    database: str
    region: str
    token: Callable[[str, str], str] = admin_token


Location = str | AuroraDsql
"""A PostgreSQL URL, or Aurora DSQL."""


@dataclass(frozen=True)
class Target:
    """What to connect to and with; a `token` stands for the password that `conninfo` lacks."""

    address: Address
    conninfo: str
    token: Callable[[], str] | None = None

    @property
    def builds_indexes_asynchronously(self) -> bool:
        """Aurora DSQL has no other indexes, and PostgreSQL no such word."""
        return self.token is not None


def location(settings: Settings) -> Location:
    """The store that the settings name."""
    if settings.dsql_host:
        return AuroraDsql(settings.dsql_host, settings.dsql_database, settings.aws_region)
    return settings.database_url.get_secret_value()


def target(location: Location) -> Target:
    """Raises StoreError for a URL that is none."""
    return _postgresql(location) if isinstance(location, str) else _aurora_dsql(location)


async def connect(where: Target) -> AsyncConnection[TupleRow]:
    """One connection of its own. Raises psycopg.Error, and StoreError when there is no token."""
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
        # The wheel's libpq does not know where this system keeps its certificates.
        sslmode="verify-full",
        sslrootcert=certifi.where(),
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        # A session there has one isolation level and UTC, and takes no such options.
        tcp_user_timeout=STATEMENT_TIMEOUT_SECONDS * 1000,
    )
    return Target(address, conninfo, lambda: cluster.token(cluster.host, cluster.region))


def _postgresql(database_url: str) -> Target:
    """The URL's parameters and ours.

    Raises StoreError without a word of the URL: a password that is not percent-encoded lands in
    the host's, port's or database's place.
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
    ours: dict[str, str | int] = {"options": f"{given.get('options', '')} {SESSION}".strip()}
    if "connect_timeout" not in given:
        ours["connect_timeout"] = CONNECT_TIMEOUT_SECONDS
    return Target(address, make_conninfo(database_url, **ours))
