"""A transaction that holds the row of a history shard, as a forgotten session of an operator does.

It is a prepared transaction: the row stays locked when the command that made it has ended.
"""

from contextlib import closing

import psycopg

from lab.errors import LabError

_NAME = "stuck-shard"
_SECONDS = 5


def hold(database_url: str, shard: int) -> None:
    """Lock the shard's row. Idempotent. Raises LabError."""
    # Not as a context: that would commit, which a prepared transaction refuses.
    with closing(_connected(database_url)) as database:
        if _is_held(database):
            return
        database.tpc_begin(_NAME)
        database.execute("SELECT 1 FROM shards WHERE shard_id = %s FOR UPDATE", (shard,))
        database.tpc_prepare()


def release(database_url: str) -> None:
    """Unlock the row. Idempotent. Raises LabError."""
    with closing(_connected(database_url)) as database:
        if _is_held(database):
            database.tpc_rollback(_NAME)


def _connected(database_url: str) -> psycopg.Connection:
    try:
        return psycopg.connect(database_url, connect_timeout=_SECONDS)
    except psycopg.Error as error:
        raise LabError(f"cannot reach the database of the cluster: {error}") from error


def _is_held(database: psycopg.Connection) -> bool:
    held = any(xid.gtrid == _NAME for xid in database.tpc_recover())
    database.rollback()
    return held
