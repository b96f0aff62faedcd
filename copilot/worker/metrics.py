"""The worker's own metrics for Prometheus."""

import time
from collections import Counter as Counted
from collections.abc import Callable
from contextlib import AbstractContextManager

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from copilot.explain.assessment import Depth, Trigger
from copilot.explain.explanation import ExplainedBy
from copilot.health.decision import Decision, ScaleTier, State
from copilot.signals.reading import Absence
from copilot.signals.snapshot import Snapshot
from copilot.worker.cluster_gauges import ClusterGauges

# Absences of a failed query; the others are results.
FAILED_QUERY = frozenset(
    {Absence.REFUSED, Absence.TIMED_OUT, Absence.SERVER_ERROR, Absence.BAD_ANSWER}
)


class WorkerMetrics:
    """The worker's own metrics; `copilot_store_retries_total` is in copilot.store.connections."""

    def __init__(
        self,
        registry: CollectorRegistry = REGISTRY,
        *,
        late_after_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Gauges of a cluster without a cycle here for `late_after_seconds` are left out."""
        self.registry = registry
        self._gauges = ClusterGauges(late_after_seconds, clock)
        registry.register(self._gauges)
        self._cycles = self._counter(
            "copilot_cycles",
            "Cycles by outcome: judged (a known state), unknown (no view) or failed (no decision)",
            "cluster",
            "outcome",
        )
        self._duration = Histogram(
            "copilot_cycle_duration_seconds",
            "From the time a cycle was due to its decision",
            buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60),
            registry=self.registry,
        )
        self._query_errors = self._counter(
            "copilot_query_errors",
            "Failed queries, by source: prometheus, loki, temporal or store",
            "source",
        )
        for source in ("prometheus", "loki", "temporal", "store"):
            self._query_errors.labels(source)
        self._assessments = self._counter(
            "copilot_assessments",
            "Assessments, by trigger and by author",
            "trigger",
            "explained_by",
        )
        self._calls = self._counter(
            "copilot_llm_calls", "Calls to a model: explained or failed", "depth", "outcome"
        )
        self._tokens = self._counter(
            "copilot_llm_tokens", "Tokens that models used", "depth", "direction"
        )
        self._cost = self._counter(
            "copilot_llm_cost_usd", "Cost of models by list prices, where known", "depth"
        )

    def record_snapshot(self, snapshot: Snapshot) -> None:
        """Count the readings that are missing, and record the canary's steps."""
        metrics, queues, cluster = snapshot.metrics, snapshot.queues, snapshot.cluster
        for outcome in ("judged", "unknown", "failed"):
            self._cycles.labels(cluster, outcome)
        self._gauges.missing.set(
            cluster,
            {
                (name,): reading.is_missing and reading.absence is not Absence.NOT_EXPORTED
                for name, reading in metrics.readings.items()
            },
        )
        failed = sum(reading.absence in FAILED_QUERY for reading in metrics.readings.values())
        self._query_errors.labels("prometheus").inc(failed or bool(metrics.source_absence))
        self._query_errors.labels("temporal").inc(len(queues.unanswered) or bool(queues.absence))
        canary = snapshot.probe.canary if snapshot.probe else None
        steps = canary.steps if canary else {}
        self._gauges.canary_steps.set(cluster, {(step,): value for step, value in steps.items()})
        if logs := snapshot.logs:
            self._query_errors.labels("loki").inc(len(logs.unanswered) or bool(logs.absence))

    def record_decision(self, decision: Decision, seconds: float) -> None:
        """Record a decision, `seconds` after its cycle was due."""
        cluster, gauges = decision.cluster, self._gauges
        known = decision.state is not State.UNKNOWN
        self._cycles.labels(cluster, "judged" if known else "unknown").inc()
        self._duration.observe(max(0.0, seconds))
        if known:
            gauges.success.set(cluster, {(): decision.at.timestamp()})
        gauges.state.set(cluster, {(state,): state is decision.state for state in State})
        gauges.band.set(cluster, {(band,): band is decision.band for band in ScaleTier})
        fired = {gate.name for gate in decision.fired}
        gauges.gate.set(cluster, {(gate.name,): gate.name in fired for gate in decision.gates})
        notices = Counted(notice.name for notice in decision.notices)
        gauges.notice.set(cluster, {(name,): count for name, count in notices.items()})
        gauges.log_patterns.set(
            cluster,
            {(pattern.name, pattern.service): pattern.count for pattern in decision.log_patterns},
        )

    def count_failed_cycle(self, cluster: str) -> AbstractContextManager[None]:
        """Count the block as a failed cycle if it raises."""
        return self._cycles.labels(cluster, "failed").count_exceptions()

    def count_store_failure(self) -> None:
        """Count a failed query of the store."""
        self._query_errors.labels("store").inc()

    def count_assessment(self, trigger: Trigger, explained_by: ExplainedBy) -> None:
        """Count an assessment; a model's reading counts a second time, as the model's."""
        self._assessments.labels(trigger, explained_by).inc()

    def count_model_call(
        self,
        depth: Depth,
        *,
        requests: int,
        input_tokens: int,
        output_tokens: int,
        cost_usd: float | None,
        failed: bool,
    ) -> None:
        """Count the calls of the model of that depth; all but the last failed."""
        self._calls.labels(depth, "failed").inc(requests - 1)
        self._calls.labels(depth, "failed" if failed else "explained").inc()
        self._tokens.labels(depth, "input").inc(input_tokens)
        self._tokens.labels(depth, "output").inc(output_tokens)
        self._cost.labels(depth).inc(cost_usd or 0)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(name, documentation, labels, registry=self.registry)
