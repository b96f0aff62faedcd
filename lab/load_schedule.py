"""The load's schedule, which starts a small workflow every few seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleSpec,
)
from temporalio.service import RPCError

from lab.workflows import TakeStock

SCHEDULE_SECONDS = 5
_ID = "stock-taking"
_RETRY_SECONDS = 1.0


async def run_schedule(client: Client, queue: str) -> None:
    """Keep the schedule while this runs: workflows that nobody works on would be a fault."""
    async with _schedule(client, queue):
        await asyncio.Event().wait()


@asynccontextmanager
async def _schedule(client: Client, queue: str) -> AsyncIterator[None]:
    while True:
        try:
            await client.create_schedule(_ID, _of(queue))
            break
        except ScheduleAlreadyRunningError:  # of a load that was killed
            break
        except (RPCError, RuntimeError):  # the server is not up
            await asyncio.sleep(_RETRY_SECONDS)
    try:
        yield
    finally:
        with suppress(RPCError, RuntimeError):
            await client.get_schedule_handle(_ID).delete()


def _of(queue: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(TakeStock.run, id=_ID, task_queue=queue),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(timedelta(seconds=SCHEDULE_SECONDS))]),
    )
