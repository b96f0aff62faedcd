"""The canaries of one look: starts them in turn, awaits them, and finds out why one is late."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState, PendingWorkflowTaskState
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from copilot.canary.ground import Ground, refusal
from copilot.canary.shards import ids_by_shard
from copilot.canary.sweep import SHORTEST_SWEEP, OpenCanary, Sweep, starts_in
from copilot.canary.worker import CanaryWorker
from copilot.canary.workflow import EXECUTION_TIMEOUT, NAMESPACE, TASK_QUEUE, Canary, CanaryTimes
from copilot.errors import MonitoredClusterError
from copilot.process import one_line
from copilot.signals.monitored_frontend import CALL_SECONDS, UnansweredError, answered
from copilot.signals.probe import CanaryReport, CanaryStep, LateCanary

TICK_SECONDS = 0.5
# A pause of the event loop beyond this is the Copilot's own, and no canary's lateness.
PAUSE_SECONDS = 1.0
START_SECONDS = 5.0
AGAIN_SECONDS = 1.0
VISIBLE_SECONDS = 8.0
_NAMED = 20


class CanaryRuns:
    """Runs the sweep until it is cancelled; `sweep` and `report` may be read at any time."""

    def __init__(self, worker: CanaryWorker, sweep: Sweep, chain: str, seconds: float) -> None:
        self.sweep = sweep
        self._worker = worker
        self._prefix = f"canary-{chain}"
        self._seconds = seconds
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._asked = set[int]()
        self._errors: dict[int, str] = {}
        self._steps: dict[CanaryStep, float] = {}
        self._passed = 0
        self._problem = ""
        self._visibility = ""
        self._looked_up = False

    async def run(self) -> None:
        """Start canaries in turn and follow them. Ends only by cancellation."""
        async with asyncio.TaskGroup() as group:
            clock = asyncio.get_running_loop()
            while True:
                client, ground = self._worker.client, self._worker.ground
                if client and ground:
                    ids = await asyncio.to_thread(
                        ids_by_shard, ground.namespace_id, self._prefix, ground.shards
                    )
                    self._start_and_follow(group, client, ground, ids)
                before = clock.time()
                await asyncio.sleep(TICK_SECONDS)
                pause = clock.time() - before - TICK_SECONDS
                if pause > PAUSE_SECONDS:
                    self.sweep = self.sweep.slept(timedelta(seconds=pause))

    def renew(self) -> None:
        """Forget the open canaries; the next of their shards end them."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._asked.clear()
        self.sweep = self.sweep.renewed()

    def report(self) -> CanaryReport:
        ground, now = self._worker.ground, datetime.now(UTC)
        shards = ground.shards if ground else 0
        late = [
            LateCanary(
                shard=canary.shard,
                step=canary.step,
                seconds=(now - canary.begun).total_seconds(),
                detail=canary.detail,
            )
            for canary in self.sweep.late(now)
            if canary.step
        ]
        return CanaryReport(
            shards=shards,
            passed=self._passed,
            late=tuple(sorted(late, key=lambda one: one.shard)[:_NAMED]),
            fails=bool(late) and self.sweep.fails(shards, now),
            steps=dict(self._steps),
            visibility=self._visibility,
            problem=self._worker.problem or self._problem,
        )

    def _start_and_follow(
        self, group: asyncio.TaskGroup, client: Client, ground: Ground, ids: tuple[str, ...]
    ) -> None:
        now = datetime.now(UTC)
        seconds = max(self._seconds, SHORTEST_SWEEP.total_seconds())
        gap = timedelta(seconds=seconds / starts_in(seconds, ground.shards))
        if self.sweep.slow(now):
            gap = timedelta(0)
        if self.sweep.due(ground.shards, gap, now):
            _, self.sweep = self.sweep.started(ground.shards, now)
        for canary in self.sweep.open:
            task = self._tasks.get(canary.shard)
            # A cluster that was made again with fewer shards does not have this one.
            if canary.shard > ground.shards:
                self.sweep = self.sweep.without(canary.shard)
            elif task is None or task.done():
                run = self._run(group, client, canary, ids[canary.shard - 1])
                self._tasks[canary.shard] = group.create_task(run)
        for canary in self.sweep.late(now):
            if canary.step is None and canary.shard not in self._asked:
                self._asked.add(canary.shard)
                group.create_task(self._diagnose(client, canary, ids[canary.shard - 1]))

    async def _run(
        self, group: asyncio.TaskGroup, client: Client, canary: OpenCanary, workflow_id: str
    ) -> None:
        """Start one canary unless it runs, and await its end."""
        shard = canary.shard
        clock = asyncio.get_running_loop()
        try:
            run_id = canary.run_id or await self._start(client, canary, workflow_id)
            accepted = clock.time()
            handle = client.get_workflow_handle(workflow_id, run_id=run_id, result_type=CanaryTimes)
            times: CanaryTimes = await handle.result(follow_runs=False)
        except WorkflowFailureError as error:
            # It timed out or was terminated: its successor measures the shard again.
            self.sweep = self.sweep.without(shard)
            if isinstance(error.cause, ApplicationError):
                self._problem = f"the canary does not run: it fails: {one_line(str(error.cause))}"
        except RPCError as error:
            self._errors[shard] = one_line(error.message)
            if error.status is RPCStatusCode.NOT_FOUND:
                self._worker.restart()
            if refused := refusal(error):
                self.sweep, self._problem = self.sweep.without(shard), refused
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            now = datetime.now(UTC)
            self.sweep, self._problem = self.sweep.passed(shard, now), ""
            self._passed += 1
            self._asked.discard(shard)
            self._measured(times)
            if not canary.run_id:  # else an earlier look started it
                taken = clock.time() - accepted - times.seconds
                self._slowest(CanaryStep.COMPLETION, max(0.0, taken))
            if not self._looked_up:
                self._looked_up = True
                group.create_task(self._look_up(client, workflow_id, run_id))

    async def _start(self, client: Client, canary: OpenCanary, workflow_id: str) -> str:
        clock = asyncio.get_running_loop()
        begun = clock.time()
        handle = await client.start_workflow(
            Canary.run,
            id=workflow_id,
            task_queue=TASK_QUEUE,
            execution_timeout=EXECUTION_TIMEOUT,
            id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
            rpc_timeout=timedelta(seconds=START_SECONDS),
        )
        run_id = handle.result_run_id or ""
        self.sweep = self.sweep.accepted(canary.shard, run_id)
        self._asked.discard(canary.shard)
        self._slowest(CanaryStep.START, clock.time() - begun)
        return run_id

    def _measured(self, times: CanaryTimes) -> None:
        self._slowest(CanaryStep.WORKFLOW_TASK, times.workflow_task)
        self._slowest(CanaryStep.TIMER, times.timer)
        self._slowest(CanaryStep.ACTIVITY, times.activity)

    def _slowest(self, step: CanaryStep, seconds: float) -> None:
        self._steps[step] = max(seconds, self._steps.get(step, 0.0))

    async def _diagnose(self, client: Client, canary: OpenCanary, workflow_id: str) -> None:
        """Find the step at which a late canary waits; a task that our own worker holds is no
        trouble of the cluster."""
        shard = canary.shard
        if not canary.run_id:
            error = self._errors.get(shard, "the start is not answered")
            self.sweep = self.sweep.waits(shard, CanaryStep.START, error)
            return
        request = DescribeWorkflowExecutionRequest(
            namespace=NAMESPACE,
            execution=WorkflowExecution(workflow_id=workflow_id, run_id=canary.run_id),
        )
        call = client.workflow_service.describe_workflow_execution(
            request, timeout=timedelta(seconds=CALL_SECONDS)
        )
        try:
            found = await answered(call, CALL_SECONDS)
        except UnansweredError as error:
            self.sweep = self.sweep.waits(shard, CanaryStep.COMPLETION, str(error))
            return
        own = any(
            one.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
            for one in found.pending_activities
        )
        step = CanaryStep.ACTIVITY if found.pending_activities else CanaryStep.TIMER
        if found.HasField("pending_workflow_task"):
            step = CanaryStep.WORKFLOW_TASK
            state = found.pending_workflow_task.state
            own = state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED
        if own:
            self.sweep = self.sweep.without(shard)
            self._problem = "the canary does not run: the Copilot's own worker is too slow for it"
            return
        self.sweep = self.sweep.waits(shard, step, "")

    async def _look_up(self, client: Client, workflow_id: str, run_id: str) -> None:
        """Find the ended workflow in visibility, once in a look."""
        clock = asyncio.get_running_loop()
        begun = clock.time()
        request = ListWorkflowExecutionsRequest(
            namespace=NAMESPACE,
            page_size=1,
            query=f"WorkflowId = '{workflow_id}' AND RunId = '{run_id}'"
            " AND ExecutionStatus = 'Completed'",
        )
        detail = ""
        while clock.time() - begun < VISIBLE_SECONDS:
            call = client.workflow_service.list_workflow_executions(
                request, timeout=timedelta(seconds=CALL_SECONDS)
            )
            try:
                found = await answered(call, CALL_SECONDS)
            except MonitoredClusterError as error:
                detail = str(error)
            else:
                if found.executions:
                    self._slowest(CanaryStep.VISIBILITY, clock.time() - begun)
                    self._visibility = ""
                    return
                detail = f"an ended workflow is not listed after {VISIBLE_SECONDS:g} s"
            await asyncio.sleep(AGAIN_SECONDS)
        self._visibility = detail
