"""Task queues with work that no worker takes, as DescribeTaskQueue describes each."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.left_tasks import are_left
from copilot.health.rules.queue_workers import has_pollers, is_busy, is_limited, worker_state
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.health.rules.worker_versions import unpolled_versions
from copilot.health.silent_workers import are_silent
from copilot.signals.queue import QueueFacts, QueueKind
from copilot.signals.reading import Absence, Reading

_ALL_QUEUES = "task queues"


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

    Not where a limit of its users, full workers or a version without workers explain it, or where
    nobody needs the tasks: these have rules of their own.
    """
    thresholds = inputs.thresholds
    if not are_silent(facts, inputs.snapshot.at, thresholds):
        if facts.backlog == 0 or facts.backlog_age_seconds <= thresholds.starved_age_seconds:
            return False
        if facts.dispatch_rate and has_pollers(inputs, facts):
            return False
    return not (
        is_limited(inputs, facts)
        or is_busy(inputs, facts)
        or are_left(inputs, facts)
        or unpolled_versions(inputs, facts)
    )


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
