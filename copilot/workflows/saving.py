"""The loop's calls of the store: the outbox in order, one call at a time, beside the cycles."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

from copilot.workflows.failures import raise_if_cancelled
from copilot.workflows.model_readings import ModelReadings
from copilot.workflows.models import Progress

with workflow.unsafe.imports_passed_through():
    from copilot.activities.models import SaveRequest
    from copilot.activities.persist import PersistActivities
    from copilot.explain.assessment import Depth

_TIMEOUT = timedelta(seconds=60)
ATTEMPT_TIMEOUT = timedelta(seconds=15)


class Saving:
    """Saves what waits in the outbox, and requests readings of what is stored."""

    def __init__(self, cluster: str, progress: Progress, readings: ModelReadings) -> None:
        self._cluster = cluster
        self._progress = progress
        self._readings = readings
        self._task: asyncio.Task[None] | None = None

    @property
    def is_under_way(self) -> bool:
        if self._task is None:
            return False
        if self._task.done():
            # No one awaits the task: raise its defect here.
            self._task.result()
        return not self._task.done()

    def begin(self) -> None:
        """Save beside the next cycles. No save may be under way."""
        self._task = asyncio.create_task(self.save())

    async def save(self) -> None:
        """Store the waiting records in order; those that fail wait on."""
        while records := self._progress.outbox.batch:
            try:
                await workflow.execute_activity_method(
                    PersistActivities.save_cycles,
                    SaveRequest(cluster=self._cluster, records=records),
                    schedule_to_close_timeout=_TIMEOUT,
                    start_to_close_timeout=ATTEMPT_TIMEOUT,
                    retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=10)),
                )
            except FailureError as error:
                raise_if_cancelled(error)
                waiting = len(self._progress.outbox.records)
                workflow.logger.warning("%d cycles wait for the store: %s", waiting, error.cause)
                return
            self._progress.outbox = self._progress.outbox.without(records)
            for record in reversed(records):
                if record.assessment and record.assessment.depth is not Depth.NONE:
                    self._readings.request(record, record.assessment)
                    break
