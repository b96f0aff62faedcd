"""The queries of a cycle, filled for one cluster and packed into few requests."""

from collections.abc import Iterable, Iterator, Mapping

from copilot.signals.catalog import CATALOG
from copilot.signals.cluster_queries import (
    ACTIVE_QUEUES,
    DEAD_LETTERS,
    DUPLICATES,
    LAST_SCRAPE,
    METRIC_NAMES,
    NAMESPACE_REFUSALS,
    NAMESPACE_REQUESTS,
    OUTCOMES,
    SELDOM_SCRAPED,
    TASK_FAILURES,
    fresh_targets,
)
from copilot.signals.instant_query import Answer
from copilot.signals.queries import Shape, fill
from copilot.signals.query_batch import QueryBatch
from copilot.signals.roles import Role
from copilot.signals.signal import Condition, Signal


class CycleQueries:
    """Two batches: `deciding` for what rules read, `explaining` for the other signals."""

    def __init__(
        self, cluster: str, *, short: float, long: float, scrape: float, stale_after: float
    ) -> None:
        self.cluster, self.short, self._long = cluster, short, long
        self.targets = fresh_targets(scrape, stale_after)
        whole_cluster = [
            (self.targets, LAST_SCRAPE, SELDOM_SCRAPED, DUPLICATES),
            (METRIC_NAMES,),
            (OUTCOMES, NAMESPACE_REFUSALS, NAMESPACE_REQUESTS, TASK_FAILURES, DEAD_LETTERS),
            (ACTIVE_QUEUES,),
        ]
        self.deciding = self._batch((*whole_cluster, *_by_role_and_shape()))
        self.explaining = self._batch(_by_condition())

    def fill(self, template: str) -> str:
        return fill(template, self.cluster, self.short, self._long)

    def answer(self, template: str, answers: Mapping[str, Answer]) -> Answer:
        """The answer to one template, from the answers to both batches."""
        expression = self.fill(template)
        batch = self.deciding if expression in self.deciding else self.explaining
        return batch.answer(expression, answers)

    def _batch(self, groups: Iterable[Iterable[str]]) -> QueryBatch:
        return QueryBatch([self.fill(template) for template in group] for group in groups)


def _by_role_and_shape() -> Iterator[list[str]]:
    deciding = [signal for signal in CATALOG if not signal.explains]
    for role in Role:
        for shape in Shape:
            if group := [s for s in deciding if s.role is role and s.query.shape is shape]:
                yield _templates(group)


def _by_condition() -> Iterator[list[str]]:
    for condition in Condition:
        yield _templates([s for s in CATALOG if s.explains and s.condition is condition])


def _templates(signals: Iterable[Signal]) -> list[str]:
    queries = [signal.query for signal in signals]
    return [q.promql for q in queries] + [q.count_promql for q in queries if q.count_promql]
