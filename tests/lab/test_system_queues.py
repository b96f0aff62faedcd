"""Temporal's own queues on a real server: schedules that stand still are found, and named."""

import asyncio
from datetime import UTC, datetime

from temporalio.client import Client

from copilot.health.decision import Decision
from copilot.signals.system_queues import describe_system_queues
from lab.cluster import Lab
from lab.faults import FAULTS
from tests.builders import decisions_of, snapshot
from tests.waiting import until_async

WITHIN_SECONDS = 240
FAULT = FAULTS["paused-schedules"]


async def test_paused_schedules_are_found_where_there_are_schedules(lab: Lab) -> None:
    client = await Client.connect(lab.frontend_address)

    async def decision() -> Decision:
        at, facts = datetime.now(UTC), await describe_system_queues(client, ["default"], 60)
        (decided,) = decisions_of([snapshot(at).model_copy(update={"system_queues": facts})])
        return decided

    async def is_named() -> bool:
        causes = (await decision()).causes
        return any(cause.name.endswith(FAULT.cause_name) for cause in causes)

    async def is_quiet() -> bool:
        return not (await decision()).causes

    await until_async(is_quiet, WITHIN_SECONDS, "nothing waits where nobody has a schedule")
    await asyncio.to_thread(lab.start_load, 1, schedule=True)
    try:
        await asyncio.to_thread(lab.inject, FAULT.name)
        try:
            await until_async(is_named, WITHIN_SECONDS, "the schedules are named")
        finally:
            await asyncio.to_thread(lab.heal, FAULT.name)
        await until_async(is_quiet, WITHIN_SECONDS, "the schedules go on")
    finally:
        await asyncio.to_thread(lab.stop_load)
