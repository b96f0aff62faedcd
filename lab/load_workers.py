"""The load's workers: one per queue, started and stopped by the control file."""

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
from lab.faulty_workers import PARTS
from lab.load_control import LoadControl, Workers
from lab.loopback import CLIENT
from lab.ports import HOST
from lab.workflows import FulfilOrder

RETRY_SECONDS = 1.0
# A worker that cannot shut down in this time is cancelled.
SHUTDOWN_SECONDS = 2.0
# With 50 activities enough to drain thousands of orders within a minute, few enough for two cores.
CONCURRENT_WORKFLOW_TASKS = 20
CACHED_WORKFLOWS = 300
# A queue has four partitions, and one without a poller drains slowly. So half of the workflow
# pollers, one per partition, wait for new orders instead of those on the sticky queue.
PARTITIONS = 4
# Lines of the SDK's exposition, such as `temporal_workflow_completed{...} 12`.
_ORDERS = re.compile(
    r"^temporal_workflow_(completed|failed)"
    rf'{{.*workflow_type="{FulfilOrder.__name__}".*}} (\S+)$',
    re.MULTILINE,
)


class Outcomes:
    """Counts of completed and failed orders, from the metrics of the workers' SDK.

    The SDK's metrics are exposed on `metrics_port` of the loopback address, with the SDK's default
    names and units. Raises LabError when the port is taken.
    """

    def __init__(self, metrics_port: int) -> None:
        address = f"{HOST}:{metrics_port}"
        self._url = f"http://{address}/metrics"
        try:
            self.runtime = Runtime(
                telemetry=TelemetryConfig(
                    # The SDK logs each lost poll; the status line counts errors instead.
                    logging=LoggingConfig(TelemetryFilter(core_level="OFF", other_level="OFF")),
                    metrics=PrometheusConfig(bind_address=address),
                )
            )
        except (RuntimeError, ValueError) as error:
            raise LabError(f"cannot expose the workers' metrics at {address}: {error}") from error
        self._orders: Counter[str] = Counter()

    def read(self) -> None:
        """Read the SDK's counters."""
        try:
            exposition = CLIENT.get(self._url).text
        except httpx.TransportError:
            return  # a busy machine; the next read follows soon
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
    """Runs one queue's worker while it is wanted, also through faults of the server."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self._wanted = Workers.HEALTHY
        self._changed = asyncio.Event()

    def apply(self, control: LoadControl) -> None:
        """Start the worker, stop it, or replace it by one that behaves otherwise."""
        wanted = control.workers_of(self.queue)
        if wanted is not self._wanted:
            self._wanted = wanted
            self._changed.set()

    async def run(self, client: Client) -> None:
        """Run until cancelled; a failed worker restarts after a second."""
        while True:
            self._changed.clear()
            wanted = self._wanted
            if wanted is Workers.ABSENT:
                await self._changed.wait()
                continue
            parts = PARTS[wanted]
            worker = Worker(
                client,
                task_queue=self.queue,
                workflows=parts.workflows,
                activities=parts.activities,
                # The sandbox would double the CPU time of these deterministic workflows.
                workflow_runner=UnsandboxedWorkflowRunner(),
                max_cached_workflows=CACHED_WORKFLOWS,
                max_concurrent_workflow_tasks=CONCURRENT_WORKFLOW_TASKS,
                max_concurrent_activities=parts.slots,
                max_concurrent_workflow_task_polls=2 * PARTITIONS,
                nonsticky_to_sticky_poll_ratio=0.5,
                max_concurrent_activity_task_polls=PARTITIONS,
                graceful_shutdown_timeout=timedelta(0),
                # Without one the SDK hashes every module, which blocks the loop for a second.
                build_id="lab-load",
            )
            await self._work(worker)

    async def _work(self, worker: Worker) -> None:
        running = asyncio.create_task(worker.run())
        leaving = asyncio.create_task(self._changed.wait())
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
    """Connect as soon as the server is up, and run the workers until cancelled."""
    while True:
        try:
            client = await Client.connect(address, namespace=namespace, runtime=runtime)
        except RuntimeError:
            # No connection. The failed starts report the reason.
            await asyncio.sleep(RETRY_SECONDS)
        else:
            break
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.run(client))
