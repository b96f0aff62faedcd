"""What is known of the workers of one task queue."""

from copilot.health.rules.rule import RuleInputs
from copilot.signals.queue import QueueFacts, QueueKind
from copilot.signals.reading import UtcDatetime
from copilot.signals.signal_names import SignalName as S

_SLOTS_AVAILABLE = {
    QueueKind.WORKFLOW: S.WORKFLOW_SLOTS_AVAILABLE,
    QueueKind.ACTIVITY: S.ACTIVITY_SLOTS_AVAILABLE,
}
_SLOTS_USED = {
    QueueKind.WORKFLOW: S.WORKFLOW_SLOTS_USED,
    QueueKind.ACTIVITY: S.ACTIVITY_SLOTS_USED,
}
_SHOWS_IN_WINDOW = 3  # tasks
_NEAR_LIMIT = 0.5


def is_limited(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """Users limit the queue, it is polled, and its tasks leave at about that rate."""
    if facts.rate_limit is None or not has_pollers(inputs, facts):
        return False
    # Seldom tasks may not show in the server's window at all.
    in_window = facts.rate_limit * inputs.thresholds.dispatch_window_seconds
    return in_window < _SHOWS_IN_WINDOW or facts.dispatch_rate >= _NEAR_LIMIT * facts.rate_limit


def is_busy(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """The workers' own metrics show that all slots of this kind are taken."""
    free = inputs.reading(_SLOTS_AVAILABLE[facts.key.kind]).value
    return facts.pollers > 0 and free == 0 and slots_used(inputs, facts) > 0


def slots_used(inputs: RuleInputs, facts: QueueFacts) -> float:
    """Slots of this kind in use, of all workers that are scraped."""
    return inputs.reading(_SLOTS_USED[facts.key.kind]).value or 0.0


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
    return is_recent(inputs, facts.last_poll)


def is_recent(inputs: RuleInputs, last_poll: UtcDatetime) -> bool:
    """Whether the worker that polled then is still there, as far as polls say."""
    age = (inputs.snapshot.at - last_poll).total_seconds()
    return age <= inputs.thresholds.poller_gone_seconds
