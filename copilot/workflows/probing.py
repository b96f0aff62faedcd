"""The probe of a loop: between two cycles one look at the cluster, which calls an early cycle."""

import asyncio
import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

from copilot.workflows.failures import raise_if_cancelled
from copilot.workflows.models import Progress

with workflow.unsafe.imports_passed_through():
    from copilot.activities.clusters import UNKNOWN_CLUSTER, ClusterActivities
    from copilot.canary.models import ProbeRequest, ProbeResult
    from copilot.signals.queue import QueueKey, QueueKind

# A shorter look is not worth an activity.
_SHORTEST = timedelta(seconds=1)
# How long a cycle waits for a look that should have ended.
GRACE = timedelta(seconds=1)
_TIMEOUT = timedelta(seconds=5)
_QUEUES = 10  # are described every 5 s, at 3 ms each


class Probing:
    """At most one look at a time; `result` is the present one's, None until it has ended."""

    def __init__(self, cluster: str, progress: Progress) -> None:
        self._cluster = cluster
        self._progress = progress
        self._looking: asyncio.Task[None] | None = None
        self.result: ProbeResult | None = None

    @property
    def turned(self) -> bool:
        """Whether the look found what the one before it did not."""
        return self.result is not None and self.result.turned

    def begin(self, time: timedelta) -> None:
        """Look for `time` if that is long enough."""
        if time > _SHORTEST and workflow.patched("probe"):
            self._looking = asyncio.create_task(self._look(time))

    async def end(self) -> None:
        """Take the look's result; a cycle does not wait for one whose worker is gone."""
        if (looking := self._looking) is None:
            return
        self._looking = None
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(looking.done, timeout=GRACE)
        if not looking.done():
            looking.cancel()
            # No one awaits it any more, and asyncio would log how it ended.
            looking.add_done_callback(lambda task: task.cancelled() or task.exception())
            return
        looking.result()
        if self.result:
            self._progress.troubles = self.result.troubles
            self._progress.sweep = self.result.sweep
            self._progress.reached = self.result.reached

    async def _look(self, time: timedelta) -> None:
        """One look, which ends when its time is up or its result turns."""
        progress = self._progress
        try:
            self.result = await workflow.execute_activity_method(
                ClusterActivities.probe,
                ProbeRequest(
                    cluster=self._cluster,
                    chain=progress.run_id[:8],
                    seconds=time.total_seconds(),
                    known=progress.troubles,
                    instances=progress.instances,
                    reached=progress.reached,
                    queues=_busiest(progress.queues),
                    sweep=progress.sweep,
                ),
                schedule_to_close_timeout=time + _TIMEOUT,
                # A worker that stops fails its attempt.
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(seconds=1),
                    backoff_coefficient=1,
                    # The cycle reports it.
                    non_retryable_error_types=[UNKNOWN_CLUSTER],
                ),
            )
        except FailureError as error:
            raise_if_cancelled(error)
            workflow.logger.warning("no look between the cycles: %s", error.cause or error)


def _busiest(queues: tuple[QueueKey, ...]) -> tuple[QueueKey, ...]:
    """The first queues of workflow tasks: a cycle has the busiest ones first."""
    return tuple(key for key in queues if key.kind is QueueKind.WORKFLOW)[:_QUEUES]
