"""Storing and remembering, on a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from copilot.activities.keep import PRUNE_EVERY_SECONDS, Keep
from copilot.activities.models import RecallRequest, SaveRequest
from copilot.activities.store_access import StoreAccess
from copilot.errors import StoreError
from copilot.health.decision import Memory
from copilot.own_health import OwnHealth
from copilot.self_metrics import SelfMetrics
from copilot.settings import Settings
from copilot.store.repository import Repository
from tests.copilot.worker_process import NOBODY
from tests.copilot.workflows.cycles import record, seen


class Store:
    """The activities on the store at a URL, with the clock of a test."""

    def __init__(self, repository: Repository, url: str) -> None:
        self.now = 0.0
        self.health = OwnHealth(late_after_seconds=90)
        settings = Settings.model_construct(database_url=SecretStr(url))
        metrics = SelfMetrics(CollectorRegistry())
        access = StoreAccess(repository, settings, metrics, self.health)
        self.keep = Keep(store=access, snapshot_days=7, history_days=90, clock=lambda: self.now)
        self.repository = repository

    async def save(self, *cycles: int) -> None:
        records = tuple(record(Memory(cycle=cycle - 1), seen(cycle=cycle)) for cycle in cycles)
        request = SaveRequest(cluster="monitored", records=records)
        await ActivityEnvironment().run(self.keep.save, request)

    async def recall(self) -> Memory | None:
        request = RecallRequest(cluster="monitored")
        return (await ActivityEnvironment().run(self.keep.recall, request)).memory


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An empty database: nobody has migrated it."""
    async with Repository.open(database_url) as repository:
        yield Store(repository, database_url)


async def test_the_first_use_migrates_and_an_empty_store_remembers_nothing(store: Store) -> None:
    assert await store.recall() is None
    assert store.health.store_problem == ""


async def test_what_is_saved_is_remembered_with_its_queues(store: Store) -> None:
    await store.save(1, 2)
    await store.save(2, 3)
    memory = await store.recall()
    assert memory is not None
    assert memory.cycle == 3
    remembered = await store.repository.remembered_queues("monitored", 10)
    assert [key.name for key in remembered.keys] == ["orders"]


async def test_old_cycles_are_pruned_now_and_then(store: Store) -> None:
    # The snapshots are of January 2026: older than any retention.
    await store.save(1)
    await store.save(2)
    assert await store.repository.latest("monitored") is not None
    store.now += PRUNE_EVERY_SECONDS
    await store.save(3)
    assert await store.repository.latest("monitored") is None


async def test_a_store_that_is_down_is_said_and_tried_again() -> None:
    url = f"postgresql://copilot:copilot@{NOBODY}/copilot"
    async with Repository.open(url) as repository:
        store = Store(repository, url)
        with pytest.raises(StoreError):
            await store.recall()
        assert NOBODY in store.health.store_problem
