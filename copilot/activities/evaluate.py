"""Evaluate a snapshot by the rules, and explain the decision by templates."""

from datetime import UTC, datetime

from temporalio import activity

from copilot.activities.models import EvaluateRequest, Evaluation
from copilot.explain.assessment import due
from copilot.explain.templates import explain
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.worker.health import WorkerHealth
from copilot.worker.metrics import WorkerMetrics


class EvaluateActivities:
    """Runs as a local activity: a changed rule must not break the replay of a recorded history."""

    def __init__(
        self,
        *,
        thresholds: Thresholds,
        metrics: WorkerMetrics,
        health: WorkerHealth,
        has_model: bool = False,
    ) -> None:
        self._thresholds = thresholds
        self._has_model = has_model
        self._metrics = metrics
        self._health = health

    # The name in recorded histories.
    @activity.defn(name="judge")
    async def evaluate_cycle(self, request: EvaluateRequest) -> Evaluation:
        self._metrics.record_snapshot(request.snapshot)
        with self._metrics.count_failed_cycle(request.snapshot.cluster):
            decision = evaluate(request.memory, request.snapshot, self._thresholds)
            explanation = explain(decision, request.snapshot)
            assessment = due(decision, request.assessed, has_model=self._has_model)
        self._metrics.record_decision(decision, (datetime.now(UTC) - request.begun).total_seconds())
        self._health.record_decision(decision)
        # The first cycle too: its line may say why there is no verdict yet.
        if decision.changed or decision.cycle == 1:
            activity.logger.info("%s (was %s)", explanation.summary, decision.previous_state)
        if assessment:
            self._metrics.count_assessment(assessment.trigger, explanation.explained_by)
        return Evaluation(decision=decision, explanation=explanation, assessment=assessment)
