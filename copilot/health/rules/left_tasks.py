"""Tasks that no open workflow needs: what is left of workflows that have ended."""

from copilot.health.decision import RuleName, RuleResult, Severity, Stage
from copilot.health.rules import visibility
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.queue import QueueFacts
from copilot.signals.reading import Reading


def check(inputs: RuleInputs) -> list[RuleResult]:
    """One notice for each queue that has such tasks and no others."""
    return [
        apply_limit(
            RuleName.LEFT_TASKS,
            Stage.STARVED,
            Severity.NOTICE,
            Reading.of(float(facts.backlog)),
            0,
            signal="backlog",
            unit="tasks",
            subject=facts.key.label,
            detail=f"{facts.backlog} {facts.key.kind} tasks, the oldest for "
            f"{facts.backlog_age_seconds:.0f} s; no open workflow needs them",
        )
        for facts in inputs.snapshot.queues.queues
        if are_left(inputs, facts)
    ]


def are_left(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """Visibility knows of no open workflow, and has had the time to know of one."""
    if facts.needed is not False or facts.backlog == 0 or facts.add_rate > 0:
        return False
    known = facts.backlog_age_seconds > inputs.thresholds.visibility_lag_seconds
    return known and not any(result.fired for result in visibility.check(inputs))
