"""Saving cycles and loading memory, on a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from copilot.activities.models import LoadMemoryRequest, SaveRequest
from copilot.activities.persist import PRUNE_EVERY_SECONDS, PersistActivities
from copilot.activities.store_access import StoreAccess
from copilot.errors import StoreError
from copilot.health.decision import Memory
from copilot.settings import Settings
from copilot.signals.queue import QueueSurvey
from copilot.store.repository import Repository
from copilot.worker.health import WorkerHealth
from copilot.worker.metrics import WorkerMetrics
from tests.builders import queue_facts, starved_queue
from tests.copilot.worker.process import REFUSING_ADDRESS
from tests.copilot.workflows.cycles import cluster_snapshot, record


class Store:
    """The activities on the store at a URL, with a clock that the test sets."""

    def __init__(self, repository: Repository, url: str) -> None:
        self.now = 0.0
        self.health = WorkerHealth(late_after_seconds=90)
        settings = Settings.model_construct(database_url=SecretStr(url))
        metrics = WorkerMetrics(CollectorRegistry(), late_after_seconds=90)
        access = StoreAccess(repository, settings, metrics, self.health)
        self.persist = PersistActivities(
            store=access, snapshot_days=7, history_days=90, clock=lambda: self.now
        )
        self.repository = repository

    async def save(self, *cycles: int) -> None:
        queues = QueueSurvey(queues=(queue_facts("orders"), starved_queue("late")))
        records = tuple(
            record(
                Memory(cycle=cycle - 1),
                cluster_snapshot(cycle=cycle).model_copy(update={"queues": queues}),
            )
            for cycle in cycles
        )
        request = SaveRequest(cluster="monitored", records=records)
        await ActivityEnvironment().run(self.persist.save_cycles, request)

    async def load_memory(self) -> Memory | None:
        request = LoadMemoryRequest(cluster="monitored")
        return (await ActivityEnvironment().run(self.persist.load_memory, request)).memory


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An empty database without tables."""
    async with Repository.open(database_url) as repository:
        yield Store(repository, database_url)


async def test_the_first_use_migrates_the_store(store: Store) -> None:
    assert await store.load_memory() is None
    assert store.health.store_problem == ""


async def test_saved_cycles_give_memory_and_queues_with_late_tasks(store: Store) -> None:
    await store.save(1, 2)
    await store.save(2, 3)
    memory = await store.load_memory()
    assert memory is not None
    assert memory.cycle == 3
    remembered = await store.repository.remembered_queues("monitored", 10)
    assert [key.name for key in remembered.keys] == ["late"]


async def test_old_cycles_are_pruned_every_hour(store: Store) -> None:
    # The snapshots are of January 2026: older than any retention.
    await store.save(1)
    await store.save(2)
    assert await store.repository.latest("monitored") is not None
    store.now += PRUNE_EVERY_SECONDS
    await store.save(3)
    assert await store.repository.latest("monitored") is None


async def test_a_cluster_that_was_removed_is_pruned_by_the_others(store: Store) -> None:
    await store.save(1)
    removed = record(Memory(), cluster_snapshot().model_copy(update={"cluster": "removed"}))
    await store.repository.save([removed])
    for cycle in (2, 3):
        store.now += PRUNE_EVERY_SECONDS
        await store.save(cycle)
    assert await store.repository.latest("removed") is None


async def test_a_store_that_is_down_is_an_error_for_temporal_to_retry() -> None:
    url = f"postgresql://copilot:copilot@{REFUSING_ADDRESS}/copilot"
    async with Repository.open(url) as repository:
        store = Store(repository, url)
        with pytest.raises(StoreError):
            await store.load_memory()
        assert REFUSING_ADDRESS in store.health.store_problem
