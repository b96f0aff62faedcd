"""What happens on healthy clusters, and must stay quiet; some of it is worth a notice."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig

from lab import processes
from lab.cluster import Lab
from lab.faults import FAULTY_QUEUE
from lab.load import QUEUES
from lab.target import Target
from lab.workflows import TakeStock
from tests.lab.verdicts.limits import RATE, WITHIN_SECONDS, WITHOUT_CPU
from tests.lab.watch import Status, Watch, critical_causes, injected
from tests.waiting import until_async

HISTORIES = ("temporal-history", "temporal-history-2", "temporal-history-3")
# How long a deployment leaves a queue without its worker.
WORKER_RESTART_SECONDS = 3
BURST = 150
QUIET_CYCLES = 3


@contextmanager
def quiet(lab: Lab, watch: Watch) -> Iterator[None]:
    """Under load, what happens in here and some cycles later makes no verdict worse.

    Only servers without CPU may do so: requests to the database then time out.
    """
    lab.start_load(RATE, schedule=True)
    watch.until_state("happy", WITHIN_SECONDS)
    watch.begin()
    yield
    watch.cycles(QUIET_CYCLES, WITHIN_SECONDS)
    wrong = [
        (change["health_state"], change["causes"], change["summary"])
        for change in watch.changes
        if change["health_state"] in ("stressed", "critical")
        and first_kind(change) not in WITHOUT_CPU
    ]
    assert not wrong


def first_kind(change: Status) -> str:
    return str(change["causes"][0]["kind"]) if change["causes"] else ""


def has_notice(rule: str, subject: str = "") -> Callable[[Status], bool]:
    return lambda status: any(
        notice["gate"] == rule and subject in notice["subject"] for notice in status["notices"]
    )


def test_an_idle_cluster_is_happy(watch: Watch) -> None:
    watch.until_state("happy", WITHIN_SECONDS)
    watch.begin()
    status = watch.until_steady("happy", 3, WITHIN_SECONDS)
    assert status["idle"]
    # A machine that stands still for longer than a cycle leaves it without samples.
    assert set(watch.states) <= {"happy", "unknown"}, watch.changes
    assert status["causes"] == []


def test_a_busy_cluster_is_happy(lab: Lab, watch: Watch) -> None:
    lab.start_load(RATE, schedule=True)
    watch.until(
        lambda s: (s["signals"].get("workflow_success_rate") or 0) > 1, WITHIN_SECONDS, "under load"
    )
    watch.begin()
    # Servers without CPU for seconds are rightly reported, but not as down.
    watch.until_steady("happy", 4, WITHIN_SECONDS)
    assert "critical" not in watch.states, watch.changes

    def is_quiet(status: Status) -> bool:
        serious = [found for found in status["log_patterns"] if found["severity"] != "info"]
        return not (serious or status["idle"] or status["logs_missing"])

    watch.until(is_quiet, WITHIN_SECONDS, "a cycle under load without serious log patterns")


def test_a_limited_queue_and_restarts_of_workers_are_no_fault(lab: Lab, watch: Watch) -> None:
    target = Target(lab.folder)
    with quiet(lab, watch), injected(lab, "limited-queue"):
        for queue in QUEUES:
            target.steer(stopped_queues=(queue,))
            time.sleep(WORKER_RESTART_SECONDS)
            target.steer(stopped_queues=())
        watch.until(has_notice("limited_queue", FAULTY_QUEUE), WITHIN_SECONDS, "a notice")


def test_repeated_starts_and_restarts_of_history_are_no_fault(lab: Lab, watch: Watch) -> None:
    target = Target(lab.folder)
    with quiet(lab, watch), injected(lab, "repeated-starts"):
        with injected(lab, "kill-one-history"):
            watch.until(has_notice("instances_down", "history"), WITHIN_SECONDS, "a notice")
        for name in HISTORIES:
            processes.stop([lab.state.running[name]])
            target.revive(HISTORIES[0])
            watch.cycles(1, WITHIN_SECONDS)
        watch.until(
            lambda s: (s["signals"].get("start_deduplicated_rate") or 0) > 1,
            WITHIN_SECONDS,
            "starts find their workflow running",
        )


async def test_a_burst_that_drains_and_is_deleted_is_no_fault(lab: Lab, watch: Watch) -> None:
    # The SDK's default runtime is never released, and may abort the interpreter at its end.
    client = await Client.connect(
        lab.frontend_address, runtime=Runtime(telemetry=TelemetryConfig())
    )
    with quiet(lab, watch):
        started = await asyncio.gather(
            *(
                client.start_workflow(TakeStock.run, id=f"burst-{number}", task_queue=QUEUES[0])
                for number in range(BURST)
            )
        )
        await asyncio.gather(*(handle.result() for handle in started))
        await asyncio.gather(
            *(
                client.workflow_service.delete_workflow_execution(
                    DeleteWorkflowExecutionRequest(
                        namespace=client.namespace,
                        workflow_execution=WorkflowExecution(workflow_id=handle.id),
                    )
                )
                for handle in started
            )
        )

        async def is_deleted() -> bool:
            query = "WorkflowId STARTS_WITH 'burst-'"
            return (await client.count_workflows(query)).count == 0

        await until_async(is_deleted, WITHIN_SECONDS, "the burst is deleted")


def test_the_end_of_a_batch_is_no_fault(lab: Lab, watch: Watch) -> None:
    try:
        with quiet(lab, watch):
            lab.spike(0)
            # The load's schedule goes on.
            watch.until(
                lambda s: s["signals"].get("start_request_rate", RATE) < RATE / 2,
                WITHIN_SECONDS,
                "no starts of the load",
            )
    finally:
        lab.spike(1)


def test_a_spike_is_never_critical(lab: Lab, watch: Watch) -> None:
    lab.start_load(RATE, schedule=True)
    watch.until_state("happy", WITHIN_SECONDS)
    watch.begin()
    lab.spike(4)
    try:
        watch.cycles(4, WITHIN_SECONDS)
    finally:
        lab.spike(1)
    watch.until_state("happy", WITHIN_SECONDS)
    assert critical_causes(watch) <= WITHOUT_CPU, watch.changes
