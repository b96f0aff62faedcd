"""The activities of a cycle that use a cluster's sources; any worker of the task queue has them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity
from temporalio.exceptions import ApplicationError

from copilot.activities.models import CollectRequest
from copilot.activities.sources import ClusterSources, MonitoredClusters
from copilot.canary.models import ProbeRequest, ProbeResult
from copilot.errors import UnknownClusterError
from copilot.signals.snapshot import Snapshot

UNKNOWN_CLUSTER = "UnknownCluster"


class ClusterActivities:
    """Both raise an ApplicationError of type UNKNOWN_CLUSTER where this worker does not know it."""

    def __init__(self, clusters: MonitoredClusters) -> None:
        self._clusters = clusters

    # The name in recorded histories.
    @activity.defn(name="look")
    async def collect_snapshot(self, request: CollectRequest) -> Snapshot:
        async with self._sources(request.cluster) as sources:
            return await sources.collector.collect(request)

    @activity.defn(name="probe")
    async def probe(self, request: ProbeRequest) -> ProbeResult:
        async with self._sources(request.cluster) as sources:
            return await sources.prober.probe(request)

    @asynccontextmanager
    async def _sources(self, cluster: str) -> AsyncIterator[ClusterSources]:
        try:
            async with self._clusters.use(cluster) as sources:
                yield sources
        except UnknownClusterError as error:
            raise ApplicationError(str(error), type=UNKNOWN_CLUSTER) from error
