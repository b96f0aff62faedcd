"""A load of real workflows at a chosen rate, in one process that survives the server's faults.

Starts follow an open-loop schedule, as with real clients: they do not wait for the server. A
failed start is counted and not repeated.
"""

import asyncio
import logging
import math
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import typer
from pydantic import BaseModel, ConfigDict, Field
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RetryConfig, RPCError

from lab.load_control import ControlFile, Workers
from lab.load_schedule import run_schedule
from lab.load_workers import Outcomes, QueueWorker, run_workers
from lab.ports import free_ports
from lab.versioned_load import VersionedLoad
from lab.workflows import REFUND_RETRIES, FulfilOrder, OpenShop, Order, PayRefund

QUEUES = ("orders", "payments", "order-fulfilment")

CONTROL_SECONDS = 0.5
STATUS_SECONDS = 10.0
START_TIMEOUT_SECONDS = 3.0
CATCH_UP_SECONDS = 5.0
# At 5 starts a second, 15 wait while the server does not answer.
MAX_PENDING_STARTS = 200
# An abandoned queue still receives this many orders, so that it has a backlog.
STARTS_AFTER_ABANDONMENT = 20
# One order in this many has a child; 5 orders a second are 60 workflow updates a second. An odd
# number, so that half-failing orders include some with a payment.
ORDERS_PER_PAYMENT = 9
# Orders take 1 to 2.5 s on a healthy server. A load that stops lets them end: open orders without a
# worker would be a starved queue.
FINISH_SECONDS = 15.0
STOP_SECONDS = 10.0
CANCEL_SECONDS = 0.5


class LoadOptions(BaseModel):
    """Options of a load. `rate` is workflow starts a second, over all queues in turn.

    Without `duration_seconds` the load runs until it is stopped. Its workers expose their metrics
    on `metrics_port` of the loopback address.
    """

    model_config = ConfigDict(frozen=True)

    address: str = Field("127.0.0.1:7233", pattern=r"^[^\s/]+:\d+$")
    namespace: str = Field("default", min_length=1)
    rate: float = Field(5.0, ge=0, le=100)
    queues: tuple[str, ...] = Field(QUEUES, min_length=1)
    control_file: Path | None = None
    duration_seconds: float | None = Field(None, gt=0)
    schedule: bool = False
    metrics_port: int = Field(default_factory=lambda: next(free_ports()), ge=1024, le=65535)


@dataclass
class LoadCounts:
    """Counters of a load: orders started, starts failed, orders known to have ended."""

    started: int = 0
    failed_starts: int = 0
    completed: int = 0
    failed: int = 0
    last_error: str = ""

    @property
    def open(self) -> int:
        """Orders started and not yet known to have ended."""
        return self.started - self.completed - self.failed


class Starts:
    """Starts orders on time."""

    def __init__(self, options: LoadOptions, control: ControlFile, counts: LoadCounts) -> None:
        self._options = options
        self._control = control
        self._counts = counts
        self._due = 0.0
        self._turn = 0
        self._shares_due: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._since_abandonment: Counter[str] = Counter()
        self.pending: set[asyncio.Task[None]] = set()
        """Starts that wait for the server."""

    async def run(self, client: Client) -> None:
        """Start orders until cancelled."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            now = loop.time()
            rate = self._options.rate * self._control.current.rate_factor
            # By the clock, without drift; but no burst after the machine has slept.
            self._due += rate * min(now - last, CATCH_UP_SECONDS)
            last = now
            while self._due >= 1:
                self._due -= 1
                self._start_next(client)
            await asyncio.sleep(min((1 - self._due) / rate, 0.1) if rate else 0.1)

    def _start_next(self, client: Client) -> None:
        queue = self._options.queues[self._turn % len(self._options.queues)]
        self._turn += 1
        if not self._is_wanted(queue):
            return
        if len(self.pending) >= MAX_PENDING_STARTS:
            self._counts.failed_starts += 1
            self._counts.last_error = f"{MAX_PENDING_STARTS} starts wait for the server"
            return
        task = asyncio.create_task(self._start(client, queue, self._turn))
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)

    def _is_wanted(self, queue: str) -> bool:
        if not self._control.current.is_abandoned(queue):
            self._since_abandonment[queue] = 0
            return True
        self._since_abandonment[queue] += 1
        return self._since_abandonment[queue] <= STARTS_AFTER_ABANDONMENT

    def _is_due(self, queue: str, kind: str, ratio: float) -> bool:
        """Whether the next order of a queue is of a kind with that share of its orders.

        Evenly spread, not random: at 50 % every second order of each queue fails.
        """
        self._shares_due[queue, kind] += ratio
        due = self._shares_due[queue, kind] >= 1
        self._shares_due[queue, kind] -= due
        return due

    def _order(self, queue: str, number: int) -> Order:
        control = self._control.current
        # Each queue gets every packing time and its share of payments.
        lap = number // len(self._options.queues)
        return Order(
            number=number,
            packing_seconds=1 + 0.25 * (lap % 7),
            paid_in_advance=lap % ORDERS_PER_PAYMENT == 0,
            fails=self._is_due(queue, "fails", control.failure_ratio),
            is_slow_to_ship=control.workers_of(queue) is Workers.FULL,
        )

    async def _start(self, client: Client, queue: str, number: int) -> None:
        control = self._control.current
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                if self._is_due(queue, "duplicate", control.duplicate_ratio):
                    await client.start_workflow(
                        OpenShop.run,
                        id=f"{queue}-shop",
                        task_queue=queue,
                        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    )
                    return
                if self._is_due(queue, "refund", control.retry_ratio):
                    await client.start_workflow(
                        PayRefund.run,
                        id=f"{queue}-{uuid4()}",
                        task_queue=queue,
                        retry_policy=REFUND_RETRIES,
                    )
                    return
                await client.start_workflow(
                    FulfilOrder.run,
                    self._order(queue, number),
                    id=f"{queue}-{uuid4()}",
                    task_queue=queue,
                )
        except (RPCError, RuntimeError, TimeoutError) as error:
            # The SDK raises RuntimeError when it cannot connect.
            self._counts.failed_starts += 1
            self._counts.last_error = " ".join(str(error).split()) or "timeout"
        else:
            self._counts.started += 1


async def run_load(
    options: LoadOptions,
    *,
    stop: asyncio.Event | None = None,
    counts: LoadCounts | None = None,
    report: Callable[[str], None] = typer.echo,
) -> None:
    """Load the server until `stop` is set or the duration is over, then let open orders finish.

    No fault of the server ends it. `counts` changes while it runs; `report` is called with a
    status line every 10 s.
    """
    counts = counts or LoadCounts()
    stop = stop or asyncio.Event()
    outcomes = Outcomes(options.metrics_port)
    control = ControlFile(options.control_file, options.queues)
    workers = [QueueWorker(queue) for queue in options.queues]
    versioned = VersionedLoad(options.address, options.namespace, outcomes.runtime, control)

    async def follow_control_and_outcomes() -> None:
        while True:
            if problem := control.poll():
                report(f"load: keeping the last control settings: {problem}")
            for worker in workers:
                worker.apply(control.current)
            outcomes.read()
            counts.completed, counts.failed = outcomes.completed, outcomes.failed
            await asyncio.sleep(CONTROL_SECONDS)

    report(f"load: {options.rate:g} starts/s at {options.address} on {', '.join(options.queues)}")
    client = await Client.connect(
        options.address,
        namespace=options.namespace,
        runtime=outcomes.runtime,
        lazy=True,  # a server that is not up is a failed start
        retry_config=RetryConfig(max_retries=1),
    )
    starts = Starts(options, control, counts)
    starting = [asyncio.create_task(starts.run(client))]
    if options.schedule:
        starting.append(asyncio.create_task(run_schedule(client, options.queues[0])))
    others = [
        asyncio.create_task(follow_control_and_outcomes()),
        asyncio.create_task(_report_counts(counts, report)),
        asyncio.create_task(
            run_workers(workers, options.address, options.namespace, outcomes.runtime)
        ),
        asyncio.create_task(versioned.run()),
    ]
    stopped = asyncio.create_task(stop.wait())
    tasks = [*starting, stopped, *others]
    try:
        await asyncio.wait(
            tasks, timeout=options.duration_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for source in starting:
            source.cancel()
        await asyncio.wait(starting, timeout=CANCEL_SECONDS)
        versioned.stop()
        seconds = STOP_SECONDS if stop.is_set() else FINISH_SECONDS
        await _finish(counts, starts, versioned, seconds)
    finally:
        ending = [*tasks, *starts.pending]
        for task in ending:
            task.cancel()
        await asyncio.wait(ending, timeout=CANCEL_SECONDS)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()  # raises the exception that ended it


async def _finish(
    counts: LoadCounts, starts: Starts, versioned: VersionedLoad, seconds: float
) -> None:
    for _ in range(math.ceil(seconds / CONTROL_SECONDS)):
        if counts.open <= 0 and not starts.pending and not versioned.is_open:
            return
        await asyncio.sleep(CONTROL_SECONDS)


async def _report_counts(counts: LoadCounts, report: Callable[[str], None]) -> None:
    failed_before = 0
    while True:
        await asyncio.sleep(STATUS_SECONDS)
        errors = (counts.failed_starts - failed_before) / STATUS_SECONDS
        failed_before = counts.failed_starts
        report(
            f"load: {counts.started} started, {counts.completed} completed, "
            f"{counts.failed} failed, {errors:.1f} errors/s"
            + (f" ({counts.last_error})" if errors else "")
        )


def run_load_process(options: LoadOptions) -> NoReturn:
    """Run a load as this process, and end the process. SIGTERM and SIGINT end it within 8 s."""
    # Lost polls and failed activities are intended here, and counted in the status line.
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    asyncio.run(_load_until_signalled(options))
    sys.stdout.flush()
    # A pending call of the SDK's threads aborts Python's usual shutdown
    # (https://github.com/temporalio/sdk-python/issues/300).
    os._exit(0)


async def _load_until_signalled(options: LoadOptions) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_load(options, stop=stop)
