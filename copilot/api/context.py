"""What a route needs, and the parameters that several of them take."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query, Request

from copilot.api.metrics import Metrics
from copilot.api.newest import Newest
from copilot.api.verdict import Standing, standing
from copilot.settings import Settings
from copilot.store.repository import Repository


@dataclass(frozen=True)
class Context:
    settings: Settings
    repository: Repository
    newest: Newest
    metrics: Metrics

    async def standing(self, cluster: str) -> Standing:
        """The newest verdict as it holds now. Raises StoreError."""
        found = await self.newest.of(cluster)
        return standing(cluster, found, datetime.now(UTC), self.settings.unknown_after_seconds)


# Asynchronous, though nothing is awaited: others go through the thread pool.
async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


FromContext = Annotated[Context, Depends(_context)]


async def _cluster(
    context: FromContext,
    cluster: Annotated[
        str | None,
        Query(
            description="value of the `cluster` label; the configured one when absent",
            pattern=r"^[A-Za-z0-9_.-]{1,100}$",
        ),
    ] = None,
) -> str:
    return cluster or context.settings.cluster


ClusterName = Annotated[str, Depends(_cluster)]


async def _standing(context: FromContext, cluster: ClusterName) -> Standing:
    return await context.standing(cluster)


Present = Annotated[Standing, Depends(_standing)]
