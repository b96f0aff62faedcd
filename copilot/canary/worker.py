"""The worker of the canary's workflows, which polls the monitored cluster."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker

from copilot.access.temporal import MonitoredTemporal
from copilot.canary.ground import Ground, prepare
from copilot.canary.workflow import NAMESPACE, TASK_QUEUE, Canary, answer
from copilot.errors import AccessError, MonitoredClusterError
from copilot.process import one_line
from copilot.signals.monitored_frontend import CALL_SECONDS, answered, connection_reason
from copilot.workflows.payloads import DATA_CONVERTER

log = logging.getLogger(__name__)

RETRY_SECONDS = 10
# A frontend knows a new namespace from its next reading of all namespaces.
NAMESPACE_SECONDS = 30
RENEW_SECONDS = 30  # tokens live for minutes at least
CLOSE = timedelta(seconds=1)


class CanaryWorker:
    """`ground` is set while it runs; `problem` says in one line why it does not.

    It never ends by itself: what the cluster refuses now it may allow later.
    """

    def __init__(self, monitored: MonitoredTemporal, cluster: str) -> None:
        self._monitored = monitored
        self._cluster = cluster
        self._again = asyncio.Event()
        self.client: Client | None = None
        self.ground: Ground | None = None
        self.problem = "the canary does not run: its worker is starting"

    def restart(self) -> None:
        """Prepare everything again, because the cluster does not know the namespace any more."""
        self._again.set()

    async def run(self) -> None:
        while True:
            self._again.clear()
            problem = ""
            try:
                await self._serve()
            except AccessError as error:
                problem = f"the canary does not run: {one_line(str(error))}"
            except MonitoredClusterError as error:
                problem = one_line(str(error))
            except (RPCError, RuntimeError, TimeoutError) as error:
                reason = one_line(connection_reason(error)) or "no answer in time"
                problem = f"the canary does not run: {reason}"
            if problem and problem != self.problem:
                log.warning("%s: %s", self._cluster, problem)
            self.ground, self.problem = None, problem or self.problem
            await asyncio.sleep(RETRY_SECONDS)

    async def _serve(self) -> None:
        if self.client is None or self._monitored.has_new_certificates():
            self.client = await self._connect()
        self._monitored.renew(self.client)
        ground = await prepare(self.client)
        await self._until_known(self.client)
        worker = Worker(
            self.client,
            task_queue=TASK_QUEUE,
            workflows=[Canary],
            activities=[answer],
            # The workflow has no import that the sandbox would have to load for each run.
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_cached_workflows=20,
            build_id="copilot-canary",
            workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(2),
            activity_task_poller_behavior=PollerBehaviorSimpleMaximum(1),
            graceful_shutdown_timeout=CLOSE,
        )
        async with worker:
            self.ground, self.problem = ground, ""
            log.info(
                "%s: the canary runs in namespace %s, on %d shards",
                self._cluster,
                NAMESPACE,
                ground.shards,
            )
            while not self._again.is_set():
                if self._monitored.has_new_certificates():
                    self.client = worker.client = await self._connect()
                self._monitored.renew(self.client)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._again.wait(), RENEW_SECONDS)

    async def _connect(self) -> Client:
        async with asyncio.timeout(CALL_SECONDS):
            return await self._monitored.connect(NAMESPACE, DATA_CONVERTER)

    async def _until_known(self, client: Client) -> None:
        """Wait until the frontend and matching know a namespace that was just registered."""
        request = DescribeTaskQueueRequest(
            namespace=NAMESPACE,
            task_queue=TaskQueue(name=TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        loop = asyncio.get_running_loop()
        end = loop.time() + NAMESPACE_SECONDS
        while True:
            call = client.workflow_service.describe_task_queue(
                request, timeout=timedelta(seconds=CALL_SECONDS)
            )
            try:
                await answered(call, CALL_SECONDS)
            except MonitoredClusterError:
                if loop.time() > end:
                    raise
                await asyncio.sleep(1)
            else:
                return
