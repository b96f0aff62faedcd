"""What a metrics store is asked: first about all Temporal servers, then about one cluster."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from copilot.clusters.labels import LabelMapping
from copilot.discover import targets
from copilot.discover.frontend import ServerFacts
from copilot.discover.proposal import matcher
from copilot.discover.roles import NO_LABEL, RoleLabel, role_labels
from copilot.discover.split import Part
from copilot.discover.targets import Look
from copilot.errors import MetricsError
from copilot.health.decision import Decision, Memory, State
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.signals.instant_query import Sample
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.matchers import CANARY_NAMESPACE
from copilot.signals.measure import measure
from copilot.signals.naming import NAMES, Naming, find_naming
from copilot.signals.prometheus import MetricsClient
from copilot.signals.queries import fill
from copilot.signals.queue import QueueSurvey
from copilot.signals.snapshot import Snapshot
from copilot.signals.style import Style

DEFAULT_SCRAPE_SECONDS = 15.0
# A scrape more or less in a window must not make another interval of one.
_USUAL_SECONDS = (1.0, 2.0, 5.0, 10.0, DEFAULT_SCRAPE_SECONDS, 20.0, 30.0, 45.0, 60.0, 120.0, 300.0)
_SHORT, _LONG = 60.0, 300.0
_NO_TENANT = "no org id"
_NO_NAMESPACE = {"", "_unknown_", "unknown", "all", "_all_", "none"}
_INTERNAL = {"temporal-system", CANARY_NAMESPACE}


async def look(client: MetricsClient) -> Look:
    """What the store has of Temporal servers. Raises MetricsError."""
    return Look(
        lately=await samples(client, targets.LATELY),
        now=await samples(client, targets.NOW),
        up=await samples(client, targets.UP),
        namespaces=await samples(client, targets.NAMESPACES),
        own=await samples(client, targets.OWN),
        sdk=await samples(client, targets.SDK),
        has_alloy=bool(await samples(client, targets.ALLOY)),
    )


async def samples(client: MetricsClient, promql: str) -> tuple[Sample, ...]:
    """The answer to one query. Raises MetricsError with what to set."""
    answer = await client.query(promql)
    if not answer.absence:
        return answer.samples
    hint = ""
    if _NO_TENANT in answer.detail:
        hint = ": name the tenant, COPILOT_METRICS_HEADERS=X-Scope-OrgID=TENANT"
    raise MetricsError(answer.detail + hint)


async def roles_of(client: MetricsClient, part: Part) -> RoleLabel:
    """The label that tells roles, whose values no other target of the cluster has."""
    selecting = matcher(part.selection)
    for found in role_labels(part):
        value = found.values.replace("\\", "\\\\").replace('"', '\\"')
        others = (
            f'up{{{selecting},{found.label}=~"{value}"}} unless on (job, instance) {targets.ANY}'
        )
        if not await samples(client, f"group by ({found.label}) ({others})"):
            return found
    return NO_LABEL


@dataclass(frozen=True)
class ServerNames:
    """What the metrics of one cluster say: its servers, and the namespaces of its calls.

    `label` is the one with Temporal's namespace.
    """

    servers: ServerFacts
    namespaces: tuple[str, ...]
    label: str


async def names_of(client: MetricsClient, part: Part) -> ServerNames:
    """What the metrics of one cluster say about itself."""
    selecting = matcher(part.selection)
    versions = await samples(
        client,
        f'group by (build_version) ({{__name__=~"(.+_)?build_information",{selecting}}})',
    )
    shards = await samples(client, f'sum({{__name__=~"(.+_)?numshards_gauge",{selecting}}})')
    # Of calls to the store, some have a kind of caller in place of a namespace.
    found = await samples(
        client,
        "group by (namespace, exported_namespace) ({"
        f'__name__=~"(.+_)?service_requests(_total)?",service_name="frontend",{selecting}}})',
    )
    exported = any("exported_namespace" in sample.labels for sample in found)
    label = "exported_namespace" if exported else "namespace"
    return ServerNames(
        ServerFacts(
            frozenset(
                version.replace("_", ".")
                for sample in versions
                if (version := sample.labels.get("build_version", ""))
            ),
            shards[0].value if shards else None,
        ),
        tuple(sorted(_users(sample.labels.get(label, "") for sample in found))),
        label,
    )


def _users(namespaces: Iterable[str]) -> Iterable[str]:
    """Namespaces of users, also where a style writes `_` for other characters."""
    internal = {name.replace("-", "_") for name in _INTERNAL}
    return {
        name
        for name in namespaces
        if name not in _NO_NAMESPACE and name.replace("-", "_") not in internal
    }


@dataclass(frozen=True)
class Trial:
    """One evaluation of a cluster's metrics with the proposed labels, and how these are named.

    `style` is the naming's, or the default where it has none.
    """

    decision: Decision
    naming: Naming
    style: Style
    scrape_seconds: float

    @property
    def can_judge(self) -> bool:
        return self.decision.state is not State.UNKNOWN

    @property
    def is_slow(self) -> bool:
        """Whether the default short window does not hold two scrapes."""
        return 2 * self.scrape_seconds > _SHORT


async def judge(client: MetricsClient, name: str, labels: LabelMapping) -> Trial:
    """Measure once as a cycle does, and apply the rules, without what the frontend says."""
    known = KnownCluster(labels=labels)
    scrape = await _scrape_seconds(client, labels.metrics_of(name))
    short = max(_SHORT, 2 * scrape)
    measured = await measure(
        client,
        cluster=name,
        short=short,
        long=max(_LONG, short),
        scrape=scrape,
        stale_after=2 * scrape + 30,
        known=known,
    )
    snapshot = Snapshot(cluster=name, at=datetime.now(UTC), metrics=measured, queues=QueueSurvey())
    decision = evaluate(Memory(), snapshot, Thresholds())
    names = fill(NAMES, name, short, short, known.style, labels=labels)
    naming = find_naming(await samples(client, names), labels.namespace)
    return Trial(decision, naming, known.style, scrape)


async def _scrape_seconds(client: MetricsClient, selecting: str) -> float:
    """The longest scrape interval of a job, by how many samples the last minutes have.

    The default where the store does not have the job for so long.
    """
    intervals: dict[str, float] = {}
    for minutes in (1, 5):
        scrapes = f"count_over_time(up{{{selecting}}}[{minutes}m])"
        lasting = f"max by (job) ({scrapes} and up{{{selecting}}} offset {minutes}m)"
        for sample in await samples(client, f"{60 * minutes} / {lasting}"):
            intervals[sample.labels.get("job", "")] = sample.value
    longest = max(intervals.values(), default=DEFAULT_SCRAPE_SECONDS)
    return min(_USUAL_SECONDS, key=lambda usual: abs(math.log(usual / longest)))
