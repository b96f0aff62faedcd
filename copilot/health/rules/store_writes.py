"""A store that takes no writes: full, read-only, or out of connections."""

from copilot.health.decision import RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import PERSISTENCE, RuleInputs, apply_limit, share_of_requests
from copilot.health.store_faults import described, stopping_lines
from copilot.signals.reading import Reading
from copilot.signals.signal_names import SignalName as S


def check(inputs: RuleInputs) -> list[RuleResult]:
    """Stressed when writes are refused for some cycles, however few they are."""
    if not inputs.measures(S.STORE_WRITE_RATE, S.STORE_WRITE_ERROR_RATE):
        return []
    thresholds = inputs.thresholds
    lasts = inputs.now.writes_refused >= thresholds.store_write_cycles
    detail = described(inputs.snapshot)
    errors = inputs.reading(S.STORE_WRITE_ERROR_RATE).value or 0.0
    writes = (S.STORE_WRITE_ERROR_RATE, S.STORE_WRITE_RATE)
    failed = apply_limit(
        RuleName.STORE_WRITES,
        Stage.FAILING,
        Severity.STRESSED,
        inputs.derived(share_of_requests, *writes),
        thresholds.store_write_error_ratio,
        newest=inputs.derived_newest(share_of_requests, *writes),
        signal="store_write_error_ratio",
        armed=lasts and errors > thresholds.store_write_error_floor,
        unit="ratio",
        detail=detail,
        cause=PERSISTENCE,
    )
    logged = [
        apply_limit(
            RuleName.STORE_WRITES,
            Stage.FAILING,
            Severity.STRESSED,
            Reading.of(lines),
            0,
            signal="log_lines",
            armed=lasts and errors > 0 and not failed.fired,
            unit="lines",
            subject=kind,
            detail=detail,
            cause=PERSISTENCE,
        )
        for kind, lines in stopping_lines(inputs.snapshot).items()
    ]
    return [failed, *logged]
