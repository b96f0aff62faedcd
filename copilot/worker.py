"""The Copilot's worker: `python -m copilot.worker` judges one cluster until it is stopped."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker

from copilot.activities.judge import Judge
from copilot.activities.keep import Keep
from copilot.activities.look import METRICS_SHARE, Look
from copilot.activities.store_access import StoreAccess
from copilot.errors import TemporalError
from copilot.explaining import Explaining, explaining_with
from copilot.health.thresholds import Thresholds
from copilot.knowledge.source import knowledge
from copilot.listener import application, listening
from copilot.own_health import OwnHealth
from copilot.own_temporal import connect, start_logging, start_loop, watch
from copilot.process import listening_socket, run
from copilot.self_metrics import SelfMetrics
from copilot.settings import Settings
from copilot.signals.loki import LogsClient
from copilot.signals.prometheus import MetricsClient
from copilot.store.address import location
from copilot.store.repository import Repository
from copilot.workflows.observe import Observe

log = logging.getLogger("copilot.worker")

# What is under way may end; then it is cancelled, and Temporal gives it to the next worker.
GRACE = timedelta(seconds=3)


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises CopilotError when the worker cannot run at all."""
    work = asyncio.create_task(_work(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("stopped")


async def _work(settings: Settings) -> None:
    listener = listening_socket(settings.worker_host, settings.worker_port)
    budget = METRICS_SHARE * settings.cycle_seconds
    async with (
        Repository.open(location(settings)) as repository,
        MetricsClient(
            settings.prometheus_endpoint,
            concurrency=settings.query_concurrency,
            timeout_seconds=min(settings.query_timeout_seconds, budget),
            budget_seconds=budget,
        ) as prometheus,
        _logs_client(settings, budget) as loki,
    ):
        client = await connect(settings)
        metrics = SelfMetrics()
        health = OwnHealth(late_after_seconds=settings.unknown_after_seconds)
        monitored = await Client.connect(settings.monitored_address, lazy=True)
        look = Look(
            settings=settings,
            prometheus=prometheus,
            loki=loki,
            monitored=monitored,
            repository=repository,
            metrics=metrics,
        )
        store = StoreAccess(repository, settings, metrics, health)
        keep = Keep(
            store=store,
            snapshot_days=settings.snapshot_retention_days,
            history_days=settings.history_retention_days,
        )
        has_model = settings.model != "none"
        judge = Judge(thresholds=Thresholds(), metrics=metrics, health=health, has_model=has_model)
        explaining = (
            explaining_with(settings, store, knowledge(settings), metrics)
            if has_model
            else Explaining()
        )
        worker = Worker(
            client,
            task_queue=settings.task_queue,
            workflows=[Observe, *explaining.workflows],
            activities=[
                look.look,
                judge.judge,
                keep.recall,
                keep.save,
                *explaining.activities,
            ],
            plugins=explaining.plugins,
            max_cached_workflows=10,
            # Else the SDK hashes every loaded module, which takes seconds on a busy machine.
            build_id="copilot",
            # One workflow, two activities at once: the SDK's five pollers of each would idle.
            workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(2),
            activity_task_poller_behavior=PollerBehaviorSimpleMaximum(2),
            graceful_shutdown_timeout=GRACE,
        )
        app = application(health, metrics.registry, lambda: worker.is_running)
        async with listening(app, listener):
            address = f"{settings.worker_host}:{settings.worker_port}"
            log.info(
                "judging %s every %g s; health and metrics on http://%s",
                settings.cluster,
                settings.cycle_seconds,
                address,
            )
            await _all(
                worker.run(),
                start_loop(client, settings),
                watch(client, health, settings.temporal_address, settings.cycle_seconds),
            )


def _logs_client(
    settings: Settings, budget: float
) -> AbstractAsyncContextManager[LogsClient | None]:
    if not settings.loki_url:
        return nullcontext()
    timeout = min(settings.query_timeout_seconds, budget)
    return LogsClient(settings.loki_url, timeout_seconds=timeout, budget_seconds=budget)


async def _all(*parts: Coroutine[Any, Any, None]) -> None:
    """Run the worker and what goes with it, until they are cancelled or one fails.

    Raises TemporalError when Temporal went away before the worker had begun, or refuses it now.
    Later interruptions are no failure: the SDK goes on when Temporal returns.
    """
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        for ended in asyncio.as_completed(tasks):
            await ended
    except RuntimeError as error:
        raise TemporalError(f"Temporal does not let the worker work: {error}") from error
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> int:
    start_logging()
    return run(serve)


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stderr.flush()
    # The SDK's threads can abort an interpreter that finalizes (temporalio/sdk-python issue 300),
    # and an exit code must mean what it says.
    os._exit(code)
