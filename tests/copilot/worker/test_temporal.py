"""The running loop follows the settings of the worker that starts."""

from datetime import timedelta

from temporalio.client import WorkflowExecutionStatus

from copilot.settings import Settings
from copilot.worker.temporal import start_loop
from tests.copilot.workflows.cycles import FakeCollector, FakeStore
from tests.copilot.workflows.loop import CLUSTER, TASK_QUEUE, running, time_skipping


def settings(cycle_seconds: float = 30, task_queue: str = TASK_QUEUE) -> Settings:
    return Settings.model_construct(cycle_seconds=cycle_seconds, task_queue=task_queue)


async def test_a_restarted_worker_keeps_the_loop_and_sends_its_cadence() -> None:
    async with await time_skipping() as environment:
        collector = FakeCollector()
        async with running(environment, collector, FakeStore()) as loop:
            await environment.sleep(timedelta(seconds=10))
            run = (await loop.handle.describe()).run_id
            await start_loop(
                environment.client, settings(cycle_seconds=60), CLUSTER, configure=True
            )
            await environment.sleep(timedelta(seconds=5))
            assert (await loop.handle.describe()).run_id == run
            assert (await loop.latest()).cycle_seconds == 60
            assert len(collector.requests) == 1


async def test_a_loop_on_another_task_queue_is_moved() -> None:
    async with await time_skipping() as environment:
        async with running(environment, FakeCollector(), FakeStore()) as loop:
            await start_loop(environment.client, settings(), CLUSTER, configure=False)
            await start_loop(
                environment.client, settings(task_queue="another"), CLUSTER, configure=False
            )
            found = await environment.client.get_workflow_handle(loop.handle.id).describe()
        assert found.task_queue == "another"
        assert found.status is WorkflowExecutionStatus.RUNNING
