"""The dead letter queue: history tasks that the server gave up."""

from copilot.health.decision import RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import HISTORY, RuleInputs, apply_limit
from copilot.signals.signal_names import SignalName as S


def check(inputs: RuleInputs) -> list[RuleResult]:
    """Stressed while tasks are put into it; a notice while it is not empty."""
    if not inputs.measures(S.DEAD_LETTERS_WRITTEN, S.DEAD_LETTERS_WAITING):
        return []
    thresholds = inputs.thresholds
    categories = ", ".join(one.category for one in inputs.snapshot.metrics.dead_letters)
    return [
        apply_limit(
            RuleName.DEAD_LETTERS,
            Stage.FAILING,
            severity,
            inputs.reading(signal),
            limit,
            signal=signal,
            unit="tasks",
            detail=detail,
            cause=HISTORY,
        )
        for severity, signal, limit, detail in (
            (
                Severity.STRESSED,
                S.DEAD_LETTERS_WRITTEN,
                thresholds.dead_letters_written,
                f"category: {categories}" if categories else "",
            ),
            (
                Severity.NOTICE,
                S.DEAD_LETTERS_WAITING,
                thresholds.dead_letters_waiting,
                "counted every 3 hours",
            ),
        )
    ]
