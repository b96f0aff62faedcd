"""The load: on schedule, controlled by a file, never ended by a fault."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from lab.cluster import Lab
from lab.load import STARTS_AFTER_ABANDONMENT, LoadCounts, LoadOptions, run_load
from lab.load_control import LoadControl
from lab.ports import HOST, free_ports
from lab.workflows import WORKFLOWS
from tests.waiting import until_async

# Not the queues of the verdict tests.
BREAD, CAKE = "load-bread", "load-cake"
RATE = 6.0
LIMIT_SECONDS = 240


@pytest.fixture
def options(lab: Lab, tmp_path: Path) -> LoadOptions:
    return LoadOptions(
        address=f"{HOST}:{lab.state.published.frontend}",
        rate=RATE,
        queues=(BREAD, CAKE),
        control_file=tmp_path / "load-control.json",
    )


@pytest.fixture
async def client(options: LoadOptions) -> Client:
    # The SDK's default runtime is never released, and may abort the interpreter at its end.
    return await Client.connect(options.address, runtime=Runtime(telemetry=TelemetryConfig()))


@asynccontextmanager
async def running(options: LoadOptions) -> AsyncIterator[LoadCounts]:
    """A load that completes orders; its last orders are awaited at the end."""
    stop, counts = asyncio.Event(), LoadCounts()
    load = asyncio.create_task(run_load(options, stop=stop, counts=counts))
    try:
        await until_async(
            lambda: counts.completed > 0, LIMIT_SECONDS, "the first order is complete"
        )
        yield counts
        await leave_nothing(options)
    finally:
        stop.set()
        async with asyncio.timeout(LIMIT_SECONDS):
            await load


async def leave_nothing(options: LoadOptions) -> None:
    """Let the load's workers end every order: an open one would be a starved queue for every later
    test.

    The server counts, because the load does not count a start that was answered too late.
    """
    steer(options, LoadControl(rate_factor=0))
    client = await Client.connect(options.address, runtime=Runtime(telemetry=TelemetryConfig()))
    query = f"TaskQueue IN ('{BREAD}', '{CAKE}') AND ExecutionStatus = 'Running'"

    async def none_is_open() -> bool:
        return (await client.count_workflows(query)).count == 0

    await until_async(none_is_open, LIMIT_SECONDS, "every order has ended")


def steer(options: LoadOptions, control: LoadControl) -> None:
    assert options.control_file
    control.write(options.control_file)


async def backlog(client: Client, queue: str) -> int:
    """Workflow tasks that wait on `queue`."""
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace="default",
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            report_stats=True,
        )
    )
    return answer.stats.approximate_backlog_count


async def test_starts_keep_their_schedule_and_their_orders_complete(options: LoadOptions) -> None:
    loop = asyncio.get_running_loop()
    first = loop.time()
    async with running(options) as counts:
        begin, before = loop.time(), counts.started + counts.failed_starts

        def late(begin: float, before: int) -> float:
            """Starts that are due and not counted; below 0 when they are early."""
            return (loop.time() - begin) * RATE - (counts.started + counts.failed_starts - before)

        def is_on_schedule() -> bool:
            nonlocal begin, before
            assert late(first, 0) > -4
            if loop.time() > begin + 10:  # a machine that stands still loses what was due
                begin, before = loop.time(), counts.started + counts.failed_starts
            return late(begin, before) < 4 and counts.started > before + 5 * RATE

        # Starts that wait for a busy server are counted when it answers.
        await until_async(is_on_schedule, LIMIT_SECONDS, "5 s of starts, on schedule")
    assert counts.failed == 0


async def test_the_chosen_share_fails_and_every_order_replays(
    options: LoadOptions, client: Client
) -> None:
    steer(options, LoadControl(failure_ratio=0.5))
    async with running(options) as counts:
        await until_async(lambda: counts.failed >= 12, LIMIT_SECONDS, "12 orders have failed")
        steer(options, LoadControl(rate_factor=0))
        await until_async(lambda: counts.open <= 0, LIMIT_SECONDS, "every order has ended")
        # A start that a busy server did not take may have been one that fails.
        assert counts.completed == pytest.approx(counts.failed, abs=2 + counts.failed_starts)

    replayer = Replayer(workflows=WORKFLOWS, workflow_runner=UnsandboxedWorkflowRunner())
    query = f"TaskQueue = '{CAKE}' AND ExecutionStatus = 'Failed'"
    failed = [run async for run in client.list_workflows(query, limit=20)]
    assert {run.workflow_type for run in failed} == {"FulfilOrder", "TakePayment"}
    for run in failed:
        handle = client.get_workflow_handle(run.id, run_id=run.run_id)
        await replayer.replay_workflow(await handle.fetch_history())


async def test_a_stopped_queue_collects_a_backlog_and_drains_when_healed(
    options: LoadOptions, client: Client
) -> None:
    async with running(options) as counts:
        steer(options, LoadControl(stopped_queues=(BREAD,)))

        async def waits() -> bool:
            return await backlog(client, BREAD) >= 15

        await until_async(waits, LIMIT_SECONDS, f"15 tasks wait on {BREAD}")
        before = counts.completed
        await until_async(lambda: counts.completed > before, LIMIT_SECONDS, f"{CAKE} goes on")
        steer(options, LoadControl())

    async def is_drained() -> bool:
        return await backlog(client, BREAD) == 0

    # The server's count may be some seconds old.
    await until_async(is_drained, LIMIT_SECONDS, f"{BREAD} is drained")


async def test_an_abandoned_queue_is_left_with_a_few_orders(
    options: LoadOptions, client: Client
) -> None:
    async with running(options) as counts:
        before, open_before = counts.started, counts.open
        steer(options, LoadControl(abandoned_queues=(BREAD,), rate_factor=3))

        async def waits() -> bool:
            return await backlog(client, BREAD) >= STARTS_AFTER_ABANDONMENT

        await until_async(waits, LIMIT_SECONDS, f"{STARTS_AFTER_ABANDONMENT} tasks wait on {BREAD}")
        # Now the other queue alone has more starts than the limit below.
        await until_async(
            lambda: counts.started > before + 4 * STARTS_AFTER_ABANDONMENT + open_before,
            LIMIT_SECONDS,
            "time passes",
        )
        left = await backlog(client, BREAD)
        # Orders that were open when the workers left may be on the queue again.
        assert left <= STARTS_AFTER_ABANDONMENT + open_before + 3 * RATE
        steer(options, LoadControl())


async def test_a_frontend_that_dies_costs_only_the_starts_meanwhile(
    lab: Lab, options: LoadOptions
) -> None:
    async with running(options) as counts:
        await asyncio.to_thread(lab.inject, "kill-frontend")
        try:
            await until_async(lambda: counts.failed_starts >= 5, LIMIT_SECONDS, "starts fail")
        finally:
            await asyncio.to_thread(lab.heal, "kill-frontend")
        started, completed = counts.started, counts.completed
        await until_async(lambda: counts.started > started + 10, LIMIT_SECONDS, "starts go on")
        await until_async(
            lambda: counts.completed > completed + 10, LIMIT_SECONDS, "orders complete"
        )


async def test_an_invalid_control_file_changes_nothing_and_is_reported_once(
    options: LoadOptions,
) -> None:
    reports: list[str] = []
    counts, stop = LoadCounts(), asyncio.Event()
    steer(options, LoadControl(rate_factor=0))
    load = asyncio.create_task(run_load(options, stop=stop, counts=counts, report=reports.append))
    assert options.control_file
    await until_async(lambda: bool(reports), LIMIT_SECONDS, "the load has begun")
    for wrong in ('{"rate_factor": 1', '{"stopped_queues": ["no-such-queue"]}'):
        reports.clear()
        options.control_file.write_text(wrong)
        await until_async(lambda: bool(reports), LIMIT_SECONDS, f"a complaint about {wrong}")
    assert "no-such-queue" in reports[0]
    steer(options, LoadControl(rate_factor=1))
    await until_async(lambda: counts.started > 0, LIMIT_SECONDS, "a right file counts again")
    assert len(reports) == 1
    await leave_nothing(options)
    stop.set()
    async with asyncio.timeout(LIMIT_SECONDS):
        await load


async def test_without_a_server_it_runs_until_it_is_stopped() -> None:
    address = f"{HOST}:{next(free_ports())}"
    await run_load(LoadOptions(address=address, rate=20, duration_seconds=1))
    counts, stop = LoadCounts(), asyncio.Event()
    load = asyncio.create_task(
        run_load(LoadOptions(address=address, rate=20), counts=counts, stop=stop)
    )
    await until_async(lambda: counts.failed_starts > 10, LIMIT_SECONDS, "starts fail")
    stop.set()
    await load
    assert counts.started == 0
    assert counts.last_error

    command = [sys.executable, "-m", "lab", "load", "--address", address, "--rate", "20"]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    async with asyncio.timeout(LIMIT_SECONDS):
        line = await process.stdout.readline()
    assert address.encode() in line
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(LIMIT_SECONDS):
        _, complaints = await process.communicate()
    assert process.returncode == 0
    assert complaints == b""
