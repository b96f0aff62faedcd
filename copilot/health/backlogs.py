"""What the cycles before saw of task queues, for what one look cannot tell."""

from copilot.health.decision import BacklogCourse, Memory
from copilot.health.thresholds import Thresholds
from copilot.signals.reading import UtcDatetime
from copilot.signals.snapshot import Snapshot

_MAX_QUEUES = 100
_MAX_RATES = 300
_NOISE = 0.1  # share of a count, which is approximate
_NEW_SHARE = 0.2  # of one cycle in what is usual: five minutes have most of the weight


def backlog_courses(
    previous: Memory, snapshot: Snapshot, thresholds: Thresholds
) -> dict[str, BacklogCourse]:
    """The courses with this cycle, of the queues with the oldest tasks.

    A queue that was not described keeps its course. All begin again after a time without cycles.
    """
    survey, before = snapshot.queues, previous.backlogs
    missed = (snapshot.at - previous.at).total_seconds() if previous.at else 0.0
    if missed > thresholds.slow_stall_seconds:
        before = {}
    if survey.absence:
        return before
    unanswered = {key.label for key in survey.unanswered}
    courses = {label: course for label, course in before.items() if label in unanswered}
    waiting = [one for one in (*survey.queues, *snapshot.system_queues) if one.backlog]
    waiting.sort(key=lambda one: -one.backlog_age_seconds)
    for one in waiting[:_MAX_QUEUES]:
        course = before.get(one.key.label)
        courses[one.key.label] = _with_backlog(course, one.backlog, snapshot.at)
    return courses


def _with_backlog(course: BacklogCourse | None, backlog: int, at: UtcDatetime) -> BacklogCourse:
    if course is None or backlog > (1 + _NOISE) * course.highest:
        return BacklogCourse(highest=backlog, highest_at=at, lowest=backlog, lowest_at=at)
    if backlog < (1 - _NOISE) * course.lowest:
        return course.model_copy(update={"lowest": backlog, "lowest_at": at})
    return course


def dispatch_rates(
    previous: Memory, snapshot: Snapshot, thresholds: Thresholds
) -> dict[str, float]:
    """What workers of each queue take where nothing waits for long: a moving average.

    Of a large cluster queues are described in turn: each keeps its rate until then.
    """
    before, survey = previous.dispatch_rates, snapshot.queues
    if survey.absence:
        return before
    missed = {key.label for key in survey.unanswered}
    rates = {label: rate for label, rate in before.items() if survey.truncated or label in missed}
    for facts in survey.queues:
        label = facts.key.label
        usual = before.get(label, facts.dispatch_rate)
        if facts.backlog_age_seconds <= thresholds.starved_age_seconds:
            usual += _NEW_SHARE * (facts.dispatch_rate - usual)
        elif label not in before:
            continue
        rates.pop(label, None)
        rates[label] = round(usual, 3)
    return dict(list(rates.items())[-_MAX_RATES:])
