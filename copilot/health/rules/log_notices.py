"""Log patterns that deserve a look while no rule reads them: notices, never a state."""

from copilot.health.decision import RuleName, RuleResult, Severity, Stage
from copilot.health.log_evidence import log_patterns
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.log_patterns import LogSeverity
from copilot.signals.reading import Reading


def check(inputs: RuleInputs) -> list[RuleResult]:
    """One notice for each pattern of severity critical that a service logged."""
    return [
        apply_limit(
            RuleName.CRITICAL_LOG,
            Stage.PRESSURE,
            Severity.NOTICE,
            Reading.of(pattern.count),
            0,
            signal="log_lines",
            unit="lines",
            subject=f"{pattern.name} ({pattern.service})",
            detail=pattern.meaning,
        )
        for pattern in log_patterns(inputs.snapshot.logs)
        if pattern.severity is LogSeverity.CRITICAL
    ]
