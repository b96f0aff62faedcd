"""The rules' explanation: every sentence follows from the results of the rules."""

from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest

from copilot.explain.explanation import Action, ActionType, Explanation, Issue, Notice
from copilot.explain.guides import GUIDES
from copilot.health.decision import (
    Bottleneck,
    Decision,
    RuleResult,
    State,
    strongest,
    with_unit,
)
from copilot.health.root_cause import root_first
from copilot.signals.reading import Absence, Reading
from copilot.signals.signal_names import SignalName
from copilot.signals.snapshot import Snapshot

MAX_ACTIONS = 5

REASONS = {
    Absence.NO_OBSERVATIONS: "nothing was observed",
    Absence.NO_SERIES: "no such series",
    Absence.NOT_EXPORTED: "it is not exported here",
    Absence.STALE: "the newest sample is too old",
    Absence.NOT_A_NUMBER: "the answer is not a number",
    Absence.REFUSED: "the connection was refused",
    Absence.DENIED: "access is denied",
    Absence.TIMED_OUT: "no answer in time",
    Absence.SERVER_ERROR: "the source returned an error",
    Absence.BAD_ANSWER: "the answer could not be read",
}

BOTTLENECKS = {
    Bottleneck.NONE: "",
    Bottleneck.SERVER: " The server limits it, not its users' workers.",
    Bottleneck.WORKER: " Its users' workers limit it, not the server.",
    Bottleneck.MIXED: " Both the server and its users' workers limit it.",
}


def explain(decision: Decision, snapshot: Snapshot) -> Explanation:
    """What is affected, the evidence with numbers, likely causes and next checks."""
    results = decision.fired or tuple(
        rule for rule in decision.gates if rule.unread and decision.state is State.UNKNOWN
    )
    shown = strongest(root_first(results))
    issues = tuple(_issue(rule) for rule in shown)
    return Explanation(
        summary=_summary(decision, snapshot, issues) + _missing(decision),
        issues=issues,
        notices=tuple(_notice(rule) for rule in strongest(decision.notices)),
        actions=tuple(islice(_actions(shown, issues), MAX_ACTIONS)),
    )


def _issue(rule: RuleResult) -> Issue:
    subject = rule.subject
    guide = GUIDES[rule.name]
    unread = rule.unread and not rule.fired
    title = f"Cannot read {rule.signal}" if unread else guide.title.format(subject=subject)
    affects = (
        "This rule could not be applied, so its problem may exist."
        if unread
        else guide.affects.format(subject=subject)
    )
    return Issue(
        gate=rule.name,
        subject=subject,
        severity=rule.severity,
        title=title,
        description=f"{affects} Evidence: {evidence(rule)}.",
        likely_causes=tuple(cause.format(subject=subject) for cause in guide.likely_causes),
        next_checks=tuple(check.format(subject=subject) for check in guide.next_checks),
    )


def _notice(rule: RuleResult) -> Notice:
    guide = GUIDES[rule.name]
    return Notice(
        gate=rule.name,
        subject=rule.subject,
        title=guide.title.format(subject=rule.subject),
        description=f"{guide.affects.format(subject=rule.subject)} Evidence: {evidence(rule)}.",
    )


def _actions(results: Sequence[RuleResult], issues: Sequence[Issue]) -> Iterator[Action]:
    """The next checks: the first of every issue, then the second of every issue, and so on."""
    checks = zip_longest(*(issue.next_checks for issue in issues))
    for row in checks:
        for rule, check in zip(results, row, strict=True):
            if check:
                yield Action(
                    action_type=ActionType.INVESTIGATE,
                    target_service=rule.cause.name if rule.cause else rule.signal,
                    description=check,
                )


def evidence(rule: RuleResult) -> str:
    """`signal value unit (limit: above N unit), detail`, or why there is no value."""
    if rule.observed is None:
        reason = REASONS[rule.absence] if rule.absence else "no value"
        parts = [f"{rule.signal}: {reason}"]
    else:
        parts = [f"{rule.signal} {with_unit(rule.observed, rule.unit)}"]
        if rule.threshold is not None:
            parts[0] += f" (limit: {rule.fires_when} {with_unit(rule.threshold, rule.unit)})"
    if rule.detail:
        parts.append(rule.detail)
    return ", ".join(parts)


def _summary(decision: Decision, snapshot: Snapshot, issues: tuple[Issue, ...]) -> str:
    name = snapshot.cluster
    if decision.state is State.UNKNOWN:
        what = issues[0].title[0].lower() + issues[0].title[1:] if issues else "nothing was read"
        return f"No verdict on {name}: {what}. {issues[0].description if issues else ''}".strip()
    if decision.state is State.HAPPY:
        pace = "It is idle." if decision.idle else _pace(snapshot)
        return f"{name} is happy: none of {len(decision.gates)} rules fired. {pace}"
    if not issues:
        return (
            f"{name} is still {decision.state}: no rule fires any more, and the next cycle without"
            " one ends it."
        )
    more = f" {len(issues) - 1} more below." if len(issues) > 1 else ""
    limits = BOTTLENECKS[decision.bottleneck]
    return f"{name} is {decision.state}. {issues[0].title}. {issues[0].description}{limits}{more}"


def _missing(decision: Decision) -> str:
    """A sentence on rules that could not be applied; empty where the issues name them."""
    if decision.state is State.UNKNOWN:
        return ""
    missing = [rule for rule in decision.gates if rule.is_missing and not rule.fired]
    if not missing:
        return ""
    rules = dict.fromkeys(f"{rule.name} ({rule.signal})" for rule in missing)
    return f" Without a value, and so not applied: {', '.join(rules)}."


def _pace(snapshot: Snapshot) -> str:
    def rate(name: SignalName) -> str:
        reading = snapshot.metrics.readings.get(name) or Reading.missing(Absence.NO_SERIES)
        return "an unknown number of" if reading.value is None else f"{reading.value:.3g}"

    return (
        f"It makes {rate(SignalName.STATE_TRANSITIONS_RATE)} updates/s for"
        f" {rate(SignalName.START_REQUEST_RATE)} starts/s, and completes"
        f" {rate(SignalName.WORKFLOW_SUCCESS_RATE)} workflows/s."
    )
