import asyncio
from datetime import UTC, datetime

import pytest

from copilot.api.newest import MAX_CLUSTERS, Newest
from copilot.errors import StoreError
from copilot.record import CycleRecord
from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from tests.copilot.factories import judged, snapshot


class Counted(Repository):
    """The real store that counts how often it is asked."""

    asked = 0

    async def latest(self, cluster: str) -> CycleRecord | None:
        self.asked += 1
        return await super().latest(cluster)


async def test_requests_at_once_share_one_read(database_url: str) -> None:
    await migrate(database_url)
    async with Counted.open(database_url) as store:
        await store.save(judged([snapshot(datetime.now(UTC))]))
        newest = Newest(store)
        found = await asyncio.gather(*(newest.of("monitored") for _ in range(100)))
        assert {item.record.decision.cycle for item in found if item.record} == {1}
        assert store.asked == 1


async def test_a_failure_is_shared_too(database_url: str) -> None:
    async with Counted.open(database_url) as store:  # not migrated
        newest = Newest(store)
        found = await asyncio.gather(
            *(newest.of("monitored") for _ in range(10)), return_exceptions=True
        )
        assert all(isinstance(item, StoreError) for item in found)
        assert store.asked == 1


async def test_a_request_that_goes_away_takes_no_answer_with_it(database_url: str) -> None:
    await migrate(database_url)
    async with Counted.open(database_url) as store:
        newest = Newest(store)
        first = asyncio.create_task(newest.of("monitored"))
        second = asyncio.create_task(newest.of("monitored"))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).record is None
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_callers_cannot_make_it_keep_every_cluster(database_url: str) -> None:
    await migrate(database_url)
    async with Counted.open(database_url) as store:
        newest = Newest(store)
        for number in range(MAX_CLUSTERS + 5):
            await newest.of(f"cluster-{number}")
        assert newest.clusters == MAX_CLUSTERS
