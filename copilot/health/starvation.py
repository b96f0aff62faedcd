"""Task queues whose work nobody takes, judged by what DescribeTaskQueue says of each."""

from copilot.health.decision import Cause, CauseKind, Gate, GateName, Severity, Stage
from copilot.health.view import View, gate
from copilot.signals.snapshot import Absence, QueueFacts, Reading


def starved_gates(view: View) -> list[Gate]:
    """Queues with work and nobody who takes it, as DescribeTaskQueue says; one gate a queue.

    Queues that are well are one gate together: the oldest backlog among them.
    """
    survey, thresholds = view.snapshot.queues, view.thresholds
    age = thresholds.starved_age_seconds
    if survey.absence:
        return [_starved(Reading.missing(survey.absence, survey.detail), age, "task queues")]
    starved = [facts for facts in survey.queues if is_starved(view, facts)]
    gates = []
    for facts in sorted(starved, key=lambda f: -f.backlog_age_seconds):
        name = f"{facts.key.namespace}/{facts.key.name}"
        detail = (
            f"{facts.key.kind} tasks: backlog {facts.backlog}, {facts.add_rate:.2f}/s added, "
            f"{facts.dispatch_rate:.2f}/s dispatched, {facts.pollers} pollers"
        )
        reading = Reading.of(max(facts.backlog_age_seconds, age + 0.001))
        gates.append(_starved(reading, age, name, detail, facts.key.kind))
    for key in survey.unanswered:
        reading = Reading.missing(Absence.TIMED_OUT, "DescribeTaskQueue did not answer")
        gates.append(_starved(reading, age, f"{key.namespace}/{key.name}", kind=key.kind))
    if not gates:
        oldest = max((facts.backlog_age_seconds for facts in survey.queues), default=0.0)
        detail = f"{len(survey.queues)} queues asked, each served by a poller or empty"
        gates.append(_starved(Reading.of(oldest), age, "task queues", detail, armed=False))
    return gates


def is_starved(view: View, facts: QueueFacts) -> bool:
    """Tasks that wait, or arrive, and no poller that is alive or no dispatch at all."""
    thresholds = view.thresholds
    waits = facts.backlog > 0 and facts.backlog_age_seconds > thresholds.starved_age_seconds
    return waits and (facts.dispatch_rate == 0 or not has_pollers(view, facts))


def has_pollers(view: View, facts: QueueFacts) -> bool:
    """The server lists a poller for minutes after it left: only a recent poll counts."""
    if facts.pollers == 0 or facts.last_poll is None:
        return facts.pollers > 0
    age = (view.snapshot.at - facts.last_poll).total_seconds()
    return age <= view.thresholds.poller_gone_seconds


def _starved(
    reading: Reading,
    limit: float,
    queue: str,
    detail: str = "",
    kind: str = "",
    *,
    armed: bool = True,
) -> Gate:
    return gate(
        GateName.STARVED_QUEUE,
        Stage.STARVED,
        Severity.STRESSED,
        reading,
        limit,
        signal="backlog_age",
        armed=armed,
        unit="s",
        subject=f"{queue} ({kind})" if kind else queue,
        detail=detail,
        cause=Cause(kind=CauseKind.QUEUE, name=queue),
    )
