"""Workers that took tasks all the time and have stopped to poll: known before rates fall to 0."""

from copilot.health.thresholds import Thresholds
from copilot.signals.queue import QueueFacts, QueueKind
from copilot.signals.reading import UtcDatetime

# The server renews the age of a queue's oldest task every 5 s (matching.taskQueueInfoByBuildIdTTL),
# and describes the queue a moment after the cycle began.
_AGE_LAG_SECONDS = 5
_LATER_SECONDS = 3
_MANY = 10  # tasks in the server's window: workers that take so many poll every few seconds


def are_silent(facts: QueueFacts, at: UtcDatetime, thresholds: Thresholds) -> bool:
    """No poll for workflow tasks since the oldest one came, which is late.

    Not of activities: a worker whose slots are all taken by long ones does not poll either.
    """
    if facts.key.kind is not QueueKind.WORKFLOW or facts.backlog == 0 or facts.last_poll is None:
        return False
    if facts.dispatch_rate * thresholds.dispatch_window_seconds < _MANY:
        return False
    silent, age = (at - facts.last_poll).total_seconds(), facts.backlog_age_seconds
    late = thresholds.starved_age_seconds
    return silent > late and late - _AGE_LAG_SECONDS < age <= silent + _LATER_SECONDS
