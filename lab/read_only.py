"""A database that answers reads and refuses writes, as a standby does after a failover."""

from contextlib import closing

import psycopg
from psycopg.sql import SQL, Identifier

from lab.errors import LabError

_SECONDS = 5
_READ_ONLY = SQL("ALTER DATABASE {} SET default_transaction_read_only = on")
_AS_BEFORE = SQL("ALTER DATABASE {} RESET default_transaction_read_only")
_END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def refuse_writes(database_url: str, refuse: bool) -> None:
    """Make new sessions of the database read-only or not, and end the present ones.

    Idempotent. Raises LabError.
    """
    setting = _READ_ONLY if refuse else _AS_BEFORE
    try:
        with closing(
            psycopg.connect(database_url, connect_timeout=_SECONDS, autocommit=True)
        ) as database:
            database.execute("SET default_transaction_read_only = off")
            database.execute(setting.format(Identifier(database.info.dbname)))
            database.execute(_END_SESSIONS)
    except psycopg.Error as error:
        raise LabError(f"cannot change the database of the cluster: {error}") from error
