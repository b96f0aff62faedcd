"""The clients of each monitored cluster's sources, which come and go with its description."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Self

from copilot.access.temporal import MonitoredTemporal
from copilot.activities.collect import METRICS_SHARE, Collector
from copilot.activities.probe import Prober
from copilot.canary.worker import CanaryWorker
from copilot.clusters.cluster import ClusterSettings
from copilot.clusters.configured import ReadClusters
from copilot.clusters.folder import Clusters
from copilot.errors import UnknownClusterError
from copilot.settings import Settings
from copilot.signals.loki import LogsClient
from copilot.signals.prometheus import MetricsClient
from copilot.store.repository import Repository
from copilot.worker.metrics import WorkerMetrics

log = logging.getLogger(__name__)


class ClusterSources:
    """The clients of one cluster. Raises SettingsError for an endpoint that is not a URL."""

    def __init__(
        self,
        cluster: ClusterSettings,
        settings: Settings,
        repository: Repository,
        metrics: WorkerMetrics,
    ) -> None:
        self.cluster = cluster
        its = cluster.within(settings)
        budget = METRICS_SHARE * its.cycle_seconds
        timeout = min(its.query_timeout_seconds, budget)
        self._prometheus = MetricsClient(
            its.prometheus_endpoint,
            its.metrics,
            concurrency=its.query_concurrency,
            timeout_seconds=timeout,
            budget_seconds=budget,
        )
        self._loki = None
        if its.loki_url:
            self._loki = LogsClient(
                its.loki_url, its.logs, timeout_seconds=timeout, budget_seconds=budget
            )
        monitored = MonitoredTemporal(its.monitored_address, its.monitored)
        canary = CanaryWorker(monitored, its.cluster) if its.canary == "on" else None
        self.collector = Collector(
            settings=its,
            prometheus=self._prometheus,
            loki=self._loki,
            monitored=monitored,
            repository=repository,
            metrics=metrics,
        )
        self.prober = Prober(settings=its, monitored=monitored, canary=canary)
        self._canary = asyncio.create_task(canary.run()) if canary else None
        if self._canary:
            self._canary.add_done_callback(self._log_defect)
        self._users = 0
        self._retired = False

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Self]:
        """Keeps the clients open while the block runs, also when others replace them meanwhile."""
        self._users += 1
        try:
            yield self
        finally:
            self._users -= 1
            await self._close_if_unused()

    async def retire(self) -> None:
        """End the canary, and close the clients as soon as nothing uses them."""
        self._retired = True
        if self._canary:
            self._canary.cancel()
            await asyncio.wait([self._canary])
        await self._close_if_unused()

    async def _close_if_unused(self) -> None:
        if self._retired and not self._users:
            for client in filter(None, (self._prometheus, self._loki)):
                await client.__aexit__()

    def _log_defect(self, canary: asyncio.Task[None]) -> None:
        if not canary.cancelled() and (error := canary.exception()):
            log.error("%s: the canary ended", self.cluster.cluster, exc_info=error)


class MonitoredClusters:
    """The clusters that this worker knows, each with its sources."""

    def __init__(
        self,
        read: ReadClusters,
        settings: Settings,
        repository: Repository,
        metrics: WorkerMetrics,
    ) -> None:
        self._read = read
        self._settings = settings
        self._repository = repository
        self._metrics = metrics
        self._sources: dict[str, ClusterSources] = {}
        self._refreshing = asyncio.Lock()
        self.problems: tuple[str, ...] = ()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        read: ReadClusters,
        settings: Settings,
        repository: Repository,
        metrics: WorkerMetrics,
    ) -> AsyncIterator[Self]:
        """The clusters as they are described now; see `refresh`. Raises SettingsError."""
        clusters = cls(read, settings, repository, metrics)
        try:
            await clusters.refresh()
            yield clusters
        finally:
            await _retire(clusters._sources.values())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._sources)

    async def refresh(self) -> None:
        """Open the sources of new and changed clusters, and close those of others that are gone.

        Raises SettingsError.
        """
        async with self._refreshing:
            described = await asyncio.to_thread(self._read)
            self.problems = tuple(problem.text for problem in described.problems)
            await self._replace(described)

    @asynccontextmanager
    async def use(self, cluster: str) -> AsyncIterator[ClusterSources]:
        """The sources of a cluster. Raises UnknownClusterError."""
        if cluster not in self._sources:
            # Another worker may have read a new file already.
            await self.refresh()
        sources = self._sources.get(cluster)
        if sources is None:
            raise UnknownClusterError(
                f"this worker does not know the cluster {cluster}: describe it in the settings of"
                " every worker of a task queue, or none"
            )
        async with sources.use():
            yield sources

    async def _replace(self, described: Clusters) -> None:
        before, now = self._sources, {}
        for name, cluster in described.by_name.items():
            sources = before.get(name)
            if sources is None or sources.cluster != cluster:
                if sources or before:
                    log.info("%s is %s", name, "changed" if sources else "a new cluster")
                sources = ClusterSources(cluster, self._settings, self._repository, self._metrics)
            now[name] = sources
        self._sources = now
        for name in before.keys() - now.keys():
            log.info("%s is not monitored any more", name)
        kept = set(now.values())
        await _retire(one for one in before.values() if one not in kept)


async def _retire(sources: Iterable[ClusterSources]) -> None:
    await asyncio.gather(*(one.retire() for one in sources))
