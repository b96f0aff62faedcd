"""The store as worker and API see it: everything read or written goes through here."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Self

from copilot.health.decision import Memory
from copilot.record import CycleRecord
from copilot.signals.snapshot import QueueFacts
from copilot.store import continuity, cycles, issues, queues, retention, timeline
from copilot.store.address import Location
from copilot.store.connections import Connections
from copilot.store.continuity import Beginning, Gap
from copilot.store.failures import not_migrated
from copilot.store.migrate import applied_versions, migrations
from copilot.store.rows import CyclePoint, RememberedQueues, StoredIssue, TimelinePage


class Repository:
    """The Copilot's store. Safe to share between tasks of one event loop.

    Every method raises StoreError, in one line, when the store does not answer, refuses or is not
    migrated. Each transaction is tried again as a whole after a serialization failure. All times
    are aware; windows are half-open: `start` is in, `end` is not.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @classmethod
    @asynccontextmanager
    async def open(cls, location: Location) -> AsyncIterator[Self]:
        """Raises StoreError when a URL is none; the database itself need not be up yet."""
        async with Connections.open(location) as connections:
            yield cls(connections)

    async def ping(self) -> None:
        """Answer when the store can be used: it is reachable and fully migrated."""
        applied = await self._connections.transaction(applied_versions)
        if not applied.issuperset(migrations()):
            raise not_migrated(self._connections.address)

    async def save(self, records: Sequence[CycleRecord]) -> None:
        """Store each record with its state change and issues, one transaction a record.

        Records may come again and in any order: the result is that of saving each once, in the
        order of time. When one fails, those before it are stored.
        """
        for record in records:
            await self._connections.transaction(partial(cycles.save, record=record))

    async def latest(self, cluster: str) -> CycleRecord | None:
        """The cluster's last cycle in time, None before the first."""
        return await self._connections.transaction(lambda c: cycles.latest(c, cluster))

    async def load_memory(self, cluster: str) -> Memory | None:
        """What the cluster's last cycle hands to the next, None before the first."""
        return await self._connections.transaction(lambda c: cycles.load_memory(c, cluster))

    async def cycles(
        self, cluster: str, start: datetime, end: datetime, limit: int
    ) -> tuple[CyclePoint, ...]:
        """The newest `limit` cycles of the window, oldest first."""
        return await self._connections.transaction(
            lambda c: cycles.points(c, cluster, start, end, limit)
        )

    async def timeline(
        self,
        cluster: str,
        start: datetime,
        end: datetime,
        limit: int,
        after_cursor: str | None = None,
    ) -> TimelinePage:
        """One page of the window's state changes, oldest first.

        `after_cursor` is an earlier page's `next_cursor`; raises ValueError for anything else.
        """
        position = timeline.position(after_cursor, start)
        return await self._connections.transaction(
            lambda c: timeline.page(c, cluster, start, end, limit=limit, after=position)
        )

    async def beginning(self, cluster: str, until: datetime) -> Beginning | None:
        """When the state at `until` began, and from which; None when no change is stored."""
        return await self._connections.transaction(
            lambda c: continuity.beginning(c, cluster, until)
        )

    async def gaps(
        self, cluster: str, start: datetime, end: datetime, valid_seconds: float
    ) -> tuple[Gap, ...]:
        """The times of the window in which no verdict, good for `valid_seconds`, was at hand."""
        return await self._connections.transaction(
            lambda c: continuity.gaps(c, cluster, start, end, valid_seconds)
        )

    async def issues(
        self, cluster: str, open_only: bool, severity: str | None, limit: int
    ) -> tuple[StoredIssue, ...]:
        """Newest first; `severity` None is any."""
        return await self._connections.transaction(
            lambda c: issues.newest(c, cluster, open_only, severity, limit)
        )

    async def remembered_queues(self, cluster: str, limit: int) -> RememberedQueues:
        """At most `limit` queues seen before, busiest first."""
        return await self._connections.transaction(lambda c: queues.busiest(c, cluster, limit))

    async def remember_queues(
        self, cluster: str, facts: Sequence[QueueFacts], at: datetime
    ) -> None:
        """Note what was seen at `at`; at most 1,000 queues, the limit of COPILOT_MAX_QUEUES."""
        await self._connections.transaction(lambda c: queues.remember(c, cluster, facts, at))

    async def prune(
        self, cluster: str, now: datetime, snapshot_days: int, history_days: int
    ) -> int:
        """Delete what is older than it need be; returns the number of rows.

        Cycles go after `snapshot_days`; state changes and closed issues after `history_days`, but
        for the last change before that, which says what the state was; queues after 7 idle days.
        """
        return await retention.prune(self._connections, cluster, now, snapshot_days, history_days)
