"""Namespaces that ask for more than their limit allows."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import RuleInputs, apply_limit, share_of_requests
from copilot.signals.measurement import NamespaceLoad
from copilot.signals.reading import Reading


def check(inputs: RuleInputs) -> list[RuleResult]:
    """One result for each namespace of which requests were refused: the refused share."""
    return [
        _check(inputs, load) for load in inputs.snapshot.metrics.refusals if load.refused_rate > 0
    ]


def _check(inputs: RuleInputs, load: NamespaceLoad) -> RuleResult:
    thresholds, newly = inputs.thresholds, load.newly_refused_rate
    return apply_limit(
        RuleName.NAMESPACE_LIMIT,
        Stage.FAILING,
        Severity.STRESSED,
        Reading.of(share_of_requests(load.refused_rate, load.request_rate)),
        thresholds.namespace_refused_ratio,
        newest=None if newly is None else Reading.of(share_of_requests(newly, load.request_rate)),
        signal="refused_request_ratio",
        armed=load.refused_rate >= thresholds.namespace_refused_floor,
        unit="ratio",
        subject=load.namespace,
        detail=f"{load.refused_rate:.1f} of {load.request_rate:.1f} requests/s are refused",
        cause=Cause(kind=CauseKind.NAMESPACE, name=load.namespace),
    )
