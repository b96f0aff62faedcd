"""Task queues with work that no worker takes, as DescribeTaskQueue describes each."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Absence, QueueFacts, QueueKind, Reading

_ALL_QUEUES = "task queues"
_SHOWS_IN_WINDOW = 3  # tasks
_NEAR_LIMIT = 0.5


def check(inputs: RuleInputs) -> list[RuleResult]:
    """One result for each queue that is starved or unanswered; if none is, one for all together.

    The latter has the age of the oldest backlog.
    """
    survey, limit = inputs.snapshot.queues, inputs.thresholds.starved_age_seconds
    if survey.absence:
        return [_result(Reading.missing(survey.absence, survey.detail), limit, _ALL_QUEUES)]
    starved = [facts for facts in survey.queues if is_starved(inputs, facts)]
    results = []
    for facts in sorted(starved, key=lambda facts: -facts.backlog_age_seconds):
        detail = (
            f"{facts.key.kind} tasks: backlog {facts.backlog}, {facts.add_rate:.2f}/s added, "
            f"{facts.dispatch_rate:.2f}/s dispatched, {facts.pollers} pollers: "
            f"{worker_state(inputs, facts)}"
        )
        age = Reading.of(max(facts.backlog_age_seconds, limit + 0.001))
        results.append(_result(age, limit, facts.key.full_name, detail, facts.key.kind))
    for key in survey.unanswered:
        age = Reading.missing(Absence.TIMED_OUT, "DescribeTaskQueue did not answer")
        # On a busy cluster single answers are late: not yet blindness while others come.
        once = bool(survey.queues) and inputs.now.unanswered_queues.get(key.label, 0) == 1
        severity = Severity.NOTICE if once else Severity.STRESSED
        results.append(_result(age, limit, key.full_name, kind=key.kind, severity=severity))
    if not results:
        oldest = max((facts.backlog_age_seconds for facts in survey.queues), default=0.0)
        detail = f"{len(survey.queues)} queues, each polled or empty"
        results.append(_result(Reading.of(oldest), limit, _ALL_QUEUES, detail, armed=False))
    return results


def is_starved(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """Tasks wait too long, and no poller is alive or nothing is dispatched.

    Not while a limit of its users or full workers explain it: these are notices.
    """
    limit = inputs.thresholds.starved_age_seconds
    waits = facts.backlog > 0 and facts.backlog_age_seconds > limit
    stands = facts.dispatch_rate == 0 or not has_pollers(inputs, facts)
    return waits and stands and not (is_limited(inputs, facts) or is_busy(inputs, facts))


def is_limited(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """Users limit the queue, it is polled, and its tasks leave at about that rate."""
    if facts.rate_limit is None or not has_pollers(inputs, facts):
        return False
    # Seldom tasks may not show in the server's window at all.
    in_window = facts.rate_limit * inputs.thresholds.dispatch_window_seconds
    return in_window < _SHOWS_IN_WINDOW or facts.dispatch_rate >= _NEAR_LIMIT * facts.rate_limit


def is_busy(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """The workers' own metrics show that all slots of this kind are taken."""
    names = {
        QueueKind.WORKFLOW: (S.WORKFLOW_SLOTS_AVAILABLE, S.WORKFLOW_SLOTS_USED),
        QueueKind.ACTIVITY: (S.ACTIVITY_SLOTS_AVAILABLE, S.ACTIVITY_SLOTS_USED),
    }
    free, used = (inputs.reading(name).value for name in names[facts.key.kind])
    return facts.pollers > 0 and free == 0 and (used or 0) > 0


def worker_state(inputs: RuleInputs, facts: QueueFacts) -> str:
    """What is known of a queue's workers, in words."""
    if facts.pollers == 0:
        return "nobody polls it"
    if not has_pollers(inputs, facts) and facts.last_poll is not None:
        minutes = (inputs.snapshot.at - facts.last_poll).total_seconds() / 60
        if is_busy(inputs, facts):
            return f"no poll for {minutes:.0f} min: all slots of its workers are busy"
        return f"no poll for {minutes:.0f} min: its workers are gone, or all their slots are busy"
    return "its workers do not keep up" if facts.dispatch_rate else "its workers take nothing"


def has_pollers(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """The server lists a poller for minutes after it left: only a recent poll counts."""
    if facts.pollers == 0 or facts.last_poll is None:
        return facts.pollers > 0
    age = (inputs.snapshot.at - facts.last_poll).total_seconds()
    return age <= inputs.thresholds.poller_gone_seconds


def _result(
    age: Reading,
    limit: float,
    queue: str,
    detail: str = "",
    kind: QueueKind | None = None,
    *,
    armed: bool = True,
    severity: Severity = Severity.STRESSED,
) -> RuleResult:
    return apply_limit(
        RuleName.STARVED_QUEUE,
        Stage.STARVED,
        severity,
        age,
        limit,
        signal="backlog_age",
        armed=armed,
        unit="s",
        subject=f"{queue} ({kind})" if kind else queue,
        detail=detail,
        cause=Cause(kind=CauseKind.QUEUE, name=queue),
    )
