"""Samples that are scraped and not kept: a counter that is missing then reads as 0 unproven."""

from copilot.health.decision import RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.reading import Reading


def check(inputs: RuleInputs) -> list[RuleResult]:
    """A notice for each job of which not all scraped samples are kept."""
    return [
        apply_limit(
            RuleName.DROPPED_SAMPLES,
            Stage.PRESSURE,
            Severity.NOTICE,
            Reading.of(one.share),
            0,
            signal="dropped_sample_ratio",
            unit="ratio",
            subject=one.job,
            detail="among them may be counters that read as 0 when they are missing",
        )
        for one in inputs.snapshot.metrics.dropped
    ]
