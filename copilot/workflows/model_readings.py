"""A model's readings of stored cycles, one at a time, each in a child workflow of its own."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

from copilot.workflows.failures import raise_if_cancelled
from copilot.workflows.models import Progress

with workflow.unsafe.imports_passed_through():
    from copilot.activities.models import AssessmentResult, AssessRequest
    from copilot.explain.assessment import RETRY, Assessment, postpone
    from copilot.store.records import CycleRecord

# By name: importing the workflow would load the libraries of models.
ASSESS = "Assess"
# Two requests of a minute each, and the store twice.
_TIMEOUT = timedelta(minutes=4)


class ModelReadings:
    """Requests readings; one that failed is due again after `RETRY`."""

    def __init__(self, cluster: str, progress: Progress) -> None:
        self._cluster = cluster
        self._progress = progress
        self._assessing: asyncio.Task[None] | None = None

    def request(self, record: CycleRecord, assessment: Assessment) -> None:
        """Start a model's reading of a stored cycle, unless its state is past or another runs."""
        if record.decision.state is not self._progress.memory.state:
            return
        if self._assessing is None or self._assessing.done():
            self._assessing = asyncio.create_task(self._assess(record, assessment))
        else:
            self._assess_again(record, assessment)

    async def _assess(self, record: CycleRecord, assessment: Assessment) -> None:
        """Await the model's reading, and ask again soon if there is none."""
        try:
            result = await workflow.execute_child_workflow(
                ASSESS,
                AssessRequest(cluster=self._cluster, key=record.key),
                # One for each cluster; one of an earlier run of this loop may still be open.
                id=f"copilot-assess-{self._cluster}",
                result_type=AssessmentResult,
                execution_timeout=_TIMEOUT,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            )
        except FailureError as error:
            raise_if_cancelled(error)
            workflow.logger.warning("no reading by a model: %s", error.cause or error)
            self._assess_again(record, assessment)
            return
        if result.failure:
            self._assess_again(record, assessment)

    def _assess_again(self, record: CycleRecord, assessment: Assessment) -> None:
        due_at = record.decision.at + RETRY
        self._progress.assessed = postpone(self._progress.assessed, assessment.fingerprint, due_at)
