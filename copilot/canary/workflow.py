"""The canary's workflow: a workflow task, a short timer, an activity, and its end.

All times are the monitored server's own: `workflow.now()` is the start of a workflow task.
"""

from datetime import timedelta

from pydantic import BaseModel, FiniteFloat
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from copilot.signals.matchers import CANARY_NAMESPACE

NAMESPACE = CANARY_NAMESPACE
TASK_QUEUE = "copilot-canary"
TIMER = timedelta(milliseconds=200)
# Longer than any fault that the canary should outlast, so that it ends by itself.
EXECUTION_TIMEOUT = timedelta(minutes=10)
ACTIVITY_TIMEOUT = timedelta(seconds=5)


class CanaryTimes(BaseModel):
    """Seconds from the start to the first workflow task, of the timer beyond its length, and of
    the activity with the workflow task after it."""

    workflow_task: FiniteFloat
    timer: FiniteFloat
    activity: FiniteFloat

    @property
    def seconds(self) -> float:
        """From the start to the end of the activity."""
        return self.workflow_task + TIMER.total_seconds() + self.timer + self.activity


@activity.defn(name="canary")
async def answer() -> None:
    """Returns at once: what is measured is the way to it and back."""


@workflow.defn(name="Canary")
class Canary:
    @workflow.run
    async def run(self) -> CanaryTimes:
        begun = workflow.now()
        await workflow.sleep(TIMER)
        fired = workflow.now()
        await workflow.execute_activity(
            answer,
            start_to_close_timeout=ACTIVITY_TIMEOUT,
            retry_policy=RetryPolicy(maximum_interval=ACTIVITY_TIMEOUT),
        )
        return CanaryTimes(
            workflow_task=(begun - workflow.info().workflow_start_time).total_seconds(),
            timer=(fired - begun - TIMER).total_seconds(),
            activity=(workflow.now() - fired).total_seconds(),
        )
