"""Connections to the store: few, made on demand, with transactions that are tried again."""

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
from copilot.store.address import CONNECT_TIMEOUT_SECONDS, Location, target
from copilot.store.failures import (
    StoreUnreachableError,
    connecting_failed,
    request_failed,
    unreadable,
)

MAX_CONNECTIONS = 4
# Aurora DSQL ends a connection after 60 minutes.
MAX_LIFETIME_SECONDS = 55 * 60
# Time for one connection attempt to succeed or fail.
WAIT_SECONDS = CONNECT_TIMEOUT_SECONDS + 1
ATTEMPTS = 8

RETRIES = Counter(
    "copilot_store_retries_total",
    "Transactions tried again after a serialization failure, by SQLSTATE",
    ["code"],
)

# Whoever waits for a connection gets the reason as StoreError; the pool's own warnings repeat it.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

Answer = TypeVar("Answer")
Work = Callable[[AsyncConnection[TupleRow]], Awaitable[Answer]]


def count_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, psycopg.Error):
        RETRIES.labels(code=error.sqlstate).inc()


class Connections:
    """A pool whose waiting callers learn at once, and in words, that a connection failed.

    psycopg's pool connects in the background: alone, it would let a caller wait for its whole
    time-out and then say nothing about the reason.
    """

    def __init__(self, location: Location) -> None:
        where = target(location)
        self.address = where.address
        self._waiting: set[asyncio.Timeout] = set()
        self._failure: StoreError | None = None
        self._pool = AsyncConnectionPool(
            where.conninfo,
            connection_class=_reporting(self._connecting_failed, where.token),
            kwargs={"autocommit": True},
            min_size=0,
            max_size=MAX_CONNECTIONS,
            max_lifetime=MAX_LIFETIME_SECONDS,
            timeout=WAIT_SECONDS,
            check=AsyncConnectionPool.check_connection,
            # A failed attempt ends at once; the next caller makes a new one.
            reconnect_timeout=0,
            reconnect_failed=self._release_waiting,
            open=False,
        )

    @classmethod
    @asynccontextmanager
    async def open(cls, location: Location) -> AsyncIterator[Self]:
        """Raises StoreError for a malformed URL; a database that is down is no error yet."""
        connections = cls(location)
        async with connections._pool:
            yield connections

    async def transaction(self, work: Work[Answer]) -> Answer:
        """Run `work` in one transaction, again as a whole after a serialization failure.

        Raises StoreError when there is no connection, or the transaction fails otherwise.
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
            raise request_failed(error, self.address) from error
        except ValidationError as error:
            raise unreadable(error, self.address) from error

    async def _attempt(self, work: Work[Answer]) -> Answer:
        connection = await self._acquire()
        try:
            async with connection.transaction():
                return await work(connection)
        finally:
            await self._pool.putconn(connection)

    async def _acquire(self) -> AsyncConnection[TupleRow]:
        try:
            async with asyncio.timeout(None) as patience:
                self._waiting.add(patience)
                try:
                    return await self._pool.getconn()
                finally:
                    self._waiting.discard(patience)
        except PoolTimeout as error:
            raise StoreUnreachableError(
                f"the store at {self.address} gave no connection within {WAIT_SECONDS} s:"
                " look for locks and load there"
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
                self._failure = connecting_failed(error, self.address)
            case _:
                self._failure = StoreError(
                    f"no connection to the store at {self.address} could be made"
                    f" ({type(error).__name__}: {' '.join(str(error).split())}): it is tried again"
                )
        self._end_patience()

    async def _release_waiting(self, _: AsyncConnectionPool[Any]) -> None:
        """Callers that began to wait after the last attempt had failed would wait for nothing."""
        self._end_patience()

    def _end_patience(self) -> None:
        now = asyncio.get_running_loop().time()
        for patience in self._waiting:
            if not patience.expired():
                patience.reschedule(now)


def _reporting(
    report: Callable[[Exception], None], token: Callable[[], str] | None
) -> type[AsyncConnection[TupleRow]]:
    """A connection class that says why it could not connect; the pool keeps that to itself."""

    class Reporting(AsyncConnection[TupleRow]):
        @classmethod
        async def connect(cls, conninfo: str = "", **parameters: Any) -> Self:  # noqa: ANN401
            try:
                if token:
                    # Signing reads files and may ask a credential service.
                    parameters["password"] = await asyncio.to_thread(token)
                return await super().connect(conninfo, **parameters)
            except Exception as error:
                # Whatever it is: a failure without a report would leave its waiters without words.
                report(error)
                raise

    return Reporting
