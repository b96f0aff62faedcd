"""What the logs add to a decision: patterns that explain, and why there are none."""

from copilot.health.decision import LogPattern
from copilot.signals.log_patterns import PATTERNS
from copilot.signals.snapshot import LogSurvey

_NAMED = 5


def log_patterns(survey: LogSurvey | None) -> tuple[LogPattern, ...]:
    """What was found, in the order of the catalogue (critical first), then the most frequent first.

    A pattern that this version does not know is left out.
    """
    counts = survey.counts if survey else ()
    most_first = sorted(counts, key=lambda found: (-found.count, found.service))
    return tuple(
        LogPattern(
            name=pattern.name,
            service=found.service,
            severity=pattern.severity,
            count=found.count,
            meaning=pattern.meaning,
        )
        for pattern in PATTERNS
        for found in most_first
        if found.pattern == pattern.name
    )


def logs_missing(survey: LogSurvey | None) -> str:
    """A sentence on the logs that are not among the evidence; empty when all are."""
    if survey is None:
        return "No logs were read, because LOKI_URL is not set."
    if survey.absence:
        return f"No logs were read: {survey.detail or survey.absence}."
    if not survey.unanswered:
        return ""
    named = ", ".join(survey.unanswered[:_NAMED])
    more = len(survey.unanswered) - _NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"Not all log patterns were counted ({named}{rest}): {survey.detail}."
