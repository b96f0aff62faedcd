"""The loop that looks, judges and stores, one run after another for as long as the Copilot lives.

Commands here must stay the same for a history that was recorded earlier: change their order or
number only behind `workflow.patched`, and record a history for tests/copilot/workflows.
Rules and wording may change freely: they run as a local activity, whose result is recorded.
"""

import asyncio
import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from copilot.activities.judge import Judge
    from copilot.activities.keep import Keep
    from copilot.activities.look import OTHER_CLUSTER, Look
    from copilot.activities.models import (
        AssessRequest,
        Judgement,
        JudgeRequest,
        LookRequest,
        Recall,
        RecallRequest,
        SaveRequest,
        Told,
    )
    from copilot.explain.assessment import RETRY, Assessment, Depth, postpone, remember
    from copilot.health.view import ROLES
    from copilot.record import CycleRecord
    from copilot.signals.names import SignalName
    from copilot.signals.snapshot import (
        Absence,
        LogSurvey,
        Measurement,
        QueueSurvey,
        Reading,
        Snapshot,
    )
    from copilot.workflows.models import Cadence, Ended, Latest, ObserveInput, Progress
    from copilot.workflows.schedule import Schedule

CYCLES_PER_RUN = 240
# Visibility answers a list of queues; every tenth cycle is soon enough for one that is new.
FIND_QUEUES_EVERY = 10
# A look has 25 s of a 30 s cycle. A worker that stops says so, and the next one looks again.
LOOK_SHARE = 25 / 30
RECALL_TIMEOUT = timedelta(seconds=10)
SAVE_TIMEOUT = timedelta(seconds=60)
SAVE_ATTEMPT_TIMEOUT = timedelta(seconds=15)
JUDGE_TIMEOUT = timedelta(seconds=5)
# By name: importing its workflow would load what only a Copilot with a model needs.
ASSESS = "Assess"
ASSESS_TIMEOUT = timedelta(minutes=3)


@workflow.defn(name="Observe")
class Observe:
    """One loop a cluster. Its cadence depends on neither what it looks at nor the store."""

    @workflow.init
    def __init__(self, start: ObserveInput) -> None:
        self._cluster = start.cluster
        self._progress = start.progress or Progress(
            run_id=workflow.info().run_id,
            schedule=Schedule(origin=workflow.now(), cycle_seconds=start.cadence.cycle_seconds),
        )
        self._saving: asyncio.Task[None] | None = None
        self._assessing: asyncio.Task[None] | None = None
        self._retimed = False

    @workflow.run
    async def run(self, start: ObserveInput) -> Ended:
        if self._progress.recall is None:
            self._progress.recall = await self._recall()
            schedule = self._progress.schedule
            self._progress.schedule = schedule.model_copy(update={"origin": workflow.now()})
        cycles = 0
        while True:
            await self._until_due()
            if ended := await self._cycle():
                return ended
            cycles += 1
            continuing = cycles >= CYCLES_PER_RUN or workflow.info().is_continue_as_new_suggested()
            # A save under way would be lost with this run: the next cycle asks again.
            if self._is_saving():
                continue
            if continuing:
                workflow.continue_as_new(start.model_copy(update={"progress": self._progress}))
            self._saving = asyncio.create_task(self._save())

    @workflow.signal
    def configure(self, cadence: Cadence) -> None:
        """Take over a changed setting; the worker sends it whenever it starts."""
        schedule = self._progress.schedule
        if cadence.cycle_seconds != schedule.cycle_seconds:
            last = self._progress.begun or workflow.now()
            self._progress.schedule = schedule.retimed(cadence.cycle_seconds, last)
            self._retimed = True

    @workflow.query
    def latest(self) -> Latest:
        """The last decision in short."""
        progress = self._progress
        return Latest(
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

    async def _recall(self) -> Recall:
        """Begin with what the store remembers; without the store, with nothing, and say so."""
        try:
            recollection = await workflow.execute_activity_method(
                Keep.recall,
                RecallRequest(cluster=self._cluster),
                schedule_to_close_timeout=RECALL_TIMEOUT,
                start_to_close_timeout=RECALL_TIMEOUT / 2,
                retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=2)),
            )
        except FailureError as error:
            _raise_if_cancelled(error)
            workflow.logger.warning("judging begins without memory: %s", error.cause)
            return Recall.STORE_UNAVAILABLE
        if recollection.memory is None:
            return Recall.NOTHING_STORED
        self._progress.memory = recollection.memory
        return Recall.RESTORED

    async def _until_due(self) -> None:
        while (delay := self._progress.schedule.next_at - workflow.now()) > timedelta(0):
            self._retimed = False
            # The time-out is the usual end: the cycle is due.
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(lambda: self._retimed, timeout=delay)

    async def _cycle(self) -> Ended | None:
        progress = self._progress
        progress.begun = workflow.now()
        progress.schedule = progress.schedule.begun(progress.begun)
        try:
            snapshot = await self._look()
        except ApplicationError as error:
            await self._save()
            return Ended(reason=error.message)
        if judgement := await self._judge(snapshot):
            progress.memory = judgement.decision.memory
            progress.judged = judgement.decision.at
            progress.causes = judgement.decision.causes
            if assessment := judgement.assessment:
                # Onto what there is now: a failure may have come while this was judged.
                progress.assessed = remember(
                    progress.assessed, assessment.fingerprint, judgement.decision.at
                )
            record = CycleRecord(
                run_id=progress.run_id,
                decision=judgement.decision,
                snapshot=snapshot,
                explanation=judgement.explanation,
                assessment=judgement.assessment,
            )
            progress.outbox = progress.outbox.add(record)
        progress.schedule = progress.schedule.ended(workflow.now())
        return None

    async def _look(self) -> Snapshot:
        """What there is to see; when looking itself fails, a snapshot that says so.

        Raises ApplicationError when the worker judges another cluster now.
        """
        progress = self._progress
        budget = timedelta(seconds=progress.schedule.cycle_seconds) * LOOK_SHARE
        try:
            snapshot = await workflow.execute_activity_method(
                Look.look,
                LookRequest(
                    cluster=self._cluster,
                    known_queues=progress.queues,
                    find_queues=progress.memory.cycle % FIND_QUEUES_EVERY == 0,
                    logs_since=progress.logs_until,
                ),
                schedule_to_close_timeout=budget,
                retry_policy=RetryPolicy(initial_interval=budget / 20, maximum_attempts=2),
            )
        except FailureError as error:
            _raise_if_cancelled(error)
            if isinstance(error.cause, ApplicationError) and error.cause.type == OTHER_CLUSTER:
                raise error.cause from error
            workflow.logger.warning("nothing seen in this cycle: %s", error.cause)
            return _unseen(self._cluster)
        if not snapshot.queues.absence:
            answered = (facts.key for facts in snapshot.queues.queues)
            progress.queues = (*answered, *snapshot.queues.unanswered)
        if snapshot.logs and not snapshot.logs.absence:
            progress.logs_until = snapshot.logs.end
        return snapshot

    async def _judge(self, snapshot: Snapshot) -> Judgement | None:
        """The judgement, or None when judging failed: a defect, which must not end the loop."""
        try:
            return await workflow.execute_local_activity_method(
                Judge.judge,
                JudgeRequest(
                    memory=self._progress.memory,
                    snapshot=snapshot,
                    begun=self._progress.begun or workflow.now(),
                    assessed=self._progress.assessed,
                ),
                schedule_to_close_timeout=JUDGE_TIMEOUT,
                # The same snapshot would fail in the same way.
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except FailureError as error:
            _raise_if_cancelled(error)
            workflow.logger.error("this cycle is not judged: %s", error)
            self._progress.unjudged += 1
            return None

    def _is_saving(self) -> bool:
        if self._saving is None:
            return False
        if self._saving.done():
            # A defect in saving must not stay unseen in a task that nobody awaits.
            self._saving.result()
        return not self._saving.done()

    async def _save(self) -> None:
        """Store what waits. What cannot be stored now waits on, in order."""
        while records := self._progress.outbox.batch:
            try:
                await workflow.execute_activity_method(
                    Keep.save,
                    SaveRequest(cluster=self._cluster, records=records),
                    schedule_to_close_timeout=SAVE_TIMEOUT,
                    start_to_close_timeout=SAVE_ATTEMPT_TIMEOUT,
                    retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=10)),
                )
            except FailureError as error:
                _raise_if_cancelled(error)
                waiting = len(self._progress.outbox.records)
                workflow.logger.warning("%d cycles wait for the store: %s", waiting, error.cause)
                return
            self._progress.outbox = self._progress.outbox.without(records)
            for record in reversed(records):
                if record.assessment and record.assessment.depth is not Depth.NONE:
                    self._ask_about(record, record.assessment)
                    break

    def _ask_about(self, record: CycleRecord, assessment: Assessment) -> None:
        """Have a model explain a cycle that was stored, unless it is past or one is busy."""
        if record.decision.state is not self._progress.memory.state:
            return
        if self._assessing is None or self._assessing.done():
            self._assessing = asyncio.create_task(self._assess(record, assessment))
        else:
            self._assess_again(record, assessment)

    async def _assess(self, record: CycleRecord, assessment: Assessment) -> None:
        """Await the model's words only to ask again soon if they do not come."""
        try:
            told = await workflow.execute_child_workflow(
                ASSESS,
                AssessRequest(cluster=self._cluster, key=record.key),
                # One a cluster; one that an earlier run of this loop started may still be there.
                id=f"copilot-assess-{self._cluster}",
                result_type=Told,
                execution_timeout=ASSESS_TIMEOUT,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            )
        except FailureError as error:
            _raise_if_cancelled(error)
            workflow.logger.warning("the template explains: %s", error.cause or error)
            self._assess_again(record, assessment)
            return
        if told.failure:
            self._assess_again(record, assessment)

    def _assess_again(self, record: CycleRecord, assessment: Assessment) -> None:
        due_at = record.decision.at + RETRY
        self._progress.assessed = postpone(self._progress.assessed, assessment.fingerprint, due_at)


def _raise_if_cancelled(error: FailureError) -> None:
    """A loop that somebody cancels must end, not go on blind."""
    if is_cancelled_exception(error):
        raise error


def _unseen(cluster: str) -> Snapshot:
    detail = "looking took longer than a cycle allows, or its worker stopped"
    missing = Reading.missing(Absence.TIMED_OUT, detail)
    return Snapshot(
        cluster=cluster,
        at=workflow.now(),
        metrics=Measurement(
            readings=dict.fromkeys(SignalName, missing),
            targets=dict.fromkeys(ROLES, missing),
            source_absence=Absence.TIMED_OUT,
            source_detail=detail,
        ),
        queues=QueueSurvey(absence=Absence.TIMED_OUT, detail=detail),
        logs=LogSurvey(
            start=workflow.now(), end=workflow.now(), absence=Absence.TIMED_OUT, detail=detail
        ),
    )
