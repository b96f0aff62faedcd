"""What the frontend says about its cluster, by which metrics of another cluster are recognised."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, GetClusterInfoRequest
from temporalio.client import Client

from copilot.signals.measurement import Measurement
from copilot.signals.monitored_frontend import UnansweredError, answered
from copilot.signals.reading import Absence

_ASKED = 3


@dataclass(frozen=True)
class Identity:
    """`shards` is the number of history shards, None where it is not known.

    `foreign_namespaces` are those in which workflows end by the metrics, when the frontend has none
    of them; empty where one exists, and where that is not known.
    """

    shards: int | None = None
    foreign_namespaces: tuple[str, ...] = ()


async def identify(
    client: Client,
    measurement: Measurement,
    monitored: Collection[str],
    seconds: float,
    *,
    rewritten: bool,
) -> Identity:
    """Ask the frontend; a call may take `seconds`.

    Without a call, `monitored` namespaces exist. With `rewritten` a name with `_` may be another
    one, so no namespace is asked for.
    """
    shards = await _history_shards(client, seconds)
    named = {outcome.namespace for outcome in measurement.outcomes}
    if named & {*monitored} or (rewritten and any("_" in name for name in named)):
        return Identity(shards)
    asked = tuple(sorted(named)[:_ASKED])
    return Identity(shards, asked if await _has_none(client, asked, seconds) else ())


async def _history_shards(client: Client, seconds: float) -> int | None:
    call = client.workflow_service.get_cluster_info(
        GetClusterInfoRequest(), timeout=timedelta(seconds=seconds)
    )
    try:
        return (await answered(call, seconds)).history_shard_count or None
    except UnansweredError:
        return None


async def _has_none(client: Client, namespaces: Sequence[str], seconds: float) -> bool:
    for name in namespaces:
        call = client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=name), timeout=timedelta(seconds=seconds)
        )
        try:
            await answered(call, seconds)
        except UnansweredError as error:
            if error.absence is Absence.NO_SERIES:
                continue
        return False
    return True
