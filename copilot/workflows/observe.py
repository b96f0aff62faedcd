"""The loop that collects, evaluates and persists, in an endless chain of runs.

A recorded history must replay: change the order or number of commands only behind
`workflow.patched`, and record a history for tests/copilot/workflows. Rules and templates may
change freely: they run in a local activity, whose result is recorded.
"""

import contextlib
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from copilot.activities.clusters import UNKNOWN_CLUSTER, ClusterActivities
    from copilot.activities.evaluate import EvaluateActivities
    from copilot.activities.models import (
        CollectRequest,
        EvaluateRequest,
        Evaluation,
        LoadMemoryRequest,
        MemoryRestore,
    )
    from copilot.activities.persist import PersistActivities
    from copilot.canary.models import ProbeResult
    from copilot.explain.assessment import remember
    from copilot.health.decision import State
    from copilot.signals import instances
    from copilot.signals.measurement import Measurement
    from copilot.signals.queue import QueueSurvey
    from copilot.signals.reading import Absence, Reading
    from copilot.signals.roles import Role
    from copilot.signals.signal_names import SignalName
    from copilot.signals.snapshot import LogSurvey, Snapshot
    from copilot.store.records import CycleRecord
    from copilot.workflows.failures import raise_if_cancelled
    from copilot.workflows.model_readings import ModelReadings
    from copilot.workflows.models import Cadence, LoopEnd, LoopStatus, ObserveInput, Progress
    from copilot.workflows.probing import Probing
    from copilot.workflows.saving import Saving
    from copilot.workflows.schedule import Schedule

CYCLES_PER_RUN = 240
# 25 s of a 30 s cycle, for one attempt. A stopping worker ends its attempt, and the next worker
# gets another, whenever it comes; after one that hangs there is no other.
COLLECT_SHARE = 25 / 30
HANGING = "TemporalTimeout:StartToClose"
# Cycles of a cluster that no worker knows, after which its loop ends. Until then its state is
# unknown: the workers may not all have the same settings yet.
LAST_UNSERVED = 3
LOAD_TIMEOUT = timedelta(seconds=10)
EVALUATE_TIMEOUT = timedelta(seconds=5)
# The least time between two cycles: an early one comes when the probe's result turns.
EARLY_AFTER = timedelta(seconds=10)


@workflow.defn(name="Observe")
class Observe:
    """One loop for each cluster. Neither slow sources nor the store change its cadence."""

    @workflow.init
    def __init__(self, start: ObserveInput) -> None:
        self._cluster = start.cluster
        self._progress = start.progress or Progress(
            run_id=workflow.info().run_id,
            schedule=Schedule(origin=workflow.now(), cycle_seconds=start.cadence.cycle_seconds),
        )
        readings = ModelReadings(start.cluster, self._progress)
        self._saving = Saving(start.cluster, self._progress, readings)
        self._probing = Probing(start.cluster, self._progress)
        self._retimed = False

    @workflow.run
    async def run(self, start: ObserveInput) -> LoopEnd:
        if self._progress.recall is None:
            self._progress.recall = await self._load_memory()
            schedule = self._progress.schedule
            self._progress.schedule = schedule.model_copy(update={"origin": workflow.now()})
        cycles = 0
        while True:
            await self._until_due()
            if ended := await self._cycle():
                return ended
            cycles += 1
            continuing = cycles >= CYCLES_PER_RUN or workflow.info().is_continue_as_new_suggested()
            # This run's end would cancel the save under way: check again after the next cycle.
            if self._saving.is_under_way:
                continue
            if continuing:
                workflow.continue_as_new(start.model_copy(update={"progress": self._progress}))
            self._saving.begin()

    @workflow.signal
    def configure(self, cadence: Cadence) -> None:
        """Apply the settings of a worker that starts."""
        schedule = self._progress.schedule
        if cadence.cycle_seconds != schedule.cycle_seconds:
            last = self._progress.begun or workflow.now()
            self._progress.schedule = schedule.retimed(cadence.cycle_seconds, last)
            self._retimed = True

    @workflow.query
    def latest(self) -> LoopStatus:
        """The last decision in short."""
        progress = self._progress
        return LoopStatus(
            at=progress.judged,
            cycle=progress.memory.cycle,
            state=progress.memory.state,
            band=progress.memory.band,
            causes=progress.causes,
            cycle_seconds=progress.schedule.cycle_seconds,
            recall=progress.recall,
            waiting_for_store=len(progress.outbox.records),
            dropped=progress.outbox.dropped,
            unjudged=progress.unjudged,
        )

    async def _load_memory(self) -> MemoryRestore:
        """Load the memory from the store; without the store, begin with an empty one."""
        try:
            loaded = await workflow.execute_activity_method(
                PersistActivities.load_memory,
                LoadMemoryRequest(cluster=self._cluster),
                schedule_to_close_timeout=LOAD_TIMEOUT,
                start_to_close_timeout=LOAD_TIMEOUT / 2,
                retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=2)),
            )
        except FailureError as error:
            raise_if_cancelled(error)
            workflow.logger.warning("the loop begins without memory: %s", error.cause)
            return MemoryRestore.STORE_UNAVAILABLE
        if loaded.memory is None:
            return MemoryRestore.NOTHING_STORED
        self._progress.memory = loaded.memory
        return MemoryRestore.RESTORED

    async def _until_due(self) -> None:
        """Wait for the next slot, or for less when the probe turns; meanwhile, look."""
        self._probing.result = None
        self._probing.begin(self._due_at() - workflow.now())
        while (delay := self._due_at() - workflow.now()) > timedelta(0):
            await self._sleep(delay)
        await self._probing.end()

    async def _sleep(self, delay: timedelta) -> None:
        """Wait until the time is up, the cadence changes, or the probe turns."""
        self._retimed = False
        turned = self._probing.turned
        # Usually the time-out ends the wait.
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._retimed or self._probing.turned != turned, timeout=delay
            )

    def _due_at(self) -> datetime:
        """When the next cycle begins, as far as is known now.

        While a trouble that the probe sees is not confirmed as critical, cycles follow each other;
        the one that confirms the end of a trouble comes after half of the usual time.
        """
        progress = self._progress
        due = progress.schedule.next_at
        # Not while the verdict is unknown, which may last.
        unconfirmed = progress.memory.critical_run and progress.memory.state is State.STRESSED
        if progress.begun and (self._probing.turned or (progress.troubles and unconfirmed)):
            return min(due, progress.begun + EARLY_AFTER)
        if progress.begun and self._clears() and workflow.patched("clearing"):
            half = timedelta(seconds=progress.schedule.cycle_seconds / 2)
            return min(due, progress.begun + max(EARLY_AFTER, half))
        return due

    def _clears(self) -> bool:
        """Whether one more clear cycle ends what is not healthy."""
        memory = self._progress.memory
        return memory.state in (State.STRESSED, State.CRITICAL) and memory.clear_run > 0

    async def _cycle(self) -> LoopEnd | None:
        progress = self._progress
        now = workflow.now()
        early = now < progress.schedule.next_at
        progress.schedule = (
            progress.schedule.retimed(progress.schedule.cycle_seconds, now)
            if early
            else progress.schedule.begun(now)
        )
        progress.begun = now
        try:
            snapshot = await self._collect()
        except ApplicationError as error:
            await self._saving.save()
            return LoopEnd(reason=error.message)
        if evaluation := await self._evaluate(snapshot):
            progress.memory = evaluation.decision.memory
            progress.judged = evaluation.decision.at
            progress.causes = evaluation.decision.causes
            if assessment := evaluation.assessment:
                # To the present list: it may have changed during the evaluation.
                progress.assessed = remember(
                    progress.assessed, assessment.fingerprint, evaluation.decision.at
                )
            record = CycleRecord(
                run_id=progress.run_id,
                decision=evaluation.decision,
                snapshot=snapshot,
                explanation=evaluation.explanation,
                assessment=evaluation.assessment,
            )
            progress.outbox = progress.outbox.add(record)
        progress.schedule = progress.schedule.ended(workflow.now())
        return None

    async def _collect(self) -> Snapshot:
        """The snapshot; when the activity itself fails, a snapshot in which everything is missing.

        Raises ApplicationError when no worker knows the cluster any more.
        """
        progress = self._progress
        budget = timedelta(seconds=progress.schedule.cycle_seconds) * COLLECT_SHARE
        try:
            snapshot = await workflow.execute_activity_method(
                ClusterActivities.collect_snapshot,
                CollectRequest(
                    cluster=self._cluster,
                    cycle=progress.memory.cycle,
                    known_queues=progress.queues,
                    late_queues=progress.late_queues,
                    asked_until=progress.asked_until,
                    logs_since=progress.logs_until,
                    learned_roles=progress.learned_roles,
                ),
                start_to_close_timeout=budget,
                retry_policy=RetryPolicy(
                    initial_interval=budget / 20,
                    maximum_attempts=3,
                    non_retryable_error_types=[HANGING],
                ),
            )
        except FailureError as error:
            raise_if_cancelled(error)
            workflow.logger.warning("no snapshot in this cycle: %s", error.cause)
            detail = "the collection took longer than a cycle allows, or its worker stopped"
            if isinstance(error.cause, ApplicationError) and error.cause.type == UNKNOWN_CLUSTER:
                progress.unserved += 1
                if progress.unserved == LAST_UNSERVED:
                    raise error.cause from error
                detail = error.cause.message
            return _empty_snapshot(self._cluster, self._probing.result, detail)
        progress.unserved = 0
        if snapshot.metrics.source_absence is None:
            progress.learned_roles = snapshot.metrics.learned_roles
        if not snapshot.queues.absence:
            # The probe describes the busiest ones between cycles.
            queues = sorted(snapshot.queues.queues, key=lambda one: -one.task_rate)
            unanswered = snapshot.queues.unanswered
            progress.queues = (*(one.key for one in queues if one.is_in_use), *unanswered)
            progress.late_queues = (*(one.key for one in queues if one.is_late), *unanswered)
            progress.asked_until = snapshot.queues.until
        if snapshot.logs and not snapshot.logs.absence:
            progress.logs_until = snapshot.logs.end
        if found := instances.addresses(snapshot):
            progress.instances = found
        probed = self._probing.result
        return instances.with_probe(snapshot, probed.probe) if probed else snapshot

    async def _evaluate(self, snapshot: Snapshot) -> Evaluation | None:
        """The evaluation, or None when it failed: a defect, which must not end the loop."""
        try:
            return await workflow.execute_local_activity_method(
                EvaluateActivities.evaluate_cycle,
                EvaluateRequest(
                    memory=self._progress.memory,
                    snapshot=snapshot,
                    begun=self._progress.begun or workflow.now(),
                    assessed=self._progress.assessed,
                ),
                schedule_to_close_timeout=EVALUATE_TIMEOUT,
                # The same snapshot would fail in the same way.
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except FailureError as error:
            raise_if_cancelled(error)
            workflow.logger.error("no decision in this cycle: %s", error)
            self._progress.unjudged += 1
            return None


def _empty_snapshot(cluster: str, probed: ProbeResult | None, detail: str) -> Snapshot:
    missing = Reading.missing(Absence.TIMED_OUT, detail)
    return Snapshot(
        cluster=cluster,
        at=workflow.now(),
        metrics=Measurement(
            readings=dict.fromkeys(SignalName, missing),
            targets=dict.fromkeys(Role, missing),
            source_absence=Absence.TIMED_OUT,
            source_detail=detail,
        ),
        queues=QueueSurvey(absence=Absence.TIMED_OUT, detail=detail),
        logs=LogSurvey(
            start=workflow.now(), end=workflow.now(), absence=Absence.TIMED_OUT, detail=detail
        ),
        probe=probed.probe if probed else None,
    )
