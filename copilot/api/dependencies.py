"""FastAPI dependencies of the routes: the application's parts, the cluster and its health."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query, Request

from copilot.api.cluster_health import ClusterHealth, determine_health
from copilot.api.clusters import DescribedClusters
from copilot.api.latest_cycle import LatestCycleCache
from copilot.api.metrics import Metrics
from copilot.settings import Settings
from copilot.store.repository import Repository


@dataclass(frozen=True)
class Context:
    settings: Settings
    repository: Repository
    latest_cycles: LatestCycleCache
    metrics: Metrics
    clusters: DescribedClusters

    async def health(self, cluster: str) -> ClusterHealth:
        """The cluster's health now. Raises StoreError."""
        latest = await self.latest_cycles.get(cluster)
        unknown_after = self.settings.unknown_after_seconds
        hint = await self.clusters.stale_hint(cluster)
        return determine_health(cluster, latest, datetime.now(UTC), unknown_after, hint)


# Asynchronous, because FastAPI runs other dependencies in its thread pool.
async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


AppContext = Annotated[Context, Depends(_context)]


async def _cluster(
    context: AppContext,
    cluster: Annotated[
        str | None,
        Query(
            description="name of the cluster; required when several are monitored",
            pattern=r"^[A-Za-z0-9_.-]{1,100}$",
        ),
    ] = None,
) -> str:
    return cluster or await context.clusters.only()


ClusterName = Annotated[str, Depends(_cluster)]


async def _health(context: AppContext, cluster: ClusterName) -> ClusterHealth:
    return await context.health(cluster)


CurrentHealth = Annotated[ClusterHealth, Depends(_health)]
