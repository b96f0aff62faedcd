"""`/healthz`, `/readyz` and `/metrics`: the API's own process."""

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import Field

from copilot.api.cluster_list import ClusterEntry
from copilot.api.dependencies import AppContext, Context
from copilot.api.routes.clusters import entries
from copilot.errors import StoreError
from copilot.signals.reading import Frozen

router = APIRouter(tags=["process"])


class Process(Frozen):
    status: Literal["ok"] = "ok"


class Readiness(Frozen):
    """`reason` is empty when ready. `clusters` has the reason of each without a valid verdict."""

    ready: bool
    reason: str = ""
    clusters: dict[str, str] = Field(default_factory=dict)


@router.get("/healthz")
async def healthz() -> Process:
    """The process responds; independent of store and cluster."""
    return Process()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Not ready"}})
async def readyz(context: AppContext, response: Response) -> Readiness:
    """Ready: the store is readable and migrated, and a cluster has a verdict that is not old."""
    readiness = await _readiness(context)
    response.status_code = 200 if readiness.ready else 503
    return readiness


async def _readiness(context: Context) -> Readiness:
    try:
        await context.repository.ping()
        found = await entries(context)
    except StoreError as error:
        return Readiness(ready=False, reason=str(error))
    unready = {one.cluster: reason for one in found if (reason := _unready_reason(one))}
    if len(unready) < len(found):
        return Readiness(ready=True, clusters=unready)
    described = await context.clusters.now()
    problems = [problem.text for problem in described.problems]
    first = next(iter([*unready.values(), *problems]), "no cluster is described")
    return Readiness(ready=False, reason=first, clusters=unready)


def _unready_reason(cluster: ClusterEntry) -> str:
    """Why there is no verdict of the cluster, empty when there is one."""
    if cluster.reason or cluster.since:
        return cluster.reason
    return "no first verdict yet: no data from: " + ", ".join(one.name for one in cluster.causes)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(context: AppContext) -> Response:
    """Prometheus exposition: requests, latency, state and age of each cluster's last verdict."""
    try:
        states = {
            one.cluster: (one.health_state, one.data_age_seconds) for one in await entries(context)
        }
    except StoreError:
        # copilot_api_store_up is 0 then.
        context.metrics.set_states(await context.clusters.names(), None)
    else:
        context.metrics.set_states(states, states)
    return Response(context.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)
