"""What happened in the same half hour of earlier days, read from the store once in half an hour."""

import asyncio
from datetime import datetime, timedelta

from copilot.errors import StoreError
from copilot.health.usual import earlier_cycle
from copilot.signals.snapshot import EarlierCycle
from copilot.store.repository import Repository

VALID = timedelta(minutes=30)
RETRY = timedelta(minutes=5)


class EarlierDays:
    """Keeps the last answer, also while the store does not answer."""

    def __init__(self, repository: Repository, cluster: str) -> None:
        self._repository = repository
        self._cluster = cluster
        self._due: datetime | None = None
        self._cycles: tuple[EarlierCycle, ...] = ()

    async def cycles(self, now: datetime, seconds: float) -> tuple[EarlierCycle, ...]:
        """At most two cycles of each of the last 7 days, within `seconds`."""
        if self._due and now < self._due:
            return self._cycles
        try:
            async with asyncio.timeout(seconds):
                found = await self._repository.earlier_days(self._cluster, now)
        except (StoreError, TimeoutError):
            self._due = now + RETRY
            return self._cycles
        known = (earlier_cycle(snapshot) for snapshot in found)
        self._cycles = tuple(cycle for cycle in known if cycle)
        self._due = now + VALID
        return self._cycles
