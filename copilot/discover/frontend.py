"""What a frontend says about its cluster, and which of the store's clusters that is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from temporalio.api.enums.v1 import NamespaceState
from temporalio.api.workflowservice.v1 import GetClusterInfoRequest, ListNamespacesRequest

from copilot.access.settings import TemporalAccess
from copilot.access.temporal import MonitoredTemporal
from copilot.discover.split import Part, Sureness
from copilot.signals.matchers import CANARY_NAMESPACE
from copilot.signals.monitored_frontend import (
    UnansweredError,
    answered,
    check_frontend,
    with_address,
)

MAX_NAMESPACES = 50
"""So many namespaces are listed; of a frontend that has more, all are proposed as `*`."""
_SECONDS = 10.0
_PAGE = 100
_INTERNAL = {"temporal-system", CANARY_NAMESPACE}
# The name in Temporal's own configurations, which most clusters keep.
_USUAL_NAME = "active"
_ALL, _FEWER, _MORE = "all", "fewer", "more"
_MOVING = 0.1
T = TypeVar("T")


@dataclass(frozen=True)
class FrontendFacts:
    """`shards` and `version` are 0 and empty where the frontend does not say them.

    `more` is whether there are more namespaces than `MAX_NAMESPACES`.
    """

    address: str
    cluster: str
    version: str
    shards: int
    namespaces: tuple[str, ...]
    more: bool = False


@dataclass(frozen=True)
class ServerFacts:
    """What the metrics of a cluster say about its servers; empty or None where nothing does."""

    versions: frozenset[str] = frozenset()
    shards: float | None = None


async def ask_frontend(address: str, access: TemporalAccess) -> FrontendFacts:
    """Raises AccessError, or UnansweredError, such as for a server of another product."""
    client = await MonitoredTemporal(address, access).client()
    await check_frontend(client, _SECONDS)
    try:
        info = await _answer(client.workflow_service.get_cluster_info, GetClusterInfoRequest())
        names: list[str] = []
        token = b""
        while len(names) <= MAX_NAMESPACES:
            request = ListNamespacesRequest(page_size=_PAGE, next_page_token=token)
            page = await _answer(client.workflow_service.list_namespaces, request)
            names += [
                one.namespace_info.name
                for one in page.namespaces
                if one.namespace_info.state == NamespaceState.NAMESPACE_STATE_REGISTERED
                and one.namespace_info.name not in _INTERNAL
            ]
            token = page.next_page_token
            if not token:
                break
    except UnansweredError as error:
        raise with_address(error, client) from error
    return FrontendFacts(
        address=address,
        cluster=info.cluster_name,
        version=info.server_version,
        shards=info.history_shard_count,
        namespaces=tuple(names[:MAX_NAMESPACES]),
        more=len(names) > MAX_NAMESPACES,
    )


async def _answer(call: Callable[..., Awaitable[T]], request: object) -> T:
    return await answered(call(request, timeout=timedelta(seconds=_SECONDS)), _SECONDS)


@dataclass(frozen=True)
class Match:
    """The part that a frontend belongs to, None where it cannot be told."""

    index: int | None
    sureness: Sureness = Sureness.GUESS
    reason: str = ""


def match(facts: FrontendFacts, parts: Sequence[Part], servers: Sequence[ServerFacts]) -> Match:
    """The one cluster of the store whose metrics agree with what the frontend says."""
    named = [index for index, part in enumerate(parts) if _is_named(part, facts.cluster)]
    if len(named) == 1:
        reason = f"the frontend's cluster is {facts.cluster}, as a label has it"
        return Match(named[0], Sureness.SURE, reason)
    same_version = [index for index, its in enumerate(servers) if _has_version(facts, its)]
    fitting = [index for index in same_version if _shares(facts, servers[index]) is _ALL]
    if len(fitting) == 1:
        return _fit(facts, fitting[0], servers)
    fewer = [index for index in same_version if _shares(facts, servers[index]) is _FEWER]
    if not fitting and len(fewer) == 1:
        shards = servers[fewer[0]].shards
        reason = f"its metrics have {shards:.0f} of the frontend's {facts.shards} history shards"
        return Match(fewer[0], Sureness.LIKELY, reason)
    if len(same_version) == len(servers) == 1:
        shards = servers[0].shards
        reason = (
            f"the store's only cluster has {shards:.0f} history shards and the frontend's"
            f" {facts.shards}: where its metrics are of two clusters, give each a label of its own,"
            " such as cluster, where it is scraped"
        )
        return Match(None, reason=reason)
    count = "no cluster" if not fitting else f"{len(fitting)} clusters"
    described = f"version {facts.version} and {facts.shards} history shards"
    return Match(None, reason=f"{count} of the store with its {described}")


def _fit(facts: FrontendFacts, index: int, servers: Sequence[ServerFacts]) -> Match:
    its = servers[index]
    known = [f"version {facts.version}"] if its.versions else []
    known += [f"{facts.shards} history shards"] if its.shards else []
    if not known:
        return Match(index, Sureness.LIKELY, "it is the only cluster of the store")
    only = "only its metrics have" if len(servers) > 1 else "its metrics have"
    sureness = Sureness.SURE if its.shards and len(servers) == 1 else Sureness.LIKELY
    return Match(index, sureness, f"{only} {' and '.join(known)}, too")


def _is_named(part: Part, cluster: str) -> bool:
    values = {value for _, its in part.selection for value in its}
    return cluster != _USUAL_NAME and cluster in values


def _has_version(facts: FrontendFacts, its: ServerFacts) -> bool:
    return not (its.versions and facts.version) or facts.version in its.versions


def _shares(facts: FrontendFacts, its: ServerFacts) -> str:
    """Whether the metrics have all shards of the frontend's cluster, fewer or more."""
    if not its.shards or not facts.shards:
        return _ALL
    # While shards move, two instances may count one, or none.
    if its.shards > facts.shards * (1 + _MOVING):
        return _MORE
    return _FEWER if its.shards < facts.shards * (1 - _MOVING) else _ALL
