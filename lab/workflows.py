"""The load's workflows: orders with an activity and a timer, some with a child and a signal.

A child runs on its parent's task queue, so that a fault stays on one queue.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

# A fault may lose an attempt; the next one follows soon.
ACTIVITY_TIMEOUT = timedelta(seconds=10)
SLOW_TIMEOUT = timedelta(minutes=30)
REFUND_ATTEMPTS = 5
REFUND_RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=1,
    maximum_attempts=REFUND_ATTEMPTS,
)
SHOP_SECONDS = 20
ACTIVITY_RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=5)
)


@dataclass(frozen=True)
class Order:
    """One order. Its fate is part of the argument, so that workflows stay deterministic."""

    number: int
    packing_seconds: float = 1.0
    paid_in_advance: bool = False
    fails: bool = False
    is_slow_to_ship: bool = False
    """Whether its shipment may take half an hour: for workers that hold it."""


def _raise_if_failing(order: Order) -> None:
    if order.fails:
        raise ApplicationError(
            f"order {order.number} was refused", type="OrderRefused", non_retryable=True
        )


@activity.defn
async def charge_card(order: Order) -> str:
    _raise_if_failing(order)
    await asyncio.sleep(0.02)
    return f"charge-{order.number}"


@activity.defn
async def ship_parcel(order: Order) -> str:
    _raise_if_failing(order)
    await asyncio.sleep(0.02)
    return f"parcel-{order.number}"


@workflow.defn
class TakePayment:
    """Child of an order that is paid in advance: charges the card once authorised."""

    def __init__(self) -> None:
        self._authorised = False

    @workflow.signal
    def authorise(self) -> None:
        self._authorised = True

    @workflow.run
    async def run(self, order: Order) -> str:
        await workflow.wait_condition(lambda: self._authorised)
        return await workflow.execute_activity(
            charge_card,
            order,
            start_to_close_timeout=ACTIVITY_TIMEOUT,
            retry_policy=ACTIVITY_RETRIES,
        )


@workflow.defn
class FulfilOrder:
    """One order of the load: take the payment, pack for `packing_seconds`, ship."""

    @workflow.run
    async def run(self, order: Order) -> str:
        if order.paid_in_advance:
            payment = await workflow.start_child_workflow(
                TakePayment.run, order, id=f"{workflow.info().workflow_id}-payment"
            )
            await payment.signal(TakePayment.authorise)
            await payment
        await asyncio.sleep(order.packing_seconds)
        return await workflow.execute_activity(
            ship_parcel,
            order,
            start_to_close_timeout=SLOW_TIMEOUT if order.is_slow_to_ship else ACTIVITY_TIMEOUT,
            retry_policy=ACTIVITY_RETRIES,
        )


@workflow.defn
class PayRefund:
    """Fails at each attempt but the fifth, which its starter's retry policy allows."""

    @workflow.run
    async def run(self) -> None:
        if workflow.info().attempt < REFUND_ATTEMPTS:
            raise ApplicationError("the bank is closed", type="BankClosed")


@workflow.defn
class OpenShop:
    """The one workflow of its id: most requests to start it find it running."""

    @workflow.run
    async def run(self) -> None:
        await asyncio.sleep(SHOP_SECONDS)


@workflow.defn
class TakeStock:
    """What the load's schedule starts."""

    @workflow.run
    async def run(self) -> None:
        pass


WORKFLOWS = (FulfilOrder, TakePayment, PayRefund, OpenShop, TakeStock)
ACTIVITIES = (charge_card, ship_parcel)
