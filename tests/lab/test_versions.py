"""Worker versions on a real server: tasks of a version that nobody polls are found, and named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

from temporalio import workflow
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from copilot.health.decision import Cause, CauseKind
from copilot.signals.queue import QueueFacts, QueueKey, QueueKind
from copilot.signals.task_queues import survey
from lab.cluster import Lab
from lab.faults import FAULTS
from lab.load_control import VERSIONED_QUEUE
from tests.builders import decisions_of, snapshot
from tests.waiting import until_async

WITHIN_SECONDS = 240
# Beyond the rules' limit for the age of a task.
LATE_SECONDS = 11
DEPLOYMENT = f"shop-{uuid4().hex[:8]}"
KEY = QueueKey(namespace="default", name=f"{DEPLOYMENT}-orders", kind=QueueKind.WORKFLOW)


@workflow.defn(versioning_behavior=VersioningBehavior.PINNED)
class PinnedOrder:
    """Stays on the version that started it, and ends when it is paid."""

    def __init__(self) -> None:
        self._paid = False

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self._paid)

    @workflow.signal
    def pay(self) -> None:
        self._paid = True


@asynccontextmanager
async def worker_of(client: Client, build: str) -> AsyncIterator[None]:
    """A worker of that version, made the current one. It leaves its tasks in the queue when it
    ends, for nothing is cached.
    """
    version = WorkerDeploymentVersion(DEPLOYMENT, build)
    async with Worker(
        client,
        task_queue=KEY.name,
        workflows=[PinnedOrder],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=0,
        deployment_config=WorkerDeploymentConfig(version=version, use_worker_versioning=True),
    ):
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=build
        )

        async def is_current() -> bool:
            try:
                await client.workflow_service.set_worker_deployment_current_version(request)
            except RPCError:  # the server has not seen its first poll yet
                return False
            return True

        await until_async(is_current, WITHIN_SECONDS, f"{build} is current")
        yield


async def described(client: Client, key: QueueKey) -> QueueFacts:
    found = await survey(client, [key], call_seconds=60, budget_seconds=120)
    return found.queues[0]


async def with_late_version(client: Client, key: QueueKey) -> QueueFacts:
    """The facts of the queue as soon as a version's tasks are late and nobody takes them."""

    async def late() -> QueueFacts | None:
        facts = await described(client, key)
        stands = [one.version for one in facts.versions if one.dispatch_rate == 0]
        return facts if stands and facts.backlog_age_seconds > LATE_SECONDS else None

    # A namespace may by default read its worker deployments 50 times a second.
    facts = await until_async(late, WITHIN_SECONDS, "the old version's tasks are late", 1)
    assert facts
    return facts


def causes(facts: QueueFacts) -> tuple[Cause, ...]:
    (decision,) = decisions_of([snapshot(datetime.now(UTC), queues=[facts])])
    return decision.causes


async def test_tasks_of_a_version_that_nobody_polls_are_found(lab: Lab) -> None:
    client = await Client.connect(lab.frontend_address)

    async def start() -> str:
        name = f"{DEPLOYMENT}-{uuid4().hex}"
        await client.start_workflow(PinnedOrder.run, id=name, task_queue=KEY.name)
        return name

    async def first_task_done(name: str) -> bool:
        history = await client.get_workflow_handle(name).fetch_history()
        return len(history.events) > 3

    async with worker_of(client, "1"):
        old = await start()
        await until_async(lambda: first_task_done(old), WITHIN_SECONDS, "pinned to the old version")
    async with worker_of(client, "2"):
        await client.get_workflow_handle(old).signal(PinnedOrder.pay)
        new = await start()
        await until_async(lambda: first_task_done(new), WITHIN_SECONDS, "the new version is served")
        facts = await with_late_version(client, KEY)
        assert facts.current_version == f"{DEPLOYMENT}:2"
        assert [one.version for one in facts.versions] == [f"{DEPLOYMENT}:1"]
        assert facts.versions[0].backlog == 1
        assert causes(facts) == (
            Cause(kind=CauseKind.VERSION, name=f"{KEY.full_name} {DEPLOYMENT}:1"),
        )
    async with worker_of(client, "1"):
        await client.get_workflow_handle(old).result()
    await client.get_workflow_handle(new).terminate()


async def test_an_abandoned_version_is_found_until_it_is_healed(lab: Lab) -> None:
    fault = FAULTS["abandoned-version"]
    client = await Client.connect(lab.frontend_address)
    key = QueueKey(namespace="default", name=VERSIONED_QUEUE, kind=QueueKind.WORKFLOW)
    is_open = f"TaskQueue = '{VERSIONED_QUEUE}' AND ExecutionStatus = 'Running'"

    async def is_over() -> bool:
        facts = await described(client, key)
        return not facts.backlog and not (await client.count_workflows(is_open)).count

    lab.start_load(1)
    try:
        for _ in range(2):
            lab.inject(fault.name)
            (cause,) = causes(await with_late_version(client, key))
            assert cause.kind in fault.cause_kinds
            assert cause.name.endswith(fault.cause_name)
            lab.heal(fault.name)
            await until_async(is_over, WITHIN_SECONDS, "nothing is open or waits", 1)
    finally:
        lab.heal(fault.name)
        lab.stop_load()
