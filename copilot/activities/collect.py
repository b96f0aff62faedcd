"""Collect a snapshot of the monitored cluster: metrics and logs, then its task queues."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain, zip_longest

from temporalio import activity

from copilot.access.temporal import MonitoredTemporal
from copilot.activities.earlier_days import EarlierDays
from copilot.activities.models import CollectRequest
from copilot.errors import AccessError, MonitoredClusterError, StoreError
from copilot.settings import Settings
from copilot.signals.identity import Identity, identify
from copilot.signals.instances import ask_unscraped
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.loki import LogsClient, window
from copilot.signals.measure import measure
from copilot.signals.measurement import Measurement
from copilot.signals.monitored_frontend import CALL_SECONDS, UnansweredError
from copilot.signals.namespaces import Namespaces, in_turn
from copilot.signals.prometheus import MetricsClient
from copilot.signals.queue import QueueFacts, QueueKey, QueueSurvey
from copilot.signals.queue_choice import Choice, choose
from copilot.signals.queue_queries import MAX_SUSPECTED_NAMESPACES
from copilot.signals.reading import Absence
from copilot.signals.real_names import RealNames
from copilot.signals.signal_names import SignalName
from copilot.signals.snapshot import LogSurvey, Snapshot
from copilot.signals.system_queues import MAX_NAMESPACES, describe_system_queues
from copilot.signals.task_queues import open_workflows, survey, visible_queues
from copilot.store.records import RememberedQueues
from copilot.store.repository import Repository
from copilot.worker.metrics import WorkerMetrics

# Shares of a cycle. Metrics, logs and visibility run at the same time and get 15 s of a 30 s cycle,
# then queues get 7.5 s; the workflow's limit for this activity is 25 s.
METRICS_SHARE = 0.5
QUEUES_SHARE = 0.25
# Updates a second below which open workflows are counted: a count costs the visibility store more
# than a list.
QUIET_UPDATES = 1.0
# Listing queues from visibility is expensive; every tenth cycle is often enough for new ones.
LIST_EVERY_CYCLES = 10
LISTED_NAMESPACES = 20
STORED_QUEUES = 1000
SYSTEM_NAMESPACES_IN_TURN = MAX_NAMESPACES - MAX_SUSPECTED_NAMESPACES
# For instances whose scrapes fail. A process that runs answers at once, also when writing all of
# its metrics takes longer than a scrape may.
INSTANCE_SECONDS = 5.0
# The store answers at once or is down.
STORE_SECONDS = 3


class Collector:
    """Collects the snapshots of one cluster.

    A source that does not answer in time becomes an absence in the snapshot. `settings` are those
    of the cluster; `loki` is None where no logs are read.
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
        self._known = KnownCluster(settings.labels)
        self._namespaces = Namespaces(settings.monitored_namespaces)

    async def collect(self, request: CollectRequest) -> Snapshot:
        settings = self._settings
        at = datetime.now(UTC)
        self._known.remember(request.learned_roles)
        async with asyncio.TaskGroup() as group:
            metrics = group.create_task(self._measure())
            logs = group.create_task(self._logs(request.logs_since, at))
            spaces = group.create_task(self._monitored_namespaces())
            stored = group.create_task(self._stored_queues())
            visible = group.create_task(self._visible_queues(spaces, request.cycle))
            earlier = group.create_task(self._earlier_days.cycles(at, STORE_SECONDS))
        measurement, remembered = metrics.result(), stored.result()
        namespaces, listing = spaces.result()
        unnamed = suspected_unnamed = 0
        if self._known.style.rewrites_values:
            queues = (*remembered.keys, *visible.result(), *request.known_queues)
            self._known.learn_queues(queues)
            real = RealNames(namespaces, self._known.queues)
            unnamed = real.unknown(measurement.active_queues)
            suspected_unnamed = real.unknown(measurement.suspected_queues)
            measurement = real.apply(measurement)
        active = frozenset(measurement.active_queues)
        # Open workflows on a queue without any activity: nobody may be there to take their tasks.
        silent = (key for key in visible.result() if key not in active)
        chosen = choose(
            interleave(measurement.suspected_queues, request.late_queues, remembered.keys, silent),
            measurement.active_queues,
            (*visible.result(), *request.known_queues),
            limit=settings.max_queues,
            after=request.asked_until,
        )
        updates = measurement.readings[SignalName.STATE_TRANSITIONS_RATE].value
        quiet = updates is not None and updates < QUIET_UPDATES
        async with asyncio.TaskGroup() as group:
            surveyed = group.create_task(self._queues(chosen.keys, namespaces, listing))
            counted = group.create_task(self._open_workflows(namespaces, wanted=quiet))
            answered = group.create_task(ask_unscraped(measurement, self._instance_seconds))
            identity = group.create_task(self._identity(measurement, namespaces))
            asked = (
                *measurement.suspected_namespaces,
                *in_turn(namespaces, request.cycle, SYSTEM_NAMESPACES_IN_TURN),
            )
            system = group.create_task(self._system_queues(tuple(dict.fromkeys(asked))))
        survey = surveyed.result()
        return Snapshot(
            open_workflows=counted.result(),
            shards=identity.result().shards,
            foreign_namespaces=identity.result().foreign_namespaces,
            system_queues=system.result(),
            earlier=earlier.result(),
            cluster=request.cluster,
            at=at,
            metrics=answered.result(),
            queues=survey.model_copy(
                update={
                    "truncated": len(chosen.left_out) + unnamed,
                    "suspected_left_out": len(chosen.suspected_left_out) + suspected_unnamed,
                    "unjudged": _without_metrics(chosen, measurement),
                    "round_cycles": chosen.round_cycles,
                    "until": chosen.until,
                }
            ),
            logs=logs.result(),
        )

    @property
    def _instance_seconds(self) -> float:
        return min(INSTANCE_SECONDS, QUEUES_SHARE * self._settings.cycle_seconds)

    async def _monitored_namespaces(self) -> tuple[tuple[str, ...], UnansweredError | None]:
        """The namespaces, or none with the reason why those of a pattern are not known."""
        try:
            client = await self._monitored.client()
            return await self._namespaces.current(client, CALL_SECONDS), None
        except AccessError as error:
            return (), UnansweredError(Absence.DENIED, str(error))
        except UnansweredError as error:
            return (), error

    async def _queues(
        self,
        keys: tuple[QueueKey, ...],
        namespaces: tuple[str, ...],
        listing: UnansweredError | None,
    ) -> QueueSurvey:
        if listing and listing.absence is Absence.DENIED:
            detail = f"cannot list the namespaces that MONITORED_NAMESPACES matches: {listing}"
            return QueueSurvey(absence=Absence.DENIED, detail=detail)
        settings = self._settings
        budget = QUEUES_SHARE * settings.cycle_seconds
        try:
            client = await self._monitored.client()
        except AccessError as error:
            return QueueSurvey(absence=Absence.DENIED, detail=str(error))
        return await survey(
            client,
            keys,
            namespaces=namespaces,
            call_seconds=min(CALL_SECONDS, budget),
            budget_seconds=budget,
        )

    async def _system_queues(self, namespaces: tuple[str, ...]) -> tuple[QueueFacts, ...]:
        settings = self._settings
        budget = QUEUES_SHARE * settings.cycle_seconds
        try:
            async with asyncio.timeout(budget):
                return await describe_system_queues(
                    await self._monitored.client(),
                    namespaces,
                    min(CALL_SECONDS, budget / 2),
                )
        except (AccessError, TimeoutError):  # as users' queues show
            return ()

    async def _identity(self, measurement: Measurement, namespaces: tuple[str, ...]) -> Identity:
        seconds = min(CALL_SECONDS, QUEUES_SHARE * self._settings.cycle_seconds / 2)
        try:
            client = await self._monitored.client()
        except AccessError:  # as users' queues show
            return Identity()
        rewritten = self._known.style.rewrites_values
        return await identify(client, measurement, namespaces, seconds, rewritten=rewritten)

    async def _open_workflows(self, namespaces: tuple[str, ...], *, wanted: bool) -> int | None:
        """How many workflows are open; None when not wanted or not known."""
        if not wanted:
            return None
        settings = self._settings
        try:
            async with asyncio.timeout(QUEUES_SHARE * settings.cycle_seconds):
                client = await self._monitored.client()
                return await open_workflows(client, namespaces)
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
            settings.cluster, *window(since, now, settings.cycle_seconds), settings.labels
        )

    async def _stored_queues(self) -> RememberedQueues:
        """The queues in the store; without the store, those of the last cycle are enough."""
        settings = self._settings
        try:
            async with asyncio.timeout(min(STORE_SECONDS, self._budget)):
                return await self._repository.remembered_queues(settings.cluster, STORED_QUEUES)
        except (StoreError, TimeoutError) as error:
            self._metrics.count_store_failure()
            reason = str(error) or "no answer in time"
            activity.logger.warning("take the last cycle's queues: %s", reason)
            return RememberedQueues(keys=(), truncated=0)

    async def _visible_queues(
        self, spaces: asyncio.Task[tuple[tuple[str, ...], UnansweredError | None]], cycle: int
    ) -> tuple[QueueKey, ...]:
        """The queues in visibility; without it, the other sources are enough.

        A visibility store that hangs must not use up the time of the cycle.
        """
        namespaces, _ = await spaces
        names = in_turn(namespaces, cycle, LISTED_NAMESPACES, least_cycles=LIST_EVERY_CYCLES)
        if not names:
            return ()
        try:
            client = await self._monitored.client()
            budget = QUEUES_SHARE * self._settings.cycle_seconds
            return await visible_queues(client, names, budget_seconds=budget)
        except (AccessError, MonitoredClusterError) as error:
            activity.logger.warning("no queues from visibility: %s", error)
            return ()


def _without_metrics(chosen: Choice, measured: Measurement) -> int:
    """How many queues are left out and neither late by the metrics nor well by them."""
    by_metrics = measured.active_queues if measured.queues_absence is None else ()
    known = chosen.suspected_left_out.union(by_metrics)
    return sum(key not in known for key in chosen.left_out)


def interleave(*lists: Iterable[QueueKey]) -> tuple[QueueKey, ...]:
    """All keys once, one from each list in turn: each list has its busiest queues first."""
    return tuple(dict.fromkeys(key for key in chain(*zip_longest(*lists)) if key is not None))
