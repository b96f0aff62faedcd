"""The interface of the store, for worker and API."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial, wraps
from typing import Concatenate, ParamSpec, Self, TypeVar

from copilot.store import assessments, cycles, earlier_days, issues, queues, retention, timeline
from copilot.store.connections import Connections
from copilot.store.errors import not_migrated_error
from copilot.store.location import Location
from copilot.store.migrate import applied_versions, migrations
from copilot.store.records import CycleRecord, TimelinePage
from copilot.store.sql import Connection

P = ParamSpec("P")
Result = TypeVar("Result")


def _in_transaction(
    work: Callable[Concatenate[Connection, P], Awaitable[Result]],
) -> "Callable[Concatenate[Repository, P], Awaitable[Result]]":
    @wraps(work)
    async def method(self: "Repository", /, *args: P.args, **kwargs: P.kwargs) -> Result:
        return await self.connections.transaction(lambda c: work(c, *args, **kwargs))

    return method


class Repository:
    """The Copilot's store. Tasks of one event loop can share it.

    Every method raises StoreError when the store does not answer, refuses or is not migrated. A
    transaction runs again after a serialization failure. All times are aware; windows are
    half-open: `start` is in, `end` is not.
    """

    def __init__(self, connections: Connections) -> None:
        self.connections = connections

    @classmethod
    @asynccontextmanager
    async def open(cls, location: Location) -> AsyncIterator[Self]:
        """Raises StoreError for a malformed URL. The database need not be up."""
        async with Connections.open(location) as connections:
            yield cls(connections)

    # Each is a function of its module in one transaction.
    latest = _in_transaction(cycles.latest)
    load_memory = _in_transaction(cycles.load_memory)
    cycle = _in_transaction(cycles.get)
    records = _in_transaction(cycles.records)
    decisions = _in_transaction(cycles.decisions)
    earlier_days = _in_transaction(earlier_days.snapshots)
    cycle_points = _in_transaction(cycles.points)
    last_points = _in_transaction(cycles.last_points)
    next_cluster = _in_transaction(cycles.next_cluster)
    state_start = _in_transaction(timeline.state_start)
    gaps = _in_transaction(timeline.gaps)
    newest_issues = _in_transaction(issues.newest)
    assessment = _in_transaction(assessments.get)
    newest_assessments = _in_transaction(assessments.newest)
    assessment_of_evidence = _in_transaction(assessments.of_evidence)
    reserve_model_call = _in_transaction(assessments.reserve_call)
    add_note = _in_transaction(assessments.add_note)
    save_model_answer = _in_transaction(assessments.save_model_answer)
    spend = _in_transaction(assessments.spend)
    remembered_queues = _in_transaction(queues.busiest)
    remember_queues = _in_transaction(queues.remember)

    async def ping(self) -> None:
        """Return when the store is reachable and fully migrated."""
        applied = await self.connections.transaction(applied_versions)
        if not applied.issuperset(migrations()):
            raise not_migrated_error(self.connections.address)

    async def save(self, records: Sequence[CycleRecord]) -> None:
        """Store each record with its state change and issues, one transaction a record.

        Records may come twice and in any order; the result is the same as saving each once, in the
        order of time. When a record fails, the records before it are stored.
        """
        for record in records:
            await self.connections.transaction(partial(cycles.save, record=record))

    async def timeline(
        self,
        cluster: str,
        start: datetime,
        end: datetime,
        limit: int,
        after_cursor: str | None = None,
    ) -> TimelinePage:
        """The first `limit` state changes of the window, or the next ones.

        `after_cursor` is an earlier page's `next_cursor`; raises ValueError for anything else.
        """
        after = timeline.position(after_cursor, start)
        return await self.connections.transaction(
            lambda c: timeline.page(c, cluster, start, end, limit=limit, after=after)
        )

    async def prune(
        self, cluster: str, now: datetime, snapshot_days: int, history_days: int
    ) -> int:
        """Delete rows older than their retention; returns their number.

        Cycles are kept for `snapshot_days`; state changes, closed issues and assessments for
        `history_days`, and the last state change before them; queues until they idle for 7 days.
        """
        return await retention.prune(self.connections, cluster, now, snapshot_days, history_days)
