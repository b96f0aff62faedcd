"""Series that the metrics store has several times: every rate is too high by as much."""

from copilot.health.decision import RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.reading import Reading

_NAMED = 5


def check(inputs: RuleInputs) -> list[RuleResult]:
    """A notice when instances have several `up` series."""
    duplicates = inputs.snapshot.metrics.duplicates
    if not duplicates:
        return []
    return [
        apply_limit(
            RuleName.DUPLICATED_SERIES,
            Stage.PRESSURE,
            Severity.NOTICE,
            Reading.of(len(duplicates)),
            0,
            signal="duplicated_instances",
            unit="instances",
            detail=", ".join(duplicates[:_NAMED]),
        )
    ]
