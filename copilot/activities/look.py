"""Looking at the monitored cluster: metrics and logs, then the task queues worth asking for."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain, zip_longest

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from copilot.activities.models import LookRequest
from copilot.errors import MonitoredClusterError, StoreError
from copilot.self_metrics import SelfMetrics
from copilot.settings import Settings
from copilot.signals.frontend import CALL_SECONDS
from copilot.signals.loki import LogsClient, window
from copilot.signals.measure import measure
from copilot.signals.prometheus import MetricsClient
from copilot.signals.snapshot import LogSurvey, Measurement, QueueKey, Snapshot
from copilot.signals.task_queues import survey, visible_queues
from copilot.store.repository import Repository
from copilot.store.rows import RememberedQueues

OTHER_CLUSTER = "OtherCluster"
# Shares of a cycle, together below the loop's limit for a look (25 s of 30 s): metrics get 15 s,
# beside them logs and visibility; then queues get 8 s.
METRICS_SHARE = 0.5
QUEUES_SHARE = 0.25
# The store's list of queues comes at once, or it is not waited for.
REMEMBERED_SECONDS = 3


class Look:
    """A source that does not answer becomes an absence in the snapshot, in time for the judge.

    `monitored` is a lazy client: a dead frontend must not delay the worker's start. Without
    `loki` no logs are read.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        prometheus: MetricsClient,
        loki: LogsClient | None = None,
        monitored: Client,
        repository: Repository,
        metrics: SelfMetrics,
    ) -> None:
        self._settings = settings
        self._budget = METRICS_SHARE * settings.cycle_seconds
        self._prometheus = prometheus
        self._loki = loki
        self._monitored = monitored
        self._repository = repository
        self._metrics = metrics

    @activity.defn
    async def look(self, request: LookRequest) -> Snapshot:
        settings = self._settings
        if request.cluster != settings.cluster:
            raise ApplicationError(
                f"the worker on this task queue judges {settings.cluster}, not {request.cluster}; "
                "two workers need two COPILOT_TASK_QUEUE",
                type=OTHER_CLUSTER,
                non_retryable=True,
            )
        at = datetime.now(UTC)
        async with asyncio.TaskGroup() as group:
            measuring = group.create_task(self._measure())
            counting = group.create_task(self._logs(request.logs_since, at))
            remembering = group.create_task(self._remembered(request.known_queues))
            finding = group.create_task(self._visible() if request.find_queues else _none())
        measurement, remembered = measuring.result(), remembering.result()
        keys = interleaved(remembered.keys, measurement.active_queues, finding.result())
        budget = QUEUES_SHARE * settings.cycle_seconds
        queues = await survey(
            self._monitored,
            keys,
            settings.max_queues,
            call_seconds=min(CALL_SECONDS, budget),
            budget_seconds=budget,
        )
        return Snapshot(
            cluster=request.cluster,
            at=at,
            metrics=measurement,
            queues=queues.model_copy(update={"truncated": queues.truncated + remembered.truncated}),
            logs=counting.result(),
        )

    async def _measure(self) -> Measurement:
        settings = self._settings
        return await measure(
            self._prometheus,
            cluster=settings.cluster,
            short=settings.short_window_seconds,
            long=settings.long_window_seconds,
            scrape=settings.scrape_seconds,
            stale_after=settings.stale_after_seconds,
        )

    async def _logs(self, since: datetime | None, now: datetime) -> LogSurvey | None:
        settings = self._settings
        if self._loki is None:
            return None
        return await self._loki.survey(
            settings.cluster, *window(since, now, settings.cycle_seconds)
        )

    async def _remembered(self, known: tuple[QueueKey, ...]) -> RememberedQueues:
        """The store's list; while the store is away, that of the last cycle."""
        settings = self._settings
        try:
            async with asyncio.timeout(min(REMEMBERED_SECONDS, self._budget)):
                return await self._repository.remembered_queues(
                    settings.cluster, settings.max_queues
                )
        except (StoreError, TimeoutError) as error:
            self._metrics.store_failed()
            reason = str(error) or "no answer in time"
            activity.logger.warning("asking for the last cycle's queues: %s", reason)
            return RememberedQueues(keys=known, truncated=0)

    async def _visible(self) -> tuple[QueueKey, ...]:
        """Queues that visibility names; without it, those that the metrics name are enough."""
        settings = self._settings
        try:
            async with asyncio.timeout(self._budget):
                return await visible_queues(self._monitored, settings.monitored_namespaces)
        except (MonitoredClusterError, TimeoutError) as error:
            reason = str(error) or "no answer in time"
            activity.logger.warning("no queues from visibility: %s", reason)
            return ()


def interleaved(*lists: Iterable[QueueKey]) -> tuple[QueueKey, ...]:
    """All keys once. Each list is busiest first, and so is the result: none starves another."""
    return tuple(dict.fromkeys(key for key in chain(*zip_longest(*lists)) if key is not None))


async def _none() -> tuple[QueueKey, ...]:
    return ()
