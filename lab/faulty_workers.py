"""Workflows and activities of workers with a fault, by the names of the healthy ones."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio import activity, workflow

from lab.load_control import Workers
from lab.workflows import ACTIVITIES, WORKFLOWS, FulfilOrder, Order, charge_card, ship_parcel

# Two slots of half an order a second do not keep up with the load's default rate.
SLOW_SECONDS = 4.0
CONCURRENT_ACTIVITIES = 50


@workflow.defn(name=FulfilOrder.__name__)
class BrokenOrder:
    """A broken release: not an error of Temporal's, so it fails the task and not the workflow."""

    @workflow.run
    async def run(self, order: Order) -> str:
        raise RuntimeError(f"the release of this worker cannot fulfil order {order.number}")


@activity.defn(name=ship_parcel.__name__)
async def ship_slowly(order: Order) -> str:
    await asyncio.sleep(SLOW_SECONDS)
    return await ship_parcel(order)


@activity.defn(name=ship_parcel.__name__)
async def hold_parcel(order: Order) -> str:
    """Ends with its worker, which cancels it; another attempt follows."""
    await asyncio.Event().wait()
    return await ship_parcel(order)


@dataclass(frozen=True)
class Parts:
    """What a worker runs, and how many activities at once."""

    workflows: Sequence[type] = WORKFLOWS
    activities: Sequence[Callable[..., Any]] = ACTIVITIES
    slots: int = CONCURRENT_ACTIVITIES


PARTS = {
    Workers.HEALTHY: Parts(),
    Workers.WEDGED: Parts(workflows=(BrokenOrder, *WORKFLOWS[1:])),
    Workers.SLOW: Parts(activities=(charge_card, ship_slowly), slots=2),
    Workers.FULL: Parts(activities=(charge_card, hold_parcel), slots=1),
}
