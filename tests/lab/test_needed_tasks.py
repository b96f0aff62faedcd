"""Whether open workflows need the tasks on a queue, by a real server's visibility."""

from contextlib import AsyncExitStack
from uuid import uuid4

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from copilot.signals.queue import QueueKey, QueueKind
from copilot.signals.task_queues import survey
from lab.cluster import Lab
from tests.waiting import until_async

WITHIN_SECONDS = 240


@workflow.defn
class Nobody:
    @workflow.run
    async def run(self) -> None:
        pass


async def test_tasks_are_needed_until_their_workflows_end(lab: Lab) -> None:
    client = await Client.connect(lab.frontend_address)
    names = [f"needed-{part}-{uuid4().hex[:8]}" for part in ("plain", "it's")]
    keys = [QueueKey(namespace="default", name=n, kind=QueueKind.WORKFLOW) for n in names]
    first, second = [
        await client.start_workflow("Nobody", id=name, task_queue=name) for name in names
    ]

    async def needed() -> list[bool | None]:
        found = await survey(client, keys, call_seconds=60, budget_seconds=120)
        return [facts.needed for facts in found.queues]

    async def is_known(*expected: bool) -> bool:
        return await needed() == [*expected]

    await until_async(lambda: is_known(True, True), WITHIN_SECONDS, "both are needed")
    await first.terminate()
    await until_async(lambda: is_known(False, True), WITHIN_SECONDS, "one is left over")
    await second.terminate()
    await until_async(lambda: is_known(False, False), WITHIN_SECONDS, "both are left over")

    async def is_drained() -> bool:
        found = await survey(client, keys, call_seconds=60, budget_seconds=120)
        return not any(facts.backlog for facts in found.queues)

    # Or they would wait in the lab of the next tests.
    async with AsyncExitStack() as workers:
        for name in names:
            worker = Worker(
                client,
                task_queue=name,
                workflows=[Nobody],
                workflow_runner=UnsandboxedWorkflowRunner(),
            )
            await workers.enter_async_context(worker)
        await until_async(is_drained, WITHIN_SECONDS, "no task is left")
