"""Store cycles, and load the memory of the last one after a restart."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from temporalio import activity

from copilot.activities.models import LoadedMemory, LoadMemoryRequest, Saved, SaveRequest
from copilot.activities.store_access import StoreAccess
from copilot.store.repository import Repository

PRUNE_EVERY_SECONDS = 3600


class PersistActivities:
    """Both raise StoreError while the store does not answer; Temporal retries them."""

    def __init__(
        self,
        *,
        store: StoreAccess,
        snapshot_days: int,
        history_days: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._snapshot_days = snapshot_days
        self._history_days = history_days
        self._clock = clock
        self._prune_due: dict[str, float] = {}
        self._pruned = ""

    # The name in recorded histories.
    @activity.defn(name="recall")
    async def load_memory(self, request: LoadMemoryRequest) -> LoadedMemory:
        async with self._store.use() as repository:
            return LoadedMemory(memory=await repository.load_memory(request.cluster))

    # The name in recorded histories.
    @activity.defn(name="save")
    async def save_cycles(self, request: SaveRequest) -> Saved:
        """Store the records, also repeated ones, and their queues with late tasks.

        The others need no row: polls and new tasks show in the server's metrics.
        """
        async with self._store.use() as repository:
            await repository.save(request.records)
            for record in request.records:
                if late := [one for one in record.snapshot.queues.queues if one.is_late]:
                    await repository.remember_queues(request.cluster, late, record.snapshot.at)
            await self._prune_if_due(repository, request.cluster)
        return Saved(records=len(request.records))

    async def _prune_if_due(self, repository: Repository, cluster: str) -> None:
        if self._clock() < self._prune_due.get(cluster, 0.0):
            return
        # The others in turn: no loop saves, and so prunes, a cluster that was removed.
        self._pruned = await repository.next_cluster(self._pruned)
        now = datetime.now(UTC)
        for name in {cluster, self._pruned}:
            await repository.prune(name, now, self._snapshot_days, self._history_days)
        self._prune_due[cluster] = self._clock() + PRUNE_EVERY_SECONDS
