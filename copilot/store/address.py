"""Where the store is, and how a URL becomes the parameters of a connection."""

from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from copilot.errors import StoreError

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


@dataclass(frozen=True)
class Address:
    """The store without its password, for messages."""

    host: str
    port: str
    database: str
    user: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


def parse(database_url: str) -> tuple[Address, str]:
    """The address, and what to connect with: the URL's parameters and ours.

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
    return address, make_conninfo(database_url, **ours)
