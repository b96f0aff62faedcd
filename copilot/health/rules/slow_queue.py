"""Task queues whose workers do not keep up, are full or limited.

Judged by age and by growth against drain, as DescribeTaskQueue describes each queue.
"""

from collections.abc import Iterator

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.left_tasks import are_left
from copilot.health.rules.queue_drain import drains
from copilot.health.rules.queue_workers import is_busy, is_limited, slots_used
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.health.rules.starved_queue import is_starved
from copilot.health.rules.worker_versions import unpolled_versions
from copilot.signals.queue import QueueFacts, QueueKind
from copilot.signals.reading import Reading
from copilot.signals.signal_names import SignalName as S

_MANY = 0.5  # of the tasks that leave within the limit


def check(inputs: RuleInputs) -> list[RuleResult]:
    """One result for each queue that deserves one, oldest task first."""
    facts = sorted(inputs.snapshot.queues.queues, key=lambda one: -one.backlog_age_seconds)
    return [result for one in facts for result in _check(inputs, one)]


def _check(inputs: RuleInputs, facts: QueueFacts) -> Iterator[RuleResult]:
    thresholds = inputs.thresholds
    if facts.backlog == 0:
        return
    late = facts.backlog_age_seconds > thresholds.starved_age_seconds
    if unpolled_versions(inputs, facts) or are_left(inputs, facts):
        return
    if late and is_limited(inputs, facts):
        detail = f"limited to {facts.rate_limit:.3g}/s by configuration"
        yield _result(facts, RuleName.LIMITED_QUEUE, detail, severity=Severity.NOTICE)
    elif late and facts.dispatch_rate == 0 and is_busy(inputs, facts):
        detail = "all slots of its workers are busy"
        # More wait than the slots that are in use could take next.
        if facts.backlog > slots_used(inputs, facts) and is_slow(inputs, facts):
            yield _result(facts, RuleName.SLOW_QUEUE, detail)
        else:
            yield _result(facts, RuleName.BUSY_WORKERS, detail, severity=Severity.NOTICE)
    elif not is_starved(inputs, facts) and is_slow(inputs, facts):
        yield _result(facts, RuleName.SLOW_QUEUE, "workers do not keep up")


def is_slow(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """The oldest task is late, or all workers are full, and the backlog's end is not in sight."""
    thresholds, is_workflow = inputs.thresholds, facts.key.kind is QueueKind.WORKFLOW
    limit = thresholds.slow_workflow_age_seconds if is_workflow else thresholds.slow_age_seconds
    # A few tasks that are a little older than the limit are a tail that just drained.
    is_tail = facts.backlog < _MANY * limit * facts.dispatch_rate
    is_tail = is_tail and facts.backlog_age_seconds <= thresholds.slow_age_seconds
    late = facts.backlog_age_seconds > limit and not is_tail
    return (late or (is_workflow and _workers_are_full(inputs))) and not drains(inputs, facts)


def _workers_are_full(inputs: RuleInputs) -> bool:
    """Workflow tasks wait for seconds while next to no slot is free."""
    wait = inputs.reading(S.WORKFLOW_SCHEDULE_TO_START_P95).value or 0.0
    free = inputs.reading(S.WORKFLOW_SLOTS_AVAILABLE).value
    used = inputs.reading(S.WORKFLOW_SLOTS_USED).value or 0.0
    full = free is not None and free <= inputs.thresholds.full_slots_ratio * (free + used)
    return full and wait > inputs.thresholds.slow_wait_p95


def _result(
    facts: QueueFacts,
    name: RuleName,
    detail: str,
    *,
    severity: Severity = Severity.STRESSED,
) -> RuleResult:
    rates = (
        f"{facts.backlog} {facts.key.kind} tasks wait, {facts.add_rate:.2f}/s added, "
        f"{facts.dispatch_rate:.2f}/s dispatched"
    )
    return apply_limit(
        name,
        Stage.STARVED,
        severity,
        Reading.of(float(facts.backlog)),
        0,
        signal="backlog",
        unit="tasks",
        subject=facts.key.label,
        detail=f"{detail}: {rates}, the oldest for {facts.backlog_age_seconds:.0f} s",
        cause=Cause(kind=CauseKind.QUEUE, name=facts.key.full_name),
    )
