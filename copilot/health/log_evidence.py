"""The logs' part of a decision: patterns that explain, or why there are none."""

from copilot.health.decision import LogPattern
from copilot.signals.log_patterns import PATTERNS
from copilot.signals.snapshot import LogSurvey

_NAMED = 5


def log_patterns(survey: LogSurvey | None) -> tuple[LogPattern, ...]:
    """The counted patterns in the order of the catalogue (critical first), then by count.

    Patterns of another version are left out.
    """
    counts = survey.counts if survey else ()
    most_first = sorted(counts, key=lambda one: (-one.count, one.service))
    return tuple(
        LogPattern(
            name=pattern.name,
            service=one.service,
            severity=pattern.severity,
            count=one.count,
            meaning=pattern.meaning,
        )
        for pattern in PATTERNS
        for one in most_first
        if one.pattern == pattern.name
    )


def logs_missing(survey: LogSurvey | None) -> str:
    """A sentence on logs that could not be read; empty when all were."""
    if survey is None:
        return "No logs were read, because LOKI_URL is not set."
    if survey.absence:
        return f"No logs were read: {survey.detail or survey.absence}."
    if survey.silent_seconds is not None:
        return (
            f"No line of this cluster arrived in {survey.silent_seconds // 60} minutes: its servers"
            " were quiet, or the collector of logs stopped."
        )
    if not survey.unanswered:
        return ""
    named = ", ".join(survey.unanswered[:_NAMED])
    more = len(survey.unanswered) - _NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"Not all log patterns were counted ({named}{rest}): {survey.detail}."
