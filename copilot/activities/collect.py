"""Collect a snapshot of the monitored cluster: metrics and logs, then its task queues."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain, zip_longest

from temporalio import activity
from temporalio.exceptions import ApplicationError

from copilot.access.temporal import MonitoredTemporal
from copilot.activities.earlier_days import EarlierDays
from copilot.activities.models import CollectRequest
from copilot.errors import AccessError, MonitoredClusterError, StoreError
from copilot.settings import Settings
from copilot.signals.instances import ask_unscraped
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.loki import LogsClient, window
from copilot.signals.measure import measure
from copilot.signals.monitored_frontend import CALL_SECONDS
from copilot.signals.prometheus import MetricsClient
from copilot.signals.real_names import RealNames
from copilot.signals.signal_names import SignalName
from copilot.signals.snapshot import (
    Absence,
    LogSurvey,
    Measurement,
    QueueFacts,
    QueueKey,
    QueueSurvey,
    Snapshot,
)
from copilot.signals.system_queues import describe_system_queues
from copilot.signals.task_queues import open_workflows, survey, visible_queues
from copilot.store.records import RememberedQueues
from copilot.store.repository import Repository
from copilot.worker.metrics import WorkerMetrics

OTHER_CLUSTER = "OtherCluster"
# Shares of a cycle. Metrics, logs and visibility run at the same time and get 15 s of a 30 s cycle,
# then queues get 7.5 s; the workflow's limit for this activity is 25 s.
METRICS_SHARE = 0.5
QUEUES_SHARE = 0.25
# Updates a second below which open workflows are counted: a count costs the visibility store more
# than a list.
QUIET_UPDATES = 1.0
# For instances whose scrapes fail. A process that runs answers at once, also when writing all of
# its metrics takes longer than a scrape may.
INSTANCE_SECONDS = 5.0
# The store answers at once or is down.
STORE_SECONDS = 3


class CollectActivities:
    """A source that does not answer in time becomes an absence in the snapshot.

    `loki` is None where no logs are read.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        prometheus: MetricsClient,
        loki: LogsClient | None = None,
        monitored: MonitoredTemporal,
        repository: Repository,
        metrics: WorkerMetrics,
    ) -> None:
        self._settings = settings
        self._budget = METRICS_SHARE * settings.cycle_seconds
        self._prometheus = prometheus
        self._loki = loki
        self._monitored = monitored
        self._repository = repository
        self._metrics = metrics
        self._earlier_days = EarlierDays(repository, settings.cluster)
        self._known = KnownCluster()

    # The name in recorded histories.
    @activity.defn(name="look")
    async def collect_snapshot(self, request: CollectRequest) -> Snapshot:
        settings = self._settings
        if request.cluster != settings.cluster:
            raise ApplicationError(
                f"the worker on this task queue is for {settings.cluster}, not {request.cluster}:"
                " give each of the two workers its own COPILOT_TASK_QUEUE",
                type=OTHER_CLUSTER,
                non_retryable=True,
            )
        at = datetime.now(UTC)
        async with asyncio.TaskGroup() as group:
            metrics = group.create_task(self._measure())
            logs = group.create_task(self._logs(request.logs_since, at))
            stored = group.create_task(self._stored_queues(request.known_queues))
            visible = group.create_task(self._visible_queues(wanted=request.find_queues))
            earlier = group.create_task(self._earlier_days.cycles(at, STORE_SECONDS))
        measurement, remembered = metrics.result(), stored.result()
        left_out = remembered.truncated
        if self._known.style.rewrites_values:
            real = RealNames(settings.monitored_namespaces, (*remembered.keys, *visible.result()))
            left_out += real.unknown(measurement)
            measurement = real.apply(measurement)
        keys = interleave(remembered.keys, measurement.active_queues, visible.result())
        updates = measurement.readings[SignalName.STATE_TRANSITIONS_RATE].value
        quiet = updates is not None and updates < QUIET_UPDATES
        async with asyncio.TaskGroup() as group:
            surveyed = group.create_task(self._queues(keys))
            counted = group.create_task(self._open_workflows(wanted=quiet))
            answered = group.create_task(ask_unscraped(measurement, self._instance_seconds))
            system = group.create_task(self._system_queues())
        queues = surveyed.result()
        return Snapshot(
            open_workflows=counted.result(),
            system_queues=system.result(),
            earlier=earlier.result(),
            cluster=request.cluster,
            at=at,
            metrics=answered.result(),
            queues=queues.model_copy(update={"truncated": queues.truncated + left_out}),
            logs=logs.result(),
        )

    @property
    def _instance_seconds(self) -> float:
        return min(INSTANCE_SECONDS, QUEUES_SHARE * self._settings.cycle_seconds)

    async def _queues(self, keys: tuple[QueueKey, ...]) -> QueueSurvey:
        settings = self._settings
        budget = QUEUES_SHARE * settings.cycle_seconds
        try:
            client = await self._monitored.client()
        except AccessError as error:
            return QueueSurvey(absence=Absence.DENIED, detail=str(error))
        return await survey(
            client,
            keys,
            settings.max_queues,
            namespaces=settings.monitored_namespaces,
            call_seconds=min(CALL_SECONDS, budget),
            budget_seconds=budget,
        )

    async def _system_queues(self) -> tuple[QueueFacts, ...]:
        settings = self._settings
        budget = QUEUES_SHARE * settings.cycle_seconds
        try:
            async with asyncio.timeout(budget):
                return await describe_system_queues(
                    await self._monitored.client(),
                    settings.monitored_namespaces,
                    min(CALL_SECONDS, budget / 2),
                )
        except (AccessError, TimeoutError):  # as users' queues show
            return ()

    async def _open_workflows(self, *, wanted: bool) -> int | None:
        """How many workflows are open; None when not wanted or not known."""
        if not wanted:
            return None
        settings = self._settings
        try:
            async with asyncio.timeout(QUEUES_SHARE * settings.cycle_seconds):
                client = await self._monitored.client()
                return await open_workflows(client, settings.monitored_namespaces)
        except (AccessError, TimeoutError):
            return None

    async def _measure(self) -> Measurement:
        settings = self._settings
        return await measure(
            self._prometheus,
            cluster=settings.cluster,
            short=settings.short_window_seconds,
            long=settings.long_window_seconds,
            scrape=settings.scrape_seconds,
            stale_after=settings.stale_after_seconds,
            known=self._known,
        )

    async def _logs(self, since: datetime | None, now: datetime) -> LogSurvey | None:
        settings = self._settings
        if self._loki is None:
            return None
        return await self._loki.survey(
            settings.cluster, *window(since, now, settings.cycle_seconds)
        )

    async def _stored_queues(self, known: tuple[QueueKey, ...]) -> RememberedQueues:
        """The queues in the store; without the store, those of the last cycle."""
        settings = self._settings
        try:
            async with asyncio.timeout(min(STORE_SECONDS, self._budget)):
                return await self._repository.remembered_queues(
                    settings.cluster, settings.max_queues
                )
        except (StoreError, TimeoutError) as error:
            self._metrics.count_store_failure()
            reason = str(error) or "no answer in time"
            activity.logger.warning("take the last cycle's queues: %s", reason)
            return RememberedQueues(keys=known, truncated=0)

    async def _visible_queues(self, *, wanted: bool) -> tuple[QueueKey, ...]:
        """The queues in visibility; without it, the other sources are enough.

        A visibility store that hangs must not use up the time of the cycle.
        """
        if not wanted:
            return ()
        settings = self._settings
        try:
            async with asyncio.timeout(QUEUES_SHARE * settings.cycle_seconds):
                client = await self._monitored.client()
                return await visible_queues(client, settings.monitored_namespaces)
        except (AccessError, MonitoredClusterError, TimeoutError) as error:
            reason = str(error) or "no answer in time"
            activity.logger.warning("no queues from visibility: %s", reason)
            return ()


def interleave(*lists: Iterable[QueueKey]) -> tuple[QueueKey, ...]:
    """All keys once, one from each list in turn: each list has its busiest queues first."""
    return tuple(dict.fromkeys(key for key in chain(*zip_longest(*lists)) if key is not None))
