"""The store as worker and API see it: everything read or written goes through here."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Self
from uuid import UUID

from copilot.explain.budget import Limits, Spend
from copilot.health.decision import Decision, Memory
from copilot.record import CycleRecord
from copilot.signals.snapshot import QueueFacts
from copilot.store import assessments, continuity, cycles, issues, queues, retention, timeline
from copilot.store.address import Location
from copilot.store.connections import Connections
from copilot.store.continuity import Beginning, Gap
from copilot.store.failures import not_migrated
from copilot.store.migrate import applied_versions, migrations
from copilot.store.rows import (
    CyclePoint,
    ModelAnswer,
    RememberedQueues,
    StoredAssessment,
    StoredIssue,
    TimelinePage,
)


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

    async def cycle(self, key: UUID) -> CycleRecord | None:
        """The cycle of that key, None when it is not stored or no longer."""
        return await self._connections.transaction(lambda c: cycles.get(c, key))

    async def decisions(self, cluster: str, until: datetime, limit: int) -> tuple[Decision, ...]:
        """The last `limit` decisions up to `until`, oldest first."""
        return await self._connections.transaction(
            lambda c: cycles.decisions(c, cluster, until, limit)
        )

    async def assessment(self, key: UUID) -> StoredAssessment | None:
        """The assessment of the cycle of that key."""
        return await self._connections.transaction(lambda c: assessments.get(c, key))

    async def assessments(self, cluster: str, limit: int) -> tuple[StoredAssessment, ...]:
        """Newest first."""
        return await self._connections.transaction(lambda c: assessments.newest(c, cluster, limit))

    async def wording(
        self, cluster: str, fingerprint: str, since: datetime
    ) -> StoredAssessment | None:
        """The newest assessment of that evidence, one that a model worded before any other."""
        return await self._connections.transaction(
            lambda c: assessments.wording(c, cluster, fingerprint, since)
        )

    async def ask_model(
        self, key: UUID, model: str, limits: Limits, *, tokens: int, now: datetime
    ) -> str:
        """Note that `model` is asked of that assessment; why it may not be, empty when it may."""
        return await self._connections.transaction(
            lambda c: assessments.ask(c, key, model, limits, tokens=tokens, now=now)
        )

    async def note(self, key: UUID, text: str) -> None:
        """Say beside that assessment what was missing."""
        await self._connections.transaction(lambda c: assessments.note(c, key, text))

    async def conclude(self, key: UUID, answer: ModelAnswer) -> None:
        """Store what came of asking."""
        await self._connections.transaction(lambda c: assessments.conclude(c, key, answer))

    async def spend(self, now: datetime) -> Spend:
        """What models took up to `now`, for all clusters."""
        return await self._connections.transaction(lambda c: assessments.spend(c, now))

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

        Cycles go after `snapshot_days`; state changes, closed issues and assessments after
        `history_days`, but for the last change before that, which says what the state was; queues
        after 7 idle days.
        """
        return await retention.prune(self._connections, cluster, now, snapshot_days, history_days)
