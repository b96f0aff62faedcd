"""The loop that runs is the one that the settings describe."""

from datetime import timedelta

from temporalio.client import WorkflowExecutionStatus

from copilot.own_temporal import start_loop
from copilot.settings import Settings
from tests.copilot.workflows.cycles import LookStandIn, StoreStandIn
from tests.copilot.workflows.loop import TASK_QUEUE, running, time_skipping


def settings(cycle_seconds: float = 30, task_queue: str = TASK_QUEUE) -> Settings:
    return Settings.model_construct(cycle_seconds=cycle_seconds, task_queue=task_queue)


async def test_a_restart_joins_the_running_loop_and_brings_its_cadence() -> None:
    async with await time_skipping() as environment:
        look = LookStandIn()
        async with running(environment, look, StoreStandIn()) as loop:
            await environment.sleep(timedelta(seconds=10))
            run = (await loop.handle.describe()).run_id
            await start_loop(environment.client, settings(cycle_seconds=60))
            await environment.sleep(timedelta(seconds=5))
            assert (await loop.handle.describe()).run_id == run
            assert (await loop.latest()).cycle_seconds == 60
            assert len(look.requests) == 1


async def test_a_loop_on_another_task_queue_is_moved() -> None:
    async with await time_skipping() as environment:
        async with running(environment, LookStandIn(), StoreStandIn()) as loop:
            await start_loop(environment.client, settings())
            await start_loop(environment.client, settings(task_queue="another"))
            found = await environment.client.get_workflow_handle(loop.handle.id).describe()
        assert found.task_queue == "another"
        assert found.status is WorkflowExecutionStatus.RUNNING
