"""A load of real workflows at a chosen rate, in one process that outlives the server's faults.

Starts follow an open-loop schedule: they are due whether or not the server keeps up, as with
real clients. A start that fails is counted and not tried again.
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
from temporalio.runtime import Runtime
from temporalio.service import RetryConfig, RPCError

from lab.load_control import ControlFile
from lab.load_workers import Outcomes, QueueWorker, run_workers
from lab.ports import free_ports
from lab.workflows import FulfilOrder, Order

QUEUES = ("orders", "payments", "order-fulfilment")

CONTROL_SECONDS = 0.5
STATUS_SECONDS = 10.0
START_TIMEOUT_SECONDS = 3.0
CATCH_UP_SECONDS = 5.0
# At 5 starts a second, a server that answers nothing holds 15 of them.
STARTS_UNDER_WAY = 200
# An abandoned queue still gets this many orders, so that a backlog is left on it.
STARTS_AFTER_ABANDONMENT = 20
# One order in so many has a child: 5 orders a second make 60 workflow updates a second. An odd
# number, so that of an even share of failures some are payments.
ORDERS_PER_PAYMENT = 9
# Orders take 1 to 2.5 s on a healthy server. A load that is told to stop lets them end as well:
# an order that is left open, with no worker any more, is a starved queue.
FINISH_SECONDS = 10.0
STOP_SECONDS = 5.0
GOODBYE_SECONDS = 0.5


class LoadOptions(BaseModel):
    """What to load. `rate` is workflow starts a second, over all queues in turn.

    Without `duration_seconds` the load goes on until it is told to stop. Its workers expose their
    metrics on `metrics_port` of the loopback address.
    """

    model_config = ConfigDict(frozen=True)

    address: str = Field("127.0.0.1:7233", pattern=r"^[^\s/]+:\d+$")
    namespace: str = Field("default", min_length=1)
    rate: float = Field(5.0, ge=0, le=100)
    queues: tuple[str, ...] = Field(QUEUES, min_length=1)
    control_file: Path | None = None
    duration_seconds: float | None = Field(None, gt=0)
    metrics_port: int = Field(default_factory=lambda: next(free_ports()), ge=1024, le=65535)


@dataclass
class LoadCounts:
    """What a load did so far: orders started, starts refused, and orders known to have ended."""

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
        self._failures_due: defaultdict[str, float] = defaultdict(float)
        self._since_abandonment: Counter[str] = Counter()
        self.under_way: set[asyncio.Task[None]] = set()
        """Starts that wait for the server's answer."""

    async def run(self, runtime: Runtime) -> None:
        """Start orders until cancelled."""
        client = await Client.connect(
            self._options.address,
            namespace=self._options.namespace,
            runtime=runtime,
            lazy=True,  # no server yet is a failed start like any other
            retry_config=RetryConfig(max_retries=1),
        )
        loop = asyncio.get_running_loop()
        seen = loop.time()
        while True:
            now = loop.time()
            rate = self._options.rate * self._control.current.rate_factor
            # Counted from the clock, so no drift; but a machine that slept makes no burst.
            self._due += rate * min(now - seen, CATCH_UP_SECONDS)
            seen = now
            while self._due >= 1:
                self._due -= 1
                self._start_next(client)
            await asyncio.sleep(min((1 - self._due) / rate, 0.1) if rate else 0.1)

    def _start_next(self, client: Client) -> None:
        queue = self._options.queues[self._turn % len(self._options.queues)]
        self._turn += 1
        if not self._is_asked_for(queue):
            return
        if len(self.under_way) >= STARTS_UNDER_WAY:
            self._counts.failed_starts += 1
            self._counts.last_error = f"{STARTS_UNDER_WAY} starts wait for an answer"
            return
        task = asyncio.create_task(self._start(client, queue, self._next_order(queue)))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    def _is_asked_for(self, queue: str) -> bool:
        if not self._control.current.is_abandoned(queue):
            self._since_abandonment[queue] = 0
            return True
        self._since_abandonment[queue] += 1
        return self._since_abandonment[queue] <= STARTS_AFTER_ABANDONMENT

    def _next_order(self, queue: str) -> Order:
        # An even share of failures, not a random one: 50 % is every second order of each queue.
        self._failures_due[queue] += self._control.current.failure_ratio
        fails = self._failures_due[queue] >= 1
        self._failures_due[queue] -= fails
        # Each queue gets every length of packing, and its share of payments.
        lap = self._turn // len(self._options.queues)
        return Order(
            number=self._turn,
            packing_seconds=1 + 0.25 * (lap % 7),
            paid_in_advance=lap % ORDERS_PER_PAYMENT == 0,
            fails=fails,
        )

    async def _start(self, client: Client, queue: str, order: Order) -> None:
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                await client.start_workflow(
                    FulfilOrder.run, order, id=f"{queue}-{uuid4()}", task_queue=queue
                )
        except (RPCError, RuntimeError, TimeoutError) as error:
            # RuntimeError is how the SDK says that it could not connect.
            self._counts.failed_starts += 1
            self._counts.last_error = " ".join(str(error).split()) or "no answer in time"
        else:
            self._counts.started += 1


async def run_load(
    options: LoadOptions,
    *,
    stop: asyncio.Event | None = None,
    counts: LoadCounts | None = None,
    say: Callable[[str], None] = typer.echo,
) -> None:
    """Load the server until `stop` is set or the duration is over, then let open orders finish.

    No fault of the server ends it. `counts` can be watched while it runs; `say` gets a status
    line each 10 s.
    """
    counts = counts or LoadCounts()
    stop = stop or asyncio.Event()
    outcomes = Outcomes(options.metrics_port)
    control = ControlFile(options.control_file, options.queues)
    workers = [QueueWorker(queue) for queue in options.queues]

    async def follow_control_and_outcomes() -> None:
        while True:
            if problem := control.poll():
                say(f"load: the last control file stays in force: {problem}")
            for worker in workers:
                worker.apply(control.current)
            outcomes.read()
            counts.completed, counts.failed = outcomes.completed, outcomes.failed
            await asyncio.sleep(CONTROL_SECONDS)

    say(f"load: {options.rate:g} starts/s at {options.address} on {', '.join(options.queues)}")
    starts = Starts(options, control, counts)
    starting = asyncio.create_task(starts.run(outcomes.runtime))
    others = [
        asyncio.create_task(follow_control_and_outcomes()),
        asyncio.create_task(_report(counts, say)),
        asyncio.create_task(
            run_workers(workers, options.address, options.namespace, outcomes.runtime)
        ),
    ]
    stopped = asyncio.create_task(stop.wait())
    tasks = [starting, stopped, *others]
    try:
        await asyncio.wait(
            tasks, timeout=options.duration_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        starting.cancel()
        await _finish(counts, starts, STOP_SECONDS if stop.is_set() else FINISH_SECONDS)
    finally:
        ending = [*tasks, *starts.under_way]
        for task in ending:
            task.cancel()
        await asyncio.wait(ending, timeout=GOODBYE_SECONDS)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()  # a loop that ended by itself is a defect of ours: raise it


async def _finish(counts: LoadCounts, starts: Starts, seconds: float) -> None:
    for _ in range(math.ceil(seconds / CONTROL_SECONDS)):
        if counts.open <= 0 and not starts.under_way:
            return
        await asyncio.sleep(CONTROL_SECONDS)


async def _report(counts: LoadCounts, say: Callable[[str], None]) -> None:
    failed_before = 0
    while True:
        await asyncio.sleep(STATUS_SECONDS)
        errors = (counts.failed_starts - failed_before) / STATUS_SECONDS
        failed_before = counts.failed_starts
        say(
            f"load: {counts.started} started, {counts.completed} completed, "
            f"{counts.failed} failed, {errors:.1f} errors/s"
            + (f" ({counts.last_error})" if errors else "")
        )


def run_load_process(options: LoadOptions) -> NoReturn:
    """Run a load as this process, and end the process. SIGTERM and SIGINT end it within 8 s."""
    # Lost polls and failed activities are what the lab is for; the status line counts them.
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    asyncio.run(_load_until_signalled(options))
    sys.stdout.flush()
    # A call that the SDK's threads still finish would abort a Python that shuts down in the usual
    # way (https://github.com/temporalio/sdk-python/issues/300); nothing is left to be cleaned up.
    os._exit(0)


async def _load_until_signalled(options: LoadOptions) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_load(options, stop=stop)
