"""The worker's access to a store that may be down at any time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from copilot.errors import StoreError
from copilot.settings import Settings
from copilot.store.location import locate_store
from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from copilot.worker.health import WorkerHealth
from copilot.worker.metrics import WorkerMetrics


class StoreAccess:
    """Migrates the store on its first use, and reports its problems to `health`.

    It does not retry: Temporal retries the activities.
    """

    def __init__(
        self,
        repository: Repository,
        settings: Settings,
        metrics: WorkerMetrics,
        health: WorkerHealth,
    ) -> None:
        self._repository = repository
        self._location = locate_store(settings)
        self._metrics = metrics
        self._health = health
        self._migrating = asyncio.Lock()
        self._migrated = False

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Repository]:
        """The repository of a migrated store. Raises StoreError."""
        try:
            async with self._migrating:
                if not self._migrated:
                    await migrate(self._location)
                    self._migrated = True
            yield self._repository
        except StoreError as error:
            self._health.store_problem = str(error)
            self._metrics.count_store_failure()
            raise
        self._health.store_problem = ""
