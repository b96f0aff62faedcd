"""The visibility store: lists and counts fail or are late while workflows run."""

from copilot.health.decision import RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import VISIBILITY, RuleInputs, apply_limit, share_of_requests
from copilot.signals.signal_names import SignalName as S


def check(inputs: RuleInputs) -> list[RuleResult]:
    if not inputs.measures(S.VISIBILITY_ERROR_RATE, S.VISIBILITY_REQUEST_RATE):
        return []
    thresholds, errors = inputs.thresholds, inputs.reading(S.VISIBILITY_ERROR_RATE)
    of_requests = (S.VISIBILITY_ERROR_RATE, S.VISIBILITY_REQUEST_RATE)
    return [
        apply_limit(
            RuleName.VISIBILITY_ERRORS,
            Stage.FAILING,
            Severity.STRESSED,
            inputs.derived(share_of_requests, *of_requests),
            thresholds.visibility_error_ratio_stressed,
            newest=inputs.derived_newest(share_of_requests, *of_requests),
            signal="visibility_error_ratio",
            armed=(errors.value or 0) >= thresholds.persistence_error_floor,
            unit="ratio",
            detail=f"{errors.value:.2f} errors/s" if errors.value is not None else "",
            cause=VISIBILITY,
        ),
        apply_limit(
            RuleName.VISIBILITY_LAG,
            Stage.PRESSURE,
            Severity.NOTICE,
            inputs.reading(S.VISIBILITY_LAG_P95),
            thresholds.visibility_lag_seconds,
            signal=S.VISIBILITY_LAG_P95,
            unit="s",
            cause=VISIBILITY,
        ),
    ]
