"""Tasks of a worker version that nobody polls, while other versions are served on the queue."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.left_tasks import are_left
from copilot.health.rules.queue_workers import has_pollers, is_busy, is_recent
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.queue import UNVERSIONED, QueueFacts, VersionBacklog
from copilot.signals.reading import Reading


def check(inputs: RuleInputs) -> list[RuleResult]:
    """One result for each version of a queue whose tasks wait without a worker."""
    return [
        _result(inputs, facts, unpolled)
        for facts in inputs.snapshot.queues.queues
        if facts.backlog
        for unpolled in unpolled_versions(inputs, facts)
    ]


def unpolled_versions(inputs: RuleInputs, facts: QueueFacts) -> tuple[VersionBacklog, ...]:
    """The versions whose tasks are late and which nobody polls, or takes tasks of; oldest first.

    None where nobody polls the queue at all: then it is starved.
    """
    limit = inputs.thresholds.starved_age_seconds
    late = facts.backlog > 0 and facts.backlog_age_seconds > limit
    if not late or not has_pollers(inputs, facts):
        return ()
    if is_busy(inputs, facts) or are_left(inputs, facts):
        return ()
    unpolled = [
        one
        for one in facts.versions
        if one.backlog
        and one.age_seconds > limit
        and (one.dispatch_rate == 0 or not _is_polled(inputs, facts, one.version))
    ]
    routed = facts.current_version or UNVERSIONED
    # Of the backlogs only those of versions are known, and only where the server was asked.
    rest = facts.backlog - sum(one.backlog for one in facts.versions)
    asked = bool(facts.versions) and routed != UNVERSIONED
    if rest > 0 and not asked and not _is_polled(inputs, facts, routed):
        unpolled.append(
            VersionBacklog(
                version=routed,
                backlog=rest,
                age_seconds=facts.backlog_age_seconds,
                dispatch_rate=0,
            )
        )
    return tuple(sorted(unpolled, key=lambda one: -one.age_seconds))


def _is_polled(inputs: RuleInputs, facts: QueueFacts, version: str) -> bool:
    if not facts.version_polls:  # a snapshot of an earlier version, which knew versions alone
        known = facts.polled_versions
        return known is None or version == UNVERSIONED or version in known
    last = facts.version_polls.get(version)
    return last is not None and is_recent(inputs, last)


def _result(inputs: RuleInputs, facts: QueueFacts, unpolled: VersionBacklog) -> RuleResult:
    where, last = facts.key.full_name, facts.version_polls.get(unpolled.version)
    workers = "nobody polls that version"
    if last and is_recent(inputs, last):
        workers = "its workers take nothing"
    elif last:
        minutes = (inputs.snapshot.at - last).total_seconds() / 60
        workers = f"nobody has polled that version for {minutes:.0f} min"
    return apply_limit(
        RuleName.VERSION_UNPOLLED,
        Stage.STARVED,
        Severity.STRESSED,
        Reading.of(float(unpolled.backlog)),
        0,
        signal="version_backlog",
        unit="tasks",
        subject=facts.key.label,
        detail=f"{facts.key.kind} tasks of version {unpolled.version} wait on {where}, the oldest "
        f"for {unpolled.age_seconds:.0f} s, and {workers}",
        cause=Cause(kind=CauseKind.VERSION, name=f"{where} {unpolled.version}"),
    )
