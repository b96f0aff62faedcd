"""A small connection pool, and transactions that run again after a serialization failure."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import psycopg
from prometheus_client import Counter
from psycopg import AsyncConnection
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from pydantic import ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from copilot.errors import StoreError
from copilot.process import one_line
from copilot.store.errors import (
    ATTEMPTS,
    StoreUnreachableError,
    connection_error,
    request_error,
    unreadable_row_error,
)
from copilot.store.location import CONNECT_TIMEOUT_SECONDS, Location, resolve
from copilot.store.sql import ADAPTERS, Connection

MAX_CONNECTIONS = 4
# Aurora DSQL ends a connection after 60 minutes.
MAX_LIFETIME_SECONDS = 55 * 60
# Long enough for one connection attempt to succeed or fail.
WAIT_SECONDS = CONNECT_TIMEOUT_SECONDS + 1

RETRIES = Counter(
    "copilot_store_retries_total",
    "Transactions run again after a serialization failure, by SQLSTATE",
    ["code"],
)

# The StoreError of a waiting caller has the reason; the pool's warnings would repeat it.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

Result = TypeVar("Result")
Work = Callable[[Connection], Awaitable[Result]]


def count_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, psycopg.Error):
        RETRIES.labels(code=error.sqlstate).inc()


class Connections:
    """A pool that reports a failed connection attempt to its waiting callers at once.

    psycopg's pool connects in the background: without this, a caller waits for the whole time-out
    and gets an error without the reason.
    """

    def __init__(self, location: Location) -> None:
        where = resolve(location)
        self.address = where.address
        self._waiting: set[asyncio.Timeout] = set()
        self._failure: StoreError | None = None
        self._pool = AsyncConnectionPool(
            where.conninfo,
            connection_class=_reporting(self._connecting_failed, where.token),
            kwargs={"autocommit": True, "context": ADAPTERS},
            min_size=0,
            max_size=MAX_CONNECTIONS,
            max_lifetime=MAX_LIFETIME_SECONDS,
            timeout=WAIT_SECONDS,
            check=AsyncConnectionPool.check_connection,
            # The pool does not retry a failed attempt; the next caller starts a new one.
            reconnect_timeout=0,
            reconnect_failed=self._release_waiting,
            open=False,
        )

    @classmethod
    @asynccontextmanager
    async def open(cls, location: Location) -> AsyncIterator[Self]:
        """Raises StoreError for a malformed URL. The database need not be up."""
        connections = cls(location)
        async with connections._pool:
            yield connections

    async def transaction(self, work: Work[Result]) -> Result:
        """Run `work` in one transaction, and run it again after a serialization failure.

        Raises StoreError when there is no connection or the transaction fails.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((SerializationFailure, DeadlockDetected)),
            wait=wait_random_exponential(multiplier=0.02, max=1),
            stop=stop_after_attempt(ATTEMPTS),
            before_sleep=count_retry,
            reraise=True,
        )
        try:
            return await retrying(self._attempt, work)
        except psycopg.Error as error:
            raise request_error(error, self.address) from error
        except ValidationError as error:
            raise unreadable_row_error(error, self.address) from error

    async def _attempt(self, work: Work[Result]) -> Result:
        connection = await self._acquire()
        try:
            async with connection.transaction():
                return await work(connection)
        finally:
            await self._pool.putconn(connection)

    async def _acquire(self) -> Connection:
        try:
            async with asyncio.timeout(None) as waiting:
                self._waiting.add(waiting)
                try:
                    return await self._pool.getconn()
                finally:
                    self._waiting.discard(waiting)
        except PoolTimeout as error:
            raise StoreUnreachableError(
                f"the store at {self.address} gave no connection within {WAIT_SECONDS} s:"
                " check its locks and its load"
            ) from error
        except TimeoutError as error:
            if self._failure is None:
                raise
            raise self._failure from error

    def _connecting_failed(self, error: Exception) -> None:
        match error:
            case StoreError():
                self._failure = error
            case psycopg.Error():
                self._failure = connection_error(error, self.address)
            case _:
                self._failure = StoreError(
                    f"no connection to the store at {self.address} could be opened"
                    f" ({type(error).__name__}: {one_line(str(error))})"
                )
        self._wake_waiting()

    async def _release_waiting(self, _: AsyncConnectionPool[Any]) -> None:
        """Wake the callers that began to wait after the attempt had failed."""
        self._wake_waiting()

    def _wake_waiting(self) -> None:
        now = asyncio.get_running_loop().time()
        for waiting in self._waiting:
            if not waiting.expired():
                waiting.reschedule(now)


def _reporting(
    report: Callable[[Exception], None], token: Callable[[], str] | None
) -> type[AsyncConnection[TupleRow]]:
    """A connection class that passes on the reason of a failed attempt; the pool drops it."""

    class ReportingConnection(AsyncConnection[TupleRow]):
        @classmethod
        async def connect(cls, conninfo: str = "", **parameters: Any) -> Self:  # noqa: ANN401
            try:
                if token:
                    # Signing reads files and may call a credential service.
                    parameters["password"] = await asyncio.to_thread(token)
                return await super().connect(conninfo, **parameters)
            except Exception as error:
                # Every failure: without a report, the callers would wait for the whole time-out.
                report(error)
                raise

    return ReportingConnection
