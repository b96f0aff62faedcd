"""The Copilot's own Temporal: connect, start the loop, watch the connection."""

import asyncio
import logging
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    Runtime,
    TelemetryConfig,
)
from temporalio.service import RPCError, RPCStatusCode
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_fixed,
)

from copilot.errors import TemporalError
from copilot.process import one_line
from copilot.settings import Settings
from copilot.signals.monitored_frontend import connection_reason
from copilot.worker.health import WorkerHealth
from copilot.workflows.models import Cadence, ObserveInput
from copilot.workflows.observe import Observe
from copilot.workflows.payloads import DATA_CONVERTER

WAIT_SECONDS = 10
CALL_SECONDS = 3

log = logging.getLogger(__name__)


async def connect(settings: Settings) -> Client:
    """Connect within 10 s. Raises TemporalError."""

    def log_first(state: RetryCallState) -> None:
        if state.attempt_number == 1:
            log.info(
                "waiting up to %d s for Temporal at %s",
                WAIT_SECONDS,
                settings.temporal_address,
            )

    waiting = AsyncRetrying(
        retry=retry_if_exception_type(TemporalError),
        wait=wait_fixed(0.5),
        stop=stop_after_delay(WAIT_SECONDS),
        before_sleep=log_first,
        reraise=True,
    )
    return await waiting(_connect_once, settings)


async def _connect_once(settings: Settings) -> Client:
    address, namespace = settings.temporal_address, settings.temporal_namespace
    hint = "start it, or correct TEMPORAL_ADDRESS"
    try:
        async with asyncio.timeout(CALL_SECONDS):
            client = await Client.connect(
                address, namespace=namespace, data_converter=DATA_CONVERTER
            )
            await client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=namespace)
            )
    except TimeoutError as error:
        raise TemporalError(
            f"Temporal at {address} did not answer within {CALL_SECONDS} s: {hint}"
        ) from error
    # The SDK raises RuntimeError for every failed connection.
    except (RuntimeError, RPCError) as error:
        if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
            raise TemporalError(
                f"Temporal at {address} has no namespace {namespace!r}: "
                "register it, or correct TEMPORAL_NAMESPACE"
            ) from error
        raise TemporalError(
            f"Temporal at {address} does not answer ({one_line(connection_reason(error))}): {hint}"
        ) from error
    return client


async def start_loop(client: Client, settings: Settings, cluster: str, *, configure: bool) -> bool:
    """Start the cluster's loop unless it runs; `configure` sends the settings to one that runs.

    Returns whether it was started. Raises TemporalError.
    """
    cadence = Cadence(cycle_seconds=settings.cycle_seconds)
    workflow_id = f"copilot-observe-{cluster}"
    try:
        running = await _runs_here(client, workflow_id, settings.task_queue)
        if running and not configure:
            return False
        await client.start_workflow(
            Observe.run,
            ObserveInput(cluster=cluster, cadence=cadence),
            id=workflow_id,
            task_queue=settings.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="configure",
            start_signal_args=[cadence],
        )
    except RPCError as error:
        raise TemporalError(
            f"Temporal at {settings.temporal_address} did not start {workflow_id} "
            f"({one_line(error.message)}): check its log"
        ) from error
    return not running


async def _runs_here(client: Client, workflow_id: str, task_queue: str) -> bool:
    """Whether the loop runs; one on another task queue is ended: no worker serves it any more."""
    handle = client.get_workflow_handle(workflow_id)
    try:
        found = await handle.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    if found.status is not WorkflowExecutionStatus.RUNNING:
        return False
    if found.task_queue == task_queue:
        return True
    log.info("%s moves from task queue %s to %s", workflow_id, found.task_queue, task_queue)
    await handle.terminate(reason=f"COPILOT_TASK_QUEUE is {task_queue} now")
    return False


async def watch(client: Client, health: WorkerHealth, address: str, every_seconds: float) -> None:
    """Report whether Temporal answers; the SDK itself retries silently."""
    while True:
        problem = await _problem(client, address)
        if problem != health.temporal_problem:
            health.temporal_problem = problem
            log.warning("%s", problem or f"Temporal at {address} answers again")
        await asyncio.sleep(every_seconds)


async def _problem(client: Client, address: str) -> str:
    try:
        serving = await client.service_client.check_health(timeout=timedelta(seconds=CALL_SECONDS))
    except RPCError as error:
        return f"Temporal at {address} does not answer ({one_line(error.message)}): start it"
    return "" if serving else f"Temporal at {address} is not serving: check its log"


def start_logging() -> None:
    """The SDK's log records like the Copilot's: one line on stderr, without the ids of a run."""
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    Runtime.set_default(
        Runtime(
            telemetry=TelemetryConfig(
                logging=LoggingConfig(
                    # `watch` reports once what the client repeats for every poller and retry.
                    filter="ERROR,temporalio_sdk_core=WARN",
                    forwarding=LogForwardingConfig(
                        logger=logging.getLogger("temporalio.core"),
                        append_target_to_name=False,
                        prepend_target_on_message=False,
                        append_log_fields_to_message=False,
                    ),
                )
            )
        )
    )
