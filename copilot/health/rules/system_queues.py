"""Temporal's own workflows that stand still: schedules, batch jobs and what the server runs."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.queue_drain import drains
from copilot.health.rules.queue_workers import has_pollers
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.matchers import PARENT_CLOSE_POLICY, PER_NAMESPACE, SYSTEM_WORKFLOWS
from copilot.signals.queue import QueueFacts, QueueKind
from copilot.signals.reading import Reading

_STANDS_STILL = {
    (PER_NAMESPACE, QueueKind.WORKFLOW): "schedules",
    (PER_NAMESPACE, QueueKind.ACTIVITY): "batch jobs",
    (SYSTEM_WORKFLOWS, QueueKind.WORKFLOW): "system workflows",
    (PARENT_CLOSE_POLICY, QueueKind.WORKFLOW): "parent close policies",
}


def check(inputs: RuleInputs) -> list[RuleResult]:
    """One result for each of these queues with tasks that wait; without schedules there is none."""
    return [
        _check(inputs, facts)
        for facts in inputs.snapshot.system_queues
        if facts.backlog and (facts.key.name, facts.key.kind) in _STANDS_STILL
    ]


def _check(inputs: RuleInputs, facts: QueueFacts) -> RuleResult:
    work = _STANDS_STILL[facts.key.name, facts.key.kind]
    name = f"{facts.key.full_name}: {work}"
    return apply_limit(
        RuleName.SYSTEM_QUEUE,
        Stage.STARVED,
        Severity.STRESSED,
        Reading.of(facts.backlog_age_seconds),
        inputs.thresholds.system_age_seconds,
        signal="system_backlog_age",
        # Many schedules that are due at once drain.
        armed=not drains(inputs, facts) or not has_pollers(inputs, facts),
        unit="s",
        subject=name,
        detail=f"{facts.backlog} tasks of {work} wait, {facts.add_rate:.2f}/s added, "
        f"{facts.dispatch_rate:.2f}/s dispatched, {facts.pollers} pollers",
        cause=Cause(kind=CauseKind.QUEUE, name=name),
    )
