"""The Copilot's worker: `python -m copilot.worker` evaluates clusters until it is stopped."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from datetime import timedelta
from socket import socket
from typing import Any

from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker

from copilot.activities.clusters import ClusterActivities
from copilot.activities.evaluate import EvaluateActivities
from copilot.activities.persist import PersistActivities
from copilot.activities.sources import MonitoredClusters
from copilot.activities.store_access import StoreAccess
from copilot.clusters.configured import configured_clusters
from copilot.errors import TemporalError
from copilot.health.thresholds import Thresholds
from copilot.knowledge.retriever import create_retriever
from copilot.process import listening_socket, run
from copilot.settings import Settings
from copilot.store.location import locate_store
from copilot.store.repository import Repository
from copilot.worker.assess import WorkerParts, assessment_parts
from copilot.worker.health import WorkerHealth
from copilot.worker.listener import application, listening
from copilot.worker.loops import keep_loops
from copilot.worker.metrics import WorkerMetrics
from copilot.worker.temporal import connect, start_logging, watch
from copilot.workflows.observe import Observe

log = logging.getLogger("copilot.worker")

# Running activities may end; then they are cancelled, and the next worker gets them.
GRACE = timedelta(seconds=3)
# Clusters of one worker for which nothing is limited; docs/scale.md has what one takes.
MOST_CLUSTERS = 250
POLLERS = PollerBehaviorAutoscaling(minimum=2, initial=2, maximum=20)


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
    metrics = WorkerMetrics(late_after_seconds=settings.unknown_after_seconds)
    async with Repository.open(locate_store(settings)) as repository:
        client = await connect(settings)
        read = configured_clusters(settings)
        async with MonitoredClusters.open(read, settings, repository, metrics) as clusters:
            await _serve(
                client,
                settings,
                listener=listener,
                repository=repository,
                clusters=clusters,
                metrics=metrics,
            )


async def _serve(
    client: Client,
    settings: Settings,
    *,
    listener: socket,
    repository: Repository,
    clusters: MonitoredClusters,
    metrics: WorkerMetrics,
) -> None:
    health = WorkerHealth(late_after_seconds=settings.unknown_after_seconds)
    store = StoreAccess(repository, settings, metrics, health)
    worker = _create_worker(
        client, settings, clusters=clusters, store=store, metrics=metrics, health=health
    )
    app = application(
        health, metrics.registry, lambda: worker.is_running, lambda: clusters.problems
    )
    async with listening(app, listener):
        address = f"{settings.worker_host}:{settings.worker_port}"
        log.info(
            "evaluating %s every %g s; health and metrics on http://%s",
            ", ".join(clusters.names) or "no cluster yet",
            settings.cycle_seconds,
            address,
        )
        await _run_until_one_fails(
            worker.run(),
            keep_loops(client, settings, clusters),
            watch(client, health, settings.temporal_address, settings.cycle_seconds),
        )


def _create_worker(
    client: Client,
    settings: Settings,
    *,
    clusters: MonitoredClusters,
    store: StoreAccess,
    metrics: WorkerMetrics,
    health: WorkerHealth,
) -> Worker:
    of_cluster = ClusterActivities(clusters)
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
        assessment = assessment_parts(
            settings, store, create_retriever(settings), metrics, lambda: len(clusters.names)
        )
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[Observe, *assessment.workflows],
        activities=[
            of_cluster.collect_snapshot,
            of_cluster.probe,
            evaluate.evaluate_cycle,
            persist.load_memory,
            persist.save_cycles,
            *assessment.activities,
        ],
        plugins=assessment.plugins,
        max_cached_workflows=MOST_CLUSTERS,
        # At most a collection, a look and a call of the store for each cluster, and those for
        # models: a cluster whose sources are slow takes no place of another.
        max_concurrent_activities=4 * MOST_CLUSTERS,
        # Without it the SDK hashes every loaded module, which takes seconds on a busy machine.
        build_id="copilot",
        # For one cluster, more than two pollers would idle.
        workflow_task_poller_behavior=POLLERS,
        activity_task_poller_behavior=POLLERS,
        graceful_shutdown_timeout=GRACE,
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
