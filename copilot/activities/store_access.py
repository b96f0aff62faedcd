"""The store as the worker has it: it may be away at start and later, and judging goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from copilot.errors import StoreError
from copilot.own_health import OwnHealth
from copilot.self_metrics import SelfMetrics
from copilot.settings import Settings
from copilot.store.address import location
from copilot.store.migrate import migrate
from copilot.store.repository import Repository


class StoreAccess:
    """Migrates the store when it is first used and answers; says in `health` what is wrong with it.

    No loop of its own: the activities that need the store are retried by Temporal.
    """

    def __init__(
        self, repository: Repository, settings: Settings, metrics: SelfMetrics, health: OwnHealth
    ) -> None:
        self._repository = repository
        self._location = location(settings)
        self._metrics = metrics
        self._health = health
        self._migrating = asyncio.Lock()
        self._migrated = False

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Repository]:
        """The repository of a store that is up to date; raises StoreError when there is none."""
        try:
            async with self._migrating:
                if not self._migrated:
                    await migrate(self._location)
                    self._migrated = True
            yield self._repository
        except StoreError as error:
            self._health.store_problem = str(error)
            self._metrics.store_failed()
            raise
        self._health.store_problem = ""
