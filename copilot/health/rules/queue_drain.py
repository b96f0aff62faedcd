"""Whether the end of a queue's backlog is in sight: then its workers keep up, however old it is."""

from datetime import timedelta

from copilot.health.decision import BacklogCourse
from copilot.health.rules.rule import RuleInputs
from copilot.signals.queue import QueueFacts

_NEAR = 1.25  # times a record: beyond, the backlog grows
_FLAT_SECONDS = 25  # nearly a cycle of 30 s
_BURST = 4  # times the backlog of before
_POLLING_SECONDS = 5  # workers that drain a backlog poll all the time
_EXTRA = 1.5  # times what is usual


def drains(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """By the server's rates, by what earlier cycles saw, or as far as one look can tell.

    The rates are of 30 s: they vary, and they still have a burst that has ended.
    """
    limit, course = inputs.thresholds.slow_drain_seconds, inputs.now.backlogs.get(facts.key.label)
    if course and _seconds_since_low(inputs, course) > limit:
        return False  # by its rates it should be empty
    drain = facts.dispatch_rate - facts.add_rate
    if drain > 0 and facts.backlog <= limit * drain:
        return True
    if _has_just_come(inputs, facts) and facts.backlog <= limit * _pace(inputs, facts):
        return True
    if course is None:
        return False
    return _shrinks(inputs, facts, course) or _is_worked_off(inputs, facts, course)


def _seconds_since_low(inputs: RuleInputs, course: BacklogCourse) -> float:
    return (inputs.snapshot.at - course.lowest_at).total_seconds()


def _has_just_come(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """A burst since the last cycle, and workers take it: the next cycle sees whether it shrinks."""
    at, before = inputs.snapshot.at, inputs.memory.backlogs.get(facts.key.label)
    polled = facts.last_poll and (at - facts.last_poll).total_seconds() <= _POLLING_SECONDS
    is_burst = before is None or facts.backlog > _BURST * before.highest
    return bool(polled) and is_burst and _is_new(inputs, facts)


def _pace(inputs: RuleInputs, facts: QueueFacts) -> float:
    """Tasks a second since the oldest one came: the server's rate also counts the quiet before."""
    window = inputs.thresholds.dispatch_window_seconds
    return facts.dispatch_rate * window / min(window, max(1.0, facts.backlog_age_seconds))


def _is_new(inputs: RuleInputs, facts: QueueFacts) -> bool:
    """No task of it was there in the last cycle."""
    at, last = inputs.snapshot.at, inputs.memory.at
    return last is not None and timedelta(seconds=facts.backlog_age_seconds) <= at - last


def _shrinks(inputs: RuleInputs, facts: QueueFacts, course: BacklogCourse) -> bool:
    """From its highest backlog it went down to its lowest, and at that pace it ends in time."""
    thresholds = inputs.thresholds
    stalls = _seconds_since_low(inputs, course) > thresholds.slow_stall_seconds
    if stalls or facts.backlog > _NEAR * course.lowest:
        return False
    taken = course.highest - facts.backlog
    seconds = (inputs.snapshot.at - course.highest_at).total_seconds()
    return taken > 0 and facts.backlog * seconds <= thresholds.slow_drain_seconds * taken


def _is_worked_off(inputs: RuleInputs, facts: QueueFacts, course: BacklogCourse) -> bool:
    """Workers take clearly more than what usually comes with this demand, and it does not grow.

    A workflow returns to its queue for each of its tasks. So a burst of workflows stays there,
    about as long as it was, until they end.
    """
    usual, lately = inputs.memory.dispatch_rates.get(facts.key.label), inputs.lately
    if not usual or not lately or lately.starts <= inputs.thresholds.idle_demand:
        return False
    if not _is_flat(inputs, facts, course):
        return False
    needed = usual * max(1.0, inputs.lasting_demand / lately.starts)
    if facts.dispatch_rate < _EXTRA * needed:
        return False
    tasks_a_start = max(1.0, sum(inputs.memory.dispatch_rates.values()) / lately.starts)
    seconds = facts.backlog * tasks_a_start / (facts.dispatch_rate - needed)
    return seconds <= inputs.thresholds.slow_drain_seconds


def _is_flat(inputs: RuleInputs, facts: QueueFacts, course: BacklogCourse) -> bool:
    """Its highest was a cycle ago; while all tasks are new, one may be a little higher."""
    if (inputs.snapshot.at - course.highest_at).total_seconds() >= _FLAT_SECONDS:
        return True
    before = inputs.memory.backlogs.get(facts.key.label)
    near = before is not None and facts.backlog <= _NEAR * before.highest
    return near and _is_new(inputs, facts)
