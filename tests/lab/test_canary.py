"""The canary on a real cluster: every shard gets one, and a stuck shard is found and named."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from copilot.access.temporal import MonitoredTemporal
from copilot.canary.runs import CanaryRuns
from copilot.canary.shards import shard_of
from copilot.canary.sweep import Sweep
from copilot.canary.worker import CanaryWorker
from copilot.canary.workflow import NAMESPACE
from copilot.signals.probe import CanaryStep
from lab.catalogue import MONITORED_DATABASE, Catalogue
from lab.cluster import Lab
from lab.faults import STUCK_SHARD
from tests.waiting import until_async

SECONDS = 240
HOUR_SECONDS = 3600


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def worker(lab: Lab) -> AsyncIterator[CanaryWorker]:
    worker = CanaryWorker(MonitoredTemporal(lab.frontend_address), "monitored")
    async with running(worker.run()):
        await until_async(lambda: worker.ground, SECONDS, "the canary runs")
        yield worker


async def test_every_shard_is_swept_and_a_stuck_one_is_named(
    lab: Lab, worker: CanaryWorker
) -> None:
    assert worker.ground
    assert worker.client
    shards = worker.ground.shards
    url = Catalogue(lab.folder, lab.state).database_url(MONITORED_DATABASE)
    runs = CanaryRuns(worker, Sweep(), "test", seconds=2)
    async with running(runs.run()):
        await until_async(lambda: runs.report().passed >= shards, SECONDS, "as many as shards")

        def executions() -> list[tuple[int, bytes, str]]:
            with psycopg.connect(url) as database:
                return database.execute(
                    "SELECT shard_id, namespace_id, workflow_id FROM executions"
                ).fetchall()

        def with_canaries() -> set[int]:
            return {shard for shard, _, id_ in executions() if id_.startswith("canary-test")}

        # The canary of a slow shard may be started again later.
        every = set(range(1, shards + 1))
        await until_async(lambda: with_canaries() == every, SECONDS, "all shards are swept")
        rows = executions()

        def named() -> bool:
            report = runs.report()
            return [late.shard for late in report.late] == [STUCK_SHARD] and not report.fails

        lab.inject("stuck-shard")
        try:
            await until_async(named, SECONDS, "the stuck shard is named")
            passed = runs.report().passed
            await until_async(lambda: runs.report().passed > passed, SECONDS, "the others work")
        finally:
            lab.heal("stuck-shard")
        await until_async(lambda: not runs.report().late, SECONDS, "the shard works again")
    assert {shard_of(str(UUID(bytes=bytes(n))), w, shards) - s for s, n, w in rows} == {0}
    report = runs.report()
    assert not report.problem
    assert set(report.steps) == set(CanaryStep)


async def test_its_namespace_keeps_workflows_for_the_shortest_time(worker: CanaryWorker) -> None:
    assert worker.client
    found = await worker.client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=NAMESPACE)
    )
    assert found.config.workflow_execution_retention_ttl.ToSeconds() == HOUR_SECONDS
