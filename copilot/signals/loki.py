"""Counts of the known log patterns in Loki: one bounded query a pattern, and never a log line.

Log lines hold text of users and databases: secrets, and text that pretends to be an instruction.
So Loki counts, and this module returns only a pattern's name, a role and a number; it quotes no
other answer.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import httpx

from copilot.clusters.labels import DEFAULT, LabelMapping
from copilot.signals.instant_query import Answer, InstantQueries
from copilot.signals.log_patterns import PATTERNS, KnownPattern, LogSeverity
from copilot.signals.roles import Role
from copilot.signals.snapshot import LogCount, LogSurvey

# Each moment is counted once, so its lines must have arrived by then. Alloy sends in batches of a
# second, and finds a new container within five.
LAG = timedelta(seconds=10)
# After a long gap older lines are skipped: they would be reported as if they were new.
MAX_WINDOW = timedelta(minutes=5)
# Servers that log only warnings may be quiet for minutes; each writes lines when it starts.
SILENCE = timedelta(minutes=15)
_EVERY_LINE = KnownPattern("every_line", LogSeverity.INFO, ".", "a line of any kind")
_SILENCE_SHARE = 0.1  # of the budget: the verdict does not wait for it
# Above it, a JSON number is no longer exact.
_MOST = 2**53


def window(
    since: datetime | None, now: datetime, cycle_seconds: float
) -> tuple[datetime, datetime]:
    """The window (start, end] to count in a cycle at `now`, in whole milliseconds.

    It begins where the last one ended (`since`); without one, or when the clock was put back, a
    cycle before its end.
    """
    end = _whole_milliseconds(now - LAG)
    if since is None or since >= end:
        since = end - timedelta(seconds=cycle_seconds)
    return _whole_milliseconds(max(since, end - MAX_WINDOW)), end


def logql(
    pattern: KnownPattern, cluster: str, length: timedelta, labels: LabelMapping = DEFAULT
) -> str:
    """Counts the lines of one pattern in the `length` before the query's time, by role's label."""
    roles = labels.values(pattern.roles)
    selector = f"{{{labels.logs_of(cluster)},{labels.role}=~{roles}}}"
    milliseconds = length // timedelta(milliseconds=1)
    counted = f"count_over_time({selector} |~ `{pattern.regex}` [{milliseconds}ms])"
    return f"sum by ({labels.role}) ({counted})"


class LogsClient(InstantQueries):
    """Counts log lines. `endpoint` is Loki's base URL, without `/loki/api/v1`."""

    _variable = "LOKI_URL"
    _access = "COPILOT_LOGS"
    _name = "Loki"
    _api = "Loki"
    # The counts of four services are 500 bytes.
    _max_bytes = 1_000_000
    _quotes_answers = False

    async def survey(
        self,
        cluster: str,
        start: datetime,
        end: datetime,
        labels: LabelMapping = DEFAULT,
        patterns: Sequence[KnownPattern] = PATTERNS,
    ) -> LogSurvey:
        """Count all patterns in (start, end]. Raises nothing for what Loki does."""
        requests = {
            pattern.name: self._request(logql(pattern, cluster, end - start, labels), end)
            for pattern in patterns
        }
        answers = {
            name: self._checked(answer) for name, answer in (await self._send_all(requests)).items()
        }
        failed = {name: answer for name, answer in answers.items() if answer.absence}
        first = next(iter(failed.values()), Answer())
        if len(failed) == len(answers):
            return LogSurvey(start=start, end=end, absence=first.absence, detail=first.detail)
        counts = tuple(count for name in answers for count in _counts(name, answers[name], labels))
        silent = not counts and not failed and await self._is_silent(cluster, end, labels)
        return LogSurvey(
            start=start,
            end=end,
            counts=counts,
            unanswered=tuple(name for name in answers if name in failed),
            detail=first.detail,
            silent_seconds=SILENCE.seconds if silent else None,
        )

    async def _is_silent(self, cluster: str, end: datetime, labels: LabelMapping) -> bool:
        """True when Loki has no line at all: only that tells a dead collector from no pattern."""
        request = self._request(logql(_EVERY_LINE, cluster, SILENCE, labels), end)
        answers = await self._send_all(
            {_EVERY_LINE.name: request}, budget_seconds=_SILENCE_SHARE * self.budget_seconds
        )
        answer = answers[_EVERY_LINE.name]
        return answer.absence is None and not answer.samples

    def _checked(self, answer: Answer) -> Answer:
        if all(
            sample.value.is_integer() and 0 <= sample.value <= _MOST for sample in answer.samples
        ):
            return answer
        return self._unreadable("answered a value that is not a count")

    def _request(self, query: str, end: datetime) -> httpx.Request:
        # Unix nanoseconds in whole numbers: a float has too few digits.
        nanoseconds = (end - datetime.fromtimestamp(0, end.tzinfo)) // timedelta(microseconds=1)
        parameters = {"query": query, "time": f"{nanoseconds}000"}
        return self._http.build_request("GET", "/loki/api/v1/query", params=parameters)


def _counts(pattern: str, answer: Answer, labels: LabelMapping) -> Iterator[LogCount]:
    """Counts above 0 by role; other services do not count."""
    lines = {sample.labels.get(labels.role, ""): int(sample.value) for sample in answer.samples}
    for role in Role:
        if count := sum(lines[value] for value in lines if role in labels.roles(value)):
            yield LogCount(pattern=pattern, service=role, count=count)


def _whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
