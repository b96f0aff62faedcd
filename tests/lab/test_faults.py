"""What the faults of the load and of the servers' configuration do to a real cluster under load."""

from collections.abc import Iterator

import pytest
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig

from lab.cluster import Lab
from lab.errors import LabError
from lab.faults import FAULTY_QUEUE
from tests.lab.watch import query
from tests.waiting import until, until_async

RATE = 2
LIMIT_SECONDS = 240
# More than the few that wait at any moment.
WAITING = 8


@pytest.fixture(scope="module")
def loaded(lab: Lab) -> Iterator[Lab]:
    """The session's lab under load, with a schedule."""
    lab.start_load(RATE, schedule=True)
    yield lab
    lab.stop_load()


def rate(metric: str, labels: str = "") -> str:
    """PromQL of a counter of the monitored cluster, summed; nothing where it does not grow."""
    return f'sum(rate({metric}{{cluster="monitored"{labels}}}[15s])) > 0'


EFFECTS = {
    "read-only-database": rate(
        "persistence_error_with_type_total", ',error_type="serviceerror.Unavailable"'
    ),
    "wedged-workflows": rate("failed_workflow_tasks_total"),
    "visibility-down": rate("visibility_persistence_errors_total"),
    "retried-workflows": rate("workflow_failed_total"),
    "no-buckets": 'absent({__name__=~".+_bucket",job="temporal-history"})',
}
"""What is there some time after a fault began, and is gone some time after it was healed."""


@pytest.mark.parametrize("fault", EFFECTS)
def test_a_fault_shows_in_the_servers_metrics_until_it_is_healed(loaded: Lab, fault: str) -> None:
    effect = EFFECTS[fault]
    until(lambda: not query(loaded, effect), LIMIT_SECONDS, "nothing of the fault")
    loaded.inject(fault)
    try:
        until(lambda: query(loaded, effect), LIMIT_SECONDS, f"an effect of {fault}")
    finally:
        loaded.heal(fault)
    until(lambda: not query(loaded, effect), LIMIT_SECONDS, f"no effect of {fault}")


@pytest.mark.parametrize("fault", ["slow-workers", "full-workers", "limited-queue"])
async def test_activities_of_one_queue_wait_until_the_fault_is_healed(
    loaded: Lab, fault: str
) -> None:
    client = await Client.connect(
        loaded.frontend_address, runtime=Runtime(telemetry=TelemetryConfig())
    )
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=FAULTY_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        report_stats=True,
    )

    async def backlog() -> int:
        described = await client.workflow_service.describe_task_queue(request)
        return described.stats.approximate_backlog_count

    async def waits() -> bool:
        return await backlog() >= WAITING

    async def is_drained() -> bool:
        return not await backlog()

    loaded.inject(fault)
    try:
        await until_async(waits, LIMIT_SECONDS, f"{WAITING} activities wait")
    finally:
        loaded.heal(fault)
    await until_async(is_drained, LIMIT_SECONDS, "no activity waits")


def test_starts_of_a_running_workflow_start_nothing(loaded: Lab) -> None:
    starts = rate("service_requests_total", ',operation="StartWorkflowExecution"') + " > 1"
    completions = rate("workflow_success_total") + " > 1"
    until(lambda: query(loaded, completions), LIMIT_SECONDS, "workflows complete")
    loaded.inject("repeated-starts")
    try:
        until(
            lambda: query(loaded, starts) and not query(loaded, completions),
            LIMIT_SECONDS,
            "starts without completions",
        )
    finally:
        loaded.heal("repeated-starts")


def test_schedules_stand_still_and_go_on(loaded: Lab) -> None:
    acts = rate("schedule_action_success_total")
    until(lambda: query(loaded, acts), LIMIT_SECONDS, "the schedule acts")
    loaded.inject("paused-schedules")
    try:
        until(lambda: not query(loaded, acts), LIMIT_SECONDS, "the schedule stands still")
    finally:
        loaded.heal("paused-schedules")
    until(lambda: query(loaded, acts), LIMIT_SECONDS, "the schedule acts again")


def test_one_of_several_histories_needs_them(lab: Lab) -> None:
    with pytest.raises(LabError, match="--histories"):
        lab.inject("kill-one-history")
