"""Errors of the store: each message is one line that says what to do."""

from psycopg import Error, errors
from pydantic import ValidationError

from copilot.errors import StoreError
from copilot.store.location import STATEMENT_TIMEOUT_SECONDS, Address

ATTEMPTS = 8
"""Of a transaction that fails because of conflicts."""


class StoreUnreachableError(StoreError):
    """The store does not answer at the moment: try again."""


def connection_error(error: Error, address: Address) -> StoreError:
    """The error for a failed connection.

    libpq reports no SQLSTATE before a session exists, so the cause comes from the server's text.
    """
    text = str(error)
    if address.setting == "COPILOT_DSQL_HOST":
        return _dsql_connecting_failed(text, address)
    if any(words in text for words in ("authentication failed", "no password", "pg_hba.conf")):
        return StoreError(
            f"the store at {address} rejects user {address.user!r}:"
            " correct user and password in COPILOT_DATABASE_URL"
        )
    if f'database "{address.database}" does not exist' in text:
        return StoreError(
            f"the server at {address.host}:{address.port} has no database {address.database!r}:"
            " create it, or correct COPILOT_DATABASE_URL"
        )
    if "too many clients" in text or "connection slots are reserved" in text:
        return StoreUnreachableError(
            f"the server of the store at {address} has no connection left:"
            " raise its max_connections, or stop other clients"
        )
    if "the database system is" in text:
        return StoreUnreachableError(
            f"the store at {address} is starting or stopping: wait, or check the server's log"
        )
    return StoreUnreachableError(
        f"the store at {address} does not answer ({_reason(text)}):"
        " start PostgreSQL there, or correct COPILOT_DATABASE_URL"
    )


def _dsql_connecting_failed(text: str, address: Address) -> StoreError:
    if "access denied" in text:
        return StoreError(
            f"Aurora DSQL at {address.host} denies access: sign in to AWS again if the credentials"
            " have expired, allow dsql:DbConnectAdmin on this cluster, or correct AWS_REGION"
        )
    if "certificate" in text:
        return StoreError(
            f"{address.host} has no valid certificate of Aurora DSQL ({_reason(text)}):"
            " correct COPILOT_DSQL_HOST, or check the proxies on the way"
        )
    return StoreUnreachableError(
        f"Aurora DSQL at {address} does not answer ({_reason(text)}): correct COPILOT_DSQL_HOST,"
        " or allow this machine to connect to port 5432 there"
    )


def request_error(error: Error, address: Address) -> StoreError:
    """The error for a failed transaction."""
    match error:
        case errors.UndefinedTable() | errors.UndefinedColumn():
            return not_migrated_error(address)
        case errors.DiskFull():
            return StoreError(
                f"the store at {address} has no space left on its disk:"
                " free some there; stored rows are safe"
            )
        case errors.InsufficientPrivilege():
            return StoreError(
                f"the store at {address} denies user {address.user!r} a privilege"
                f" ({_server_message(error)}): make that user the owner of the database"
            )
        case errors.ReadOnlySqlTransaction():
            return StoreError(
                f"the store at {address} is read-only: name the primary in {address.setting}"
            )
        case errors.QueryCanceled():
            return StoreError(
                f"the store at {address} took longer than {STATEMENT_TIMEOUT_SECONDS} s:"
                " check its locks and its load"
            )
        case errors.SerializationFailure() | errors.DeadlockDetected():
            return StoreError(
                f"the store at {address} aborted a transaction {ATTEMPTS} times in conflicts"
                f" (SQLSTATE {error.sqlstate}): the next cycle tries it again"
            )
        case errors.OperationalError() if error.sqlstate is None or error.sqlstate[:2] in (
            "08",
            "57",
        ):
            return StoreUnreachableError(
                f"the connection to the store at {address} broke ({_server_message(error)}):"
                " check the server's log"
            )
    code = f"SQLSTATE {error.sqlstate}, " if error.sqlstate else ""
    return StoreError(
        f"the store at {address} refused a request ({code}{_server_message(error)}):"
        " check the server's log"
    )


def not_migrated_error(address: Address) -> StoreError:
    return StoreError(
        f"the store at {address} is not migrated: run python -m copilot.store.migrate"
    )


def unreadable_row_error(error: ValidationError, address: Address) -> StoreError:
    """The error for a row that another version of the Copilot wrote."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in (error.title, *first["loc"]))
    return StoreError(
        f"the store at {address} holds a row that this version cannot read"
        f" ({where}: {first['msg']}): run the version that wrote it, or a later one"
    )


def _server_message(error: Error) -> str:
    return error.diag.message_primary or _reason(str(error))


def _reason(text: str) -> str:
    """The reason in libpq's message: its first line without the address."""
    return text.strip().partition("\n")[0].rpartition("failed: ")[2] or "no reason given"
