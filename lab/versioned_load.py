"""A task queue of worker versions, for the fault of a version that is abandoned.

While the fault is off there are no workers of this queue, and no workflows.
"""

import asyncio
from contextlib import AsyncExitStack, suppress

from temporalio import workflow
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion, WorkflowIDConflictPolicy
from temporalio.exceptions import TemporalError
from temporalio.runtime import Runtime
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from lab.load_control import VERSIONED_QUEUE, ControlFile

OLD, NEW = (WorkerDeploymentVersion(VERSIONED_QUEUE, build) for build in ("1", "2"))
PINNED_RETURNS = 3
INTERVAL_SECONDS = 1.0


@workflow.defn(versioning_behavior=VersioningBehavior.PINNED)
class ReturnParcel:
    """Stays on the version that started it. One that waits ends when the parcel has arrived."""

    def __init__(self) -> None:
        self._arrived = False

    @workflow.run
    async def run(self, waits: bool) -> None:
        await workflow.wait_condition(lambda: self._arrived or not waits)

    @workflow.signal
    def arrive(self) -> None:
        self._arrived = True

    @workflow.query
    def has_arrived(self) -> bool:
        return self._arrived


class VersionedLoad:
    """Abandons the old version while the control file says so, and then ends its workflows."""

    def __init__(
        self, address: str, namespace: str, runtime: Runtime, control: ControlFile
    ) -> None:
        self._address = address
        self._namespace = namespace
        self._runtime = runtime
        self._control = control
        self._stopped = False
        self.is_open = False
        """Whether workflows of this queue may be open."""

    def stop(self) -> None:
        """Heal the fault, whatever the control file says."""
        self._stopped = True

    @property
    def _is_wanted(self) -> bool:
        return self._control.current.abandoned_version and not self._stopped

    async def run(self) -> None:
        """Run until cancelled; after an error of the server the fault starts over."""
        while True:
            if self._is_wanted or self.is_open:
                self.is_open = True
                with suppress(TemporalError, RuntimeError):  # RuntimeError: no connection
                    await self._abandon_and_return()
                    self.is_open = False
            await asyncio.sleep(INTERVAL_SECONDS)

    async def _abandon_and_return(self) -> None:
        client = await Client.connect(
            self._address, namespace=self._namespace, runtime=self._runtime
        )
        async with _worker(client, OLD):
            await _make_current(client, OLD)
            pinned = [await _start(client, str(n), waits=True) for n in range(PINNED_RETURNS)]
            for handle in pinned:
                await handle.query(ReturnParcel.has_arrived)  # waits for the first task
        async with AsyncExitStack() as workers:
            await workers.enter_async_context(_worker(client, NEW))
            await _make_current(client, NEW)
            for handle in pinned:
                await handle.signal(ReturnParcel.arrive)
            latest = await _start(client, "new", waits=False)
            while self._is_wanted:
                await asyncio.sleep(INTERVAL_SECONDS)
                latest = await _start(client, "new", waits=False)
            await workers.enter_async_context(_worker(client, OLD))
            for handle in (*pinned, latest):
                await handle.result()


async def _start(client: Client, name: str, *, waits: bool) -> WorkflowHandle[ReturnParcel, None]:
    return await client.start_workflow(
        ReturnParcel.run,
        waits,
        id=f"{VERSIONED_QUEUE}-{name}",
        task_queue=VERSIONED_QUEUE,
        # One may be left of a load that was killed.
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )


def _worker(client: Client, version: WorkerDeploymentVersion) -> Worker:
    return Worker(
        client,
        task_queue=VERSIONED_QUEUE,
        workflows=[ReturnParcel],
        workflow_runner=UnsandboxedWorkflowRunner(),
        # A cached workflow's tasks would wait for this very worker, and not for its version.
        max_cached_workflows=0,
        deployment_config=WorkerDeploymentConfig(version=version, use_worker_versioning=True),
    )


async def _make_current(client: Client, version: WorkerDeploymentVersion) -> None:
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace,
        deployment_name=version.deployment_name,
        build_id=version.build_id,
    )
    while True:
        try:
            await client.workflow_service.set_worker_deployment_current_version(request)
        except RPCError:  # the server has not seen its first poll yet
            await asyncio.sleep(INTERVAL_SECONDS)
        else:
            return
