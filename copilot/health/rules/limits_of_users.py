"""Namespaces that ask for more than their limit allows."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.snapshot import Reading


def check(inputs: RuleInputs) -> list[RuleResult]:
    """One result for each namespace of which requests were refused: the refused share."""
    thresholds = inputs.thresholds
    return [
        apply_limit(
            RuleName.NAMESPACE_LIMIT,
            Stage.FAILING,
            Severity.STRESSED,
            Reading.of(load.refused_rate / max(load.request_rate, load.refused_rate)),
            thresholds.namespace_refused_ratio,
            signal="refused_request_ratio",
            armed=load.refused_rate >= thresholds.namespace_refused_floor,
            unit="ratio",
            subject=load.namespace,
            detail=f"{load.refused_rate:.1f} of {load.request_rate:.1f} requests/s are refused",
            cause=Cause(kind=CauseKind.NAMESPACE, name=load.namespace),
        )
        for load in inputs.snapshot.metrics.refusals
        if load.refused_rate > 0
    ]
