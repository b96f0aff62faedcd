"""The Copilot's worker: `python -m copilot.worker` evaluates one cluster until it is stopped."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker

from copilot.access.temporal import MonitoredTemporal
from copilot.activities.collect import METRICS_SHARE, CollectActivities
from copilot.activities.evaluate import EvaluateActivities
from copilot.activities.persist import PersistActivities
from copilot.activities.probe import ProbeActivities
from copilot.activities.store_access import StoreAccess
from copilot.canary.worker import CanaryWorker
from copilot.errors import TemporalError
from copilot.health.thresholds import Thresholds
from copilot.knowledge.retriever import create_retriever
from copilot.process import listening_socket, run
from copilot.settings import Settings
from copilot.signals.loki import LogsClient
from copilot.signals.prometheus import MetricsClient
from copilot.store.location import locate_store
from copilot.store.repository import Repository
from copilot.worker.assess import WorkerParts, assessment_parts
from copilot.worker.health import WorkerHealth
from copilot.worker.listener import application, listening
from copilot.worker.metrics import WorkerMetrics
from copilot.worker.temporal import connect, start_logging, start_loop, watch
from copilot.workflows.observe import Observe

log = logging.getLogger("copilot.worker")

# Running activities may end; then they are cancelled, and the next worker gets them.
GRACE = timedelta(seconds=3)


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises CopilotError when the worker cannot run."""
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
        Repository.open(locate_store(settings)) as repository,
        MetricsClient(
            settings.prometheus_endpoint,
            settings.metrics,
            concurrency=settings.query_concurrency,
            timeout_seconds=min(settings.query_timeout_seconds, budget),
            budget_seconds=budget,
        ) as prometheus,
        _logs_client(settings, budget) as loki,
    ):
        client = await connect(settings)
        metrics = WorkerMetrics()
        health = WorkerHealth(late_after_seconds=settings.unknown_after_seconds)
        monitored = MonitoredTemporal(settings.monitored_address, settings.monitored)
        collect = CollectActivities(
            settings=settings,
            prometheus=prometheus,
            loki=loki,
            monitored=monitored,
            repository=repository,
            metrics=metrics,
        )
        canary = CanaryWorker(monitored) if settings.canary == "on" else None
        probe = ProbeActivities(settings=settings, monitored=monitored, canary=canary)
        store = StoreAccess(repository, settings, metrics, health)
        worker = _create_worker(
            client,
            settings,
            collect=collect,
            probe=probe,
            store=store,
            metrics=metrics,
            health=health,
        )
        app = application(health, metrics.registry, lambda: worker.is_running)
        async with listening(app, listener):
            address = f"{settings.worker_host}:{settings.worker_port}"
            log.info(
                "evaluating %s every %g s; health and metrics on http://%s",
                settings.cluster,
                settings.cycle_seconds,
                address,
            )
            await _run_until_one_fails(
                worker.run(),
                start_loop(client, settings),
                watch(client, health, settings.temporal_address, settings.cycle_seconds),
                *([canary.run()] if canary else []),
            )


def _create_worker(
    client: Client,
    settings: Settings,
    *,
    collect: CollectActivities,
    probe: ProbeActivities,
    store: StoreAccess,
    metrics: WorkerMetrics,
    health: WorkerHealth,
) -> Worker:
    persist = PersistActivities(
        store=store,
        snapshot_days=settings.snapshot_retention_days,
        history_days=settings.history_retention_days,
    )
    has_model = settings.model != "none"
    evaluate = EvaluateActivities(
        thresholds=Thresholds(), metrics=metrics, health=health, has_model=has_model
    )
    assessment = WorkerParts()
    if has_model:
        assessment = assessment_parts(settings, store, create_retriever(settings), metrics)
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[Observe, *assessment.workflows],
        activities=[
            collect.collect_snapshot,
            probe.probe,
            evaluate.evaluate_cycle,
            persist.load_memory,
            persist.save_cycles,
            *assessment.activities,
        ],
        plugins=assessment.plugins,
        max_cached_workflows=10,
        # Without it the SDK hashes every loaded module, which takes seconds on a busy machine.
        build_id="copilot",
        # One workflow and two concurrent activities: most of the SDK's five pollers would idle.
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(2),
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(2),
        graceful_shutdown_timeout=GRACE,
    )


def _logs_client(
    settings: Settings, budget: float
) -> AbstractAsyncContextManager[LogsClient | None]:
    if not settings.loki_url:
        return nullcontext()
    timeout = min(settings.query_timeout_seconds, budget)
    return LogsClient(
        settings.loki_url, settings.logs, timeout_seconds=timeout, budget_seconds=budget
    )


async def _run_until_one_fails(*parts: Coroutine[Any, Any, None]) -> None:
    """Run the worker and its companions until they are cancelled or one fails.

    Raises TemporalError when Temporal stops before the worker begins, or refuses it. The SDK itself
    waits out later interruptions.
    """
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        for ended in asyncio.as_completed(tasks):
            await ended
    except RuntimeError as error:
        raise TemporalError(f"Temporal refuses the worker: {error}") from error
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> int:
    start_logging()
    return run(serve)
