import asyncio
from datetime import UTC, datetime

import pytest

from copilot.api.latest_cycle import MAX_CLUSTERS, LatestCycleCache
from copilot.errors import StoreError
from copilot.store.migrate import migrate
from copilot.store.records import CycleRecord
from copilot.store.repository import Repository
from tests.builders import records_of, snapshot


class CountingRepository(Repository):
    """The real store, with a count of reads."""

    reads = 0

    async def latest(self, cluster: str) -> CycleRecord | None:
        self.reads += 1
        return await super().latest(cluster)


async def test_concurrent_requests_share_one_read(database_url: str) -> None:
    await migrate(database_url)
    async with CountingRepository.open(database_url) as store:
        await store.save(records_of([snapshot(datetime.now(UTC))]))
        cache = LatestCycleCache(store)
        results = await asyncio.gather(*(cache.get("monitored") for _ in range(100)))
        assert {item.record.decision.cycle for item in results if item.record} == {1}
        assert store.reads == 1


async def test_concurrent_requests_share_a_failure(database_url: str) -> None:
    async with CountingRepository.open(database_url) as store:  # not migrated
        cache = LatestCycleCache(store)
        results = await asyncio.gather(
            *(cache.get("monitored") for _ in range(10)), return_exceptions=True
        )
        assert all(isinstance(item, StoreError) for item in results)
        assert store.reads == 1


async def test_a_cancelled_request_leaves_the_read_to_others(database_url: str) -> None:
    await migrate(database_url)
    async with CountingRepository.open(database_url) as store:
        cache = LatestCycleCache(store)
        first = asyncio.create_task(cache.get("monitored"))
        second = asyncio.create_task(cache.get("monitored"))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).record is None
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_the_cache_has_a_limit_of_clusters(database_url: str) -> None:
    await migrate(database_url)
    async with CountingRepository.open(database_url) as store:
        cache = LatestCycleCache(store)
        for number in range(MAX_CLUSTERS + 5):
            await cache.get(f"cluster-{number}")
        assert len(cache) == MAX_CLUSTERS
