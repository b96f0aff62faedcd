"""Explanations without a model: every sentence follows from the decision's gates."""

from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest

from copilot.explain.explanation import Action, ActionType, Explanation, Issue
from copilot.explain.guides import GUIDES
from copilot.health.decision import Bottleneck, Decision, Gate, State
from copilot.signals.names import SignalName
from copilot.signals.snapshot import Absence, Reading, Snapshot

MAX_ACTIONS = 5

REASONS = {
    Absence.NO_OBSERVATIONS: "nothing was observed",
    Absence.NO_SERIES: "no such series",
    Absence.NOT_EXPORTED: "nobody here exports it",
    Absence.STALE: "the newest sample is too old",
    Absence.NOT_A_NUMBER: "the answer is not a number",
    Absence.REFUSED: "the connection was refused",
    Absence.TIMED_OUT: "no answer in time",
    Absence.SERVER_ERROR: "the source answered with an error",
    Absence.BAD_ANSWER: "the answer could not be read",
}

BOTTLENECKS = {
    Bottleneck.NONE: "",
    Bottleneck.SERVER: " The server limits it, not its users' workers.",
    Bottleneck.WORKER: " Its users' workers limit it, not the server.",
    Bottleneck.MIXED: " Both the server and its users' workers limit it.",
}


def explain(decision: Decision, snapshot: Snapshot) -> Explanation:
    """Say what is affected, the evidence with numbers, likely causes and next checks."""
    gates = decision.fired or tuple(
        gate for gate in decision.gates if gate.unread and decision.state is State.UNKNOWN
    )
    shown = strongest(gates)
    issues = tuple(_issue(gate) for gate in shown)
    return Explanation(
        summary=_summary(decision, snapshot, issues),
        issues=issues,
        actions=tuple(islice(_actions(shown, issues), MAX_ACTIONS)),
    )


def strongest(gates: Sequence[Gate]) -> list[Gate]:
    """One gate a name and cause: where two limits of one signal fired, the higher one."""
    chosen: dict[tuple[str, str], Gate] = {}
    for gate in gates:
        chosen.setdefault((gate.name, gate.subject), gate)
    return list(chosen.values())


def _issue(gate: Gate) -> Issue:
    subject = gate.subject
    guide = GUIDES[gate.name]
    unread = gate.unread and not gate.fired
    title = f"Cannot read {gate.signal}" if unread else guide.title.format(subject=subject)
    affects = (
        "This rule could not be applied, so its problem may be there unseen."
        if unread
        else guide.affects.format(subject=subject)
    )
    return Issue(
        gate=gate.name,
        subject=subject,
        severity=gate.severity,
        title=title,
        description=f"{affects} Evidence: {evidence(gate)}.",
        likely_causes=tuple(cause.format(subject=subject) for cause in guide.likely_causes),
        next_checks=tuple(check.format(subject=subject) for check in guide.next_checks),
    )


def _actions(gates: Sequence[Gate], issues: Sequence[Issue]) -> Iterator[Action]:
    """The next checks: the first of every issue, then the second of every issue, and so on."""
    checks = zip_longest(*(issue.next_checks for issue in issues))
    for row in checks:
        for gate, check in zip(gates, row, strict=True):
            if check:
                yield Action(
                    action_type=ActionType.INVESTIGATE,
                    target_service=gate.cause.name if gate.cause else gate.signal,
                    description=check,
                )


def evidence(gate: Gate) -> str:
    """`signal value unit (limit: above N unit), detail`, or why there is no value."""
    if gate.observed is None:
        reason = REASONS[gate.absence] if gate.absence else "no value"
        parts = [f"{gate.signal}: {reason}"]
    else:
        parts = [f"{gate.signal} {with_unit(gate.observed, gate.unit)}"]
        if gate.threshold is not None:
            parts[0] += f" (limit: {gate.fires_when} {with_unit(gate.threshold, gate.unit)})"
    if gate.detail:
        parts.append(gate.detail)
    return ", ".join(parts)


def with_unit(value: float, unit: str) -> str:
    if unit == "ratio":
        return f"{value:.1%}"
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004
    return f"{number} {unit}".strip()


def _summary(decision: Decision, snapshot: Snapshot, issues: tuple[Issue, ...]) -> str:
    name = snapshot.cluster
    if decision.state is State.UNKNOWN:
        what = issues[0].title[0].lower() + issues[0].title[1:] if issues else "nothing was read"
        return f"No verdict on {name}: {what}. {issues[0].description if issues else ''}".strip()
    if decision.state is State.HAPPY:
        pace = "It is idle." if decision.idle else _pace(snapshot)
        return f"{name} is happy: none of {len(decision.gates)} gates fired. {pace}"
    if not issues:
        return (
            f"{name} is still {decision.state}: nothing fires any more, and the next clear cycle"
            " ends it."
        )
    more = f" {len(issues) - 1} more below." if len(issues) > 1 else ""
    limits = BOTTLENECKS[decision.bottleneck]
    return f"{name} is {decision.state}. {issues[0].title}. {issues[0].description}{limits}{more}"


def _pace(snapshot: Snapshot) -> str:
    def rate(name: SignalName) -> str:
        reading = snapshot.metrics.readings.get(name) or Reading.missing(Absence.NO_SERIES)
        return "an unknown number of" if reading.value is None else f"{reading.value:.3g}"

    return (
        f"It makes {rate(SignalName.STATE_TRANSITIONS_RATE)} updates/s for"
        f" {rate(SignalName.START_REQUEST_RATE)} starts/s, and completes"
        f" {rate(SignalName.WORKFLOW_SUCCESS_RATE)} workflows/s."
    )
