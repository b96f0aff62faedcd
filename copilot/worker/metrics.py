"""The worker's own metrics for Prometheus."""

from collections.abc import Iterable
from contextlib import AbstractContextManager

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from copilot.explain.assessment import Depth, Trigger
from copilot.explain.explanation import ExplainedBy
from copilot.health.decision import Decision, ScaleTier, State
from copilot.signals.snapshot import Absence, Snapshot

# Absences of a failed query; the others are results.
FAILED_QUERY = frozenset(
    {Absence.REFUSED, Absence.TIMED_OUT, Absence.SERVER_ERROR, Absence.BAD_ANSWER}
)


class WorkerMetrics:
    """The worker's own metrics; `copilot_store_retries_total` is in copilot.store.connections."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.registry = registry
        self._cycles = self._counter(
            "copilot_cycles",
            "Cycles by outcome: judged (a known state), unknown (no view) or failed (no decision)",
            "outcome",
        )
        for outcome in ("judged", "unknown", "failed"):
            self._cycles.labels(outcome)
        self._duration = Histogram(
            "copilot_cycle_duration_seconds",
            "From the time a cycle was due to its decision",
            buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60),
            registry=self.registry,
        )
        self._success = self._gauge(
            "copilot_last_success_timestamp_seconds",
            "Unix time of the last decision other than unknown",
        )
        self._state = self._gauge("copilot_health_state", "1 for the state of the cluster", "state")
        self._band = self._gauge(
            "copilot_scale_band", "1 for the scale tier of the cluster", "band"
        )
        self._gate = self._gauge("copilot_gate_fired", "1 for a rule that fired", "gate")
        self._notice = self._gauge(
            "copilot_notice", "Notices of a rule, which change no state; absent when none", "gate"
        )
        self._missing = self._gauge(
            "copilot_signal_missing", "1 for a signal that could not be read", "signal"
        )
        self._log_patterns = self._gauge(
            "copilot_log_pattern_count",
            "Lines of a log pattern that a service wrote since the last cycle; absent when none",
            "pattern",
            "service",
        )
        self._canary_steps = self._gauge(
            "copilot_canary_step_seconds",
            "Seconds of a canary's step, of the slowest since the last cycle; absent without one",
            "step",
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
        metrics, queues = snapshot.metrics, snapshot.queues
        for name, reading in metrics.readings.items():
            exported = reading.absence is not Absence.NOT_EXPORTED
            self._missing.labels(name).set(reading.is_missing and exported)
        failed = sum(reading.absence in FAILED_QUERY for reading in metrics.readings.values())
        self._query_errors.labels("prometheus").inc(failed or bool(metrics.source_absence))
        self._query_errors.labels("temporal").inc(len(queues.unanswered) or bool(queues.absence))
        self._canary_steps.clear()
        if (probe := snapshot.probe) and probe.canary:
            for step, seconds in probe.canary.steps.items():
                self._canary_steps.labels(step).set(seconds)
        if logs := snapshot.logs:
            self._query_errors.labels("loki").inc(len(logs.unanswered) or bool(logs.absence))

    def record_decision(self, decision: Decision, seconds: float) -> None:
        """Record a decision, `seconds` after its cycle was due."""
        known = decision.state is not State.UNKNOWN
        self._cycles.labels("judged" if known else "unknown").inc()
        self._duration.observe(max(0.0, seconds))
        if known:
            self._success.set(decision.at.timestamp())
        _choose(self._state, State, decision.state)
        _choose(self._band, ScaleTier, decision.band)
        self._gate.clear()
        fired = {gate.name for gate in decision.fired}
        for gate in decision.gates:
            self._gate.labels(gate.name).set(gate.name in fired)
        self._notice.clear()
        for notice in decision.notices:
            self._notice.labels(notice.name).inc()
        self._log_patterns.clear()
        for pattern in decision.log_patterns:
            self._log_patterns.labels(pattern.name, pattern.service).set(pattern.count)

    def count_failed_cycle(self) -> AbstractContextManager[None]:
        """Count the block as a failed cycle if it raises."""
        return self._cycles.labels("failed").count_exceptions()

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

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(name, documentation, labels, registry=self.registry)


def _choose(gauge: Gauge, values: Iterable[str], chosen: str | None) -> None:
    for value in values:
        gauge.labels(value).set(value == chosen)
