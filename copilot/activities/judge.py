"""Judging a snapshot: the rules and their wording, outside the workflow's recorded commands."""

from datetime import UTC, datetime

from temporalio import activity

from copilot.activities.models import Judgement, JudgeRequest
from copilot.explain.assessment import due
from copilot.explain.templates import explain
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.own_health import OwnHealth
from copilot.self_metrics import SelfMetrics


class Judge:
    """Runs as a local activity: a rule that changes must not break the replay of old histories."""

    def __init__(
        self,
        *,
        thresholds: Thresholds,
        metrics: SelfMetrics,
        health: OwnHealth,
        has_model: bool = False,
    ) -> None:
        self._thresholds = thresholds
        self._has_model = has_model
        self._metrics = metrics
        self._health = health

    @activity.defn
    async def judge(self, request: JudgeRequest) -> Judgement:
        self._metrics.saw(request.snapshot)
        with self._metrics.count_failure():
            decision = evaluate(request.memory, request.snapshot, self._thresholds)
            explanation = explain(decision, request.snapshot)
            assessment = due(decision, request.assessed, has_model=self._has_model)
        self._metrics.judged(decision, (datetime.now(UTC) - request.begun).total_seconds())
        self._health.judged(decision)
        if decision.changed:
            activity.logger.info("%s (was %s)", explanation.summary, decision.previous_state)
        if assessment:
            self._metrics.assessed(assessment.trigger, explanation.explained_by)
        return Judgement(decision=decision, explanation=explanation, assessment=assessment)
