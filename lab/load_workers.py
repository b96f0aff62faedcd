"""The load's workers: one a queue, there or gone as the control file says."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

import httpx
from temporalio.client import Client
from temporalio.runtime import (
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from lab.errors import LabError
from lab.load_control import LoadControl
from lab.loopback import CLIENT
from lab.ports import HOST
from lab.workflows import ACTIVITIES, WORKFLOWS, FulfilOrder

RETRY_SECONDS = 1.0
# A worker that cannot tell the server goodbye is left behind after this time.
SHUTDOWN_SECONDS = 2.0
# Enough to drain thousands of waiting orders within a minute, few enough for two cores.
CONCURRENT_WORKFLOW_TASKS = 20
CONCURRENT_ACTIVITIES = 50
CACHED_WORKFLOWS = 300
# A queue has four partitions. A partition without a poller hands its backlog on slowly, so half of
# the workflow pollers, one a partition, wait for new orders and not for those already begun.
PARTITIONS = 4
# Lines of the SDK's exposition, such as `temporal_workflow_completed{...} 12`.
_ORDERS = re.compile(
    r"^temporal_workflow_(completed|failed)"
    rf'{{.*workflow_type="{FulfilOrder.__name__}".*}} (\S+)$',
    re.MULTILINE,
)


class Outcomes:
    """How many orders completed or failed, as the workers' SDK counts them.

    `metrics_port` of the loopback address shows everything that the SDK measures, in the names and
    units that a worker in Python has unless it chooses others. Raises LabError when it is taken.
    """

    def __init__(self, metrics_port: int) -> None:
        address = f"{HOST}:{metrics_port}"
        self._url = f"http://{address}/metrics"
        try:
            self.runtime = Runtime(
                telemetry=TelemetryConfig(
                    # Each lost poll would be a line; the status line counts errors instead.
                    logging=LoggingConfig(TelemetryFilter(core_level="OFF", other_level="OFF")),
                    metrics=PrometheusConfig(bind_address=address),
                )
            )
        except (RuntimeError, ValueError) as error:
            raise LabError(f"cannot show the workers' metrics at {address}: {error}") from error
        self._orders: Counter[str] = Counter()

    def read(self) -> None:
        """Take in what the SDK has counted by now."""
        try:
            exposition = CLIENT.get(self._url).text
        except httpx.TransportError:
            return  # a busy machine; the next look is half a second away
        orders: Counter[str] = Counter()
        for name, value in _ORDERS.findall(exposition):
            orders[name] += int(float(value))
        self._orders = orders

    @property
    def completed(self) -> int:
        return self._orders["completed"]

    @property
    def failed(self) -> int:
        return self._orders["failed"]


class QueueWorker:
    """Keeps one queue's worker as wanted, whatever the server does meanwhile."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self._wanted = asyncio.Event()
        self._unwanted = asyncio.Event()

    def apply(self, control: LoadControl) -> None:
        """Want a worker, or want none, from now on."""
        wanted, unwanted = (self._wanted, self._unwanted)
        if not control.has_workers(self.queue):
            wanted, unwanted = unwanted, wanted
        wanted.set()
        unwanted.clear()

    async def run(self, client: Client) -> None:
        """Work until cancelled; a worker that the server threw out comes back after a second."""
        while True:
            await self._wanted.wait()
            worker = Worker(
                client,
                task_queue=self.queue,
                workflows=WORKFLOWS,
                activities=ACTIVITIES,
                # The workflows are ours and deterministic; a sandbox would double their CPU.
                workflow_runner=UnsandboxedWorkflowRunner(),
                max_cached_workflows=CACHED_WORKFLOWS,
                max_concurrent_workflow_tasks=CONCURRENT_WORKFLOW_TASKS,
                max_concurrent_activities=CONCURRENT_ACTIVITIES,
                max_concurrent_workflow_task_polls=2 * PARTITIONS,
                nonsticky_to_sticky_poll_ratio=0.5,
                max_concurrent_activity_task_polls=PARTITIONS,
                graceful_shutdown_timeout=timedelta(0),
                # Without one the SDK hashes every loaded module, which stops the loop for a second.
                build_id="lab-load",
            )
            await self._work(worker)

    async def _work(self, worker: Worker) -> None:
        running = asyncio.create_task(worker.run())
        leaving = asyncio.create_task(self._unwanted.wait())
        try:
            await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(SHUTDOWN_SECONDS):
                    await worker.shutdown()
            running.cancel()
            await asyncio.wait({running})
        if not running.cancelled() and running.exception():
            await asyncio.sleep(RETRY_SECONDS)


async def run_workers(
    workers: Iterable[QueueWorker], address: str, namespace: str, runtime: Runtime
) -> None:
    """Connect, as soon as the server answers, and run the workers until cancelled."""
    while True:
        try:
            client = await Client.connect(address, namespace=namespace, runtime=runtime)
        except RuntimeError:
            # How the SDK says "no connection". The starts that fail meanwhile tell the reason.
            await asyncio.sleep(RETRY_SECONDS)
        else:
            break
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.run(client))
