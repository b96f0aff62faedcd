"""The queries of a cycle, filled for one cluster and packed into few requests."""

from collections.abc import Iterable, Iterator, Mapping

from copilot.clusters.labels import DEFAULT, LabelMapping
from copilot.signals.catalog import CATALOG
from copilot.signals.cluster_queries import (
    DEAD_LETTERS,
    DROPPED,
    DUPLICATES,
    IDENTITIES,
    LARGEST,
    LAST_SCRAPE,
    NAMESPACE_REFUSALS,
    NAMESPACE_REQUESTS,
    NEWLY_SCRAPED,
    OVERSIZED,
    OWNED_SHARDS,
    ROLE_CALLS,
    ROLE_UNAVAILABLE,
    ROLES,
    SELDOM_SCRAPED,
    STORE_ERRORS,
    TASK_FAILURES,
    fresh_targets,
)
from copilot.signals.instant_query import Answer
from copilot.signals.naming import NAMES, Naming, find_naming
from copilot.signals.queries import Shape, fill
from copilot.signals.query_batch import QueryBatch
from copilot.signals.queue_queries import (
    ACTIVE_QUEUES,
    OUTCOMES,
    SUSPECTED_NAMESPACES,
    SUSPECTED_QUEUES,
)
from copilot.signals.roles import Role
from copilot.signals.signal import Condition, Signal
from copilot.signals.signal_names import SignalName as S
from copilot.signals.style import Style

NEWEST = frozenset(
    {
        S.UPDATE_LATENCY_P95,
        S.PERSISTENCE_LATENCY_P95,
        S.PERSISTENCE_ERROR_RATE,
        S.PERSISTENCE_REQUEST_RATE,
        S.STORE_WRITE_ERROR_RATE,
        S.STORE_WRITE_RATE,
        S.VISIBILITY_ERROR_RATE,
        S.VISIBILITY_REQUEST_RATE,
        S.HISTORY_QUEUE_LATENCY_P95,
        S.FRONTEND_LATENCY_P95,
        S.FRONTEND_ERROR_RATE,
        S.WORKFLOW_SUCCESS_RATE,
        S.WORKFLOW_FAILED_RATE,
        S.WORKFLOW_TASK_FAILURE_RATE,
    }
)
"""Signals that are also read over the newest scrapes, where the end of a trouble shows first."""
NEWEST_SCRAPES = 2
"""The fewest that have a rate; half of the short window holds them at the default cadence."""

NAMED = (
    OUTCOMES,
    SUSPECTED_QUEUES,
    SUSPECTED_NAMESPACES,
    NAMESPACE_REFUSALS,
    NAMESPACE_REQUESTS,
    TASK_FAILURES,
    DEAD_LETTERS,
    STORE_ERRORS,
    OVERSIZED,
    LARGEST,
    OWNED_SHARDS,
    ROLE_CALLS,
    ROLE_UNAVAILABLE,
)
"""Queries that name what has a problem."""


class CycleQueries:
    """Two batches: `deciding` for what rules read, `explaining` for the other signals."""

    def __init__(
        self,
        cluster: str,
        labels: LabelMapping = DEFAULT,
        *,
        short: float,
        long: float,
        scrape: float,
        stale_after: float,
        style: Style,
    ) -> None:
        self.cluster, self.labels, self.style = cluster, labels, style
        self.short, self._long = short, long
        self._newest = min(short, max(NEWEST_SCRAPES * scrape, short / 2))
        self.targets = fresh_targets(scrape, stale_after)
        whole_cluster = [
            [*map(self.fill, templates)]
            for templates in (
                (self.targets, LAST_SCRAPE, SELDOM_SCRAPED, DUPLICATES, DROPPED, IDENTITIES),
                (NAMES, ROLES),
                NAMED,
                (ACTIVE_QUEUES,),
            )
        ]
        whole_cluster[0].append(self.fill(NEWLY_SCRAPED, newest=True))
        whole_cluster[2].append(self.fill(NAMESPACE_REFUSALS, newest=True))
        self.deciding = QueryBatch([*whole_cluster, *self._by_role_and_shape()])
        self.explaining = QueryBatch(self._by_condition())

    def fill(self, template: str, *, newest: bool = False) -> str:
        """With `newest` every window is that of the newest scrapes."""
        short, long = (self._newest, self._newest) if newest else (self.short, self._long)
        return fill(template, self.cluster, short, long, self.style, labels=self.labels)

    @property
    def shown(self) -> str:
        """The cluster for messages: its name, and its matchers where these do not have the name."""
        matchers = self.labels.matcher
        return f'cluster "{self.cluster}"' + (f" ({matchers})" if matchers else "")

    def answer(
        self, template: str, answers: Mapping[str, Answer], *, newest: bool = False
    ) -> Answer:
        """The answer to one template, from the answers to both batches."""
        expression = self.fill(template, newest=newest)
        batch = self.deciding if expression in self.deciding else self.explaining
        return batch.answer(expression, answers)

    def naming(self, answers: Mapping[str, Answer]) -> Naming:
        """How the cluster names its metrics, in whatever style these queries are."""
        return find_naming(self.answer(NAMES, answers).samples, self.labels.namespace)

    def _by_role_and_shape(self) -> Iterator[list[str]]:
        deciding = [signal for signal in CATALOG if signal.supports or not signal.explains]
        for role in (*Role, None):
            for shape in Shape:
                group = [s for s in deciding if s.role is role and s.query.shape is shape]
                newest = [signal for signal in group if signal.name in NEWEST]
                if group:
                    yield [
                        *map(self.fill, _templates(group)),
                        *(self.fill(template, newest=True) for template in _templates(newest)),
                    ]

    def _by_condition(self) -> Iterator[list[str]]:
        explaining = [s for s in CATALOG if s.explains and not s.supports]
        for condition in Condition:
            group = [s for s in explaining if s.condition is condition]
            yield [*map(self.fill, _templates(group))]


def _templates(signals: Iterable[Signal]) -> list[str]:
    queries = [signal.query for signal in signals]
    return [q.promql for q in queries] + [q.count_promql for q in queries if q.count_promql]
