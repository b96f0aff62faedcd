"""The Copilot's loop on a real server; a time-skipping one gives tasks to workers that are gone."""

import asyncio
import time
from functools import partial
from uuid import uuid4

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from copilot.health.decision import State
from copilot.signals.snapshot import Snapshot
from copilot.workflows.payloads import DATA_CONVERTER
from lab.cluster import Lab
from tests.copilot.workflows.cycles import FakeCollector, FakeStore
from tests.copilot.workflows.loop import running
from tests.waiting import until_async

# A worker that stops later than 25/30 of a cycle leaves a collection that has timed out.
CYCLE_SECONDS = 10.0
SECONDS = 180


async def test_a_worker_that_stops_in_a_collection_leaves_it_to_the_next(lab: Lab) -> None:
    async def hang(_: int) -> Snapshot:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    client = await Client.connect(
        lab.environment()["TEMPORAL_ADDRESS"], data_converter=DATA_CONVERTER
    )
    environment, store = WorkflowEnvironment.from_client(client), FakeStore()
    stopped, next_one = FakeCollector(hang), FakeCollector()
    name = f"restarted-{uuid4().hex[:8]}"
    # On the usual queue an earlier test may have left the loop of a real Copilot.
    loop_of = partial(
        running, environment, cluster=name, task_queue=name, cycle_seconds=CYCLE_SECONDS
    )
    async with loop_of(stopped, store):
        await until_async(lambda: bool(stopped.requests), SECONDS, "the collection begins")
    gone = time.monotonic()
    await until_async(lambda: time.monotonic() > gone + CYCLE_SECONDS, SECONDS, "a cycle is over")
    async with loop_of(next_one, store) as loop:
        await until_async(lambda: bool(store.records), SECONDS, "the cycle is stored")
        await loop.handle.terminate()
    assert store.records[0].decision.cycle == 1
    assert State.UNKNOWN not in {record.decision.state for record in store.records}
