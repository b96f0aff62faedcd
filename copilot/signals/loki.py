"""Counting the known log patterns in Loki: one bounded query a pattern, and never a log line.

Log lines hold what users and databases wrote: secrets, and text that pretends to be an
instruction. So Loki counts, and what leaves here is a name of the catalogue, a role and a number;
of an answer that is something else, nothing is repeated.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import httpx

from copilot.signals.instant_query import Answer, InstantQueries
from copilot.signals.log_patterns import PATTERNS, KnownPattern
from copilot.signals.signal import Role
from copilot.signals.snapshot import LogCount, LogSurvey

# What is counted once is not looked at again, so that a line must have arrived when its time is
# counted. Alloy sends in batches of a second, and finds a new container within five.
LAG = timedelta(seconds=10)
# After a long gap the past is not caught up with: it would be told as if it were now.
LONGEST = timedelta(minutes=5)
_CONCURRENCY = 4
# Above it, a JSON number is no longer exact.
_MOST = 2**53


def window(
    since: datetime | None, now: datetime, cycle_seconds: float
) -> tuple[datetime, datetime]:
    """The time (start, end] to count in a cycle at `now`, in whole milliseconds.

    It begins where the last counted one ended (`since`); without one, or when the clock was put
    back, a cycle before its end.
    """
    end = _whole_milliseconds(now - LAG)
    if since is None or since >= end:
        since = end - timedelta(seconds=cycle_seconds)
    return _whole_milliseconds(max(since, end - LONGEST)), end


def logql(pattern: KnownPattern, cluster: str, length: timedelta) -> str:
    """Counts the lines of one pattern in the `length` before the query's time, by service."""
    roles = "|".join(pattern.roles)
    selector = f'{{cluster="{cluster}",job=~"temporal-({roles})"}}'
    milliseconds = length // timedelta(milliseconds=1)
    return f"sum by (service) (count_over_time({selector} |~ `{pattern.regex}` [{milliseconds}ms]))"


class LogsClient(InstantQueries):
    """Asks Loki. `endpoint` is its base URL, without `/loki/api/v1`."""

    _variable = "LOKI_URL"
    _name = "Loki"
    _speaks = "Loki"
    # Four services with their counts are 500 bytes.
    _max_bytes = 1_000_000
    _quotes_answers = False

    def __init__(self, endpoint: str, *, timeout_seconds: float, budget_seconds: float) -> None:
        super().__init__(
            endpoint,
            concurrency=_CONCURRENCY,
            timeout_seconds=timeout_seconds,
            budget_seconds=budget_seconds,
        )

    async def survey(
        self,
        cluster: str,
        start: datetime,
        end: datetime,
        patterns: Sequence[KnownPattern] = PATTERNS,
    ) -> LogSurvey:
        """Count all patterns in (start, end]. Raises nothing for what Loki does."""
        requests = {
            pattern.name: self._request(logql(pattern, cluster, end - start), end)
            for pattern in patterns
        }
        answers = {
            name: self._checked(answer) for name, answer in (await self._ask_all(requests)).items()
        }
        failed = {name: answer for name, answer in answers.items() if answer.absence}
        first = next(iter(failed.values()), Answer())
        if len(failed) == len(requests):
            return LogSurvey(start=start, end=end, absence=first.absence, detail=first.detail)
        return LogSurvey(
            start=start,
            end=end,
            counts=tuple(count for name in requests for count in _counts(name, answers[name])),
            unanswered=tuple(name for name in requests if name in failed),
            detail=first.detail,
        )

    def _checked(self, answer: Answer) -> Answer:
        if all(
            sample.value.is_integer() and 0 <= sample.value <= _MOST for sample in answer.samples
        ):
            return answer
        return self._unreadable("answered a count that is none")

    def _request(self, query: str, end: datetime) -> httpx.Request:
        # Unix nanoseconds, by whole numbers: a float has not so many digits.
        nanoseconds = (end - datetime.fromtimestamp(0, end.tzinfo)) // timedelta(microseconds=1)
        parameters = {"query": query, "time": f"{nanoseconds}000"}
        return self._http.build_request("GET", "/loki/api/v1/query", params=parameters)


def _counts(pattern: str, answer: Answer) -> Iterator[LogCount]:
    """What was found, by role; a service that is none of Temporal's does not count."""
    found = {sample.labels.get("service", ""): int(sample.value) for sample in answer.samples}
    for role in Role:
        if count := found.get(role.job, 0):
            yield LogCount(pattern=pattern, service=role, count=count)


def _whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
